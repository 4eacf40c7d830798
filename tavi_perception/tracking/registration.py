"""How a landmark moves from frame to frame, finer than the network sees it in each frame by itself."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tavi_perception.estimates import FloatArray, GreyImage, Keypoints
from tavi_perception.landmarks import Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.matching import GRAIN, Match, Opinion, Patch, best_match, cell_of, structure

REGISTERED = {Landmark.CD: 0.018, Landmark.PT: 0.022, Landmark.FE1: 0.018, Landmark.FE2: 0.018}
"""The landmarks whose surroundings move as they do: half the side of what is matched, as a share of the
image."""

_COMPANION = {
    Landmark.CD: Landmark.PT,
    Landmark.PT: Landmark.CD,
    Landmark.FE1: Landmark.CD,
    Landmark.FE2: Landmark.CD,
}
"""Whose motion carries each of them: all ride on the same heart, so that where the one goes the other goes,
nearly."""

_ORDER = (Landmark.CD, Landmark.PT, Landmark.CD, Landmark.FE1, Landmark.FE2)
"""In which they are looked for: the second time it is known where the pigtail has gone, and a marker band
that has not gone with it was another thing. Without that one of 100 synthetic procedures, seeds from 950000,
was valid in 68 instead of 86 % of its frames."""

_DEFORMING = (Landmark.FE1, Landmark.FE2)
"""What opens as it is released: where it does not look as before, the network is not doubted."""

_SEARCH, _REACH = 0.006, 0.008
"""How far is searched about the network's place, and about where its companion has carried it, as shares
of the image."""

_LOOSE, _LOOSE_SPEED = 0.0028, 0.018
"""Standard deviation of where its companion has carried it, as a share of the image, and by how much it grows
in a second: heart and robot move the one against the other. At the first frame 0.004; 0.002 gave more wrong
depths, in 100 synthetic procedures, seeds from 950000."""

_CARRIED_S = 0.6
"""How long its companion can carry it on since the network last agreed (s); 1.2 did the same."""

_TRUSTED, _TRUSTED_S = 0.5, 3.0
"""Share of the frames, over about so many seconds, in which the network must have agreed. With
0.7 there were more wrong depths."""

_AGREED = 0.9
"""Probability that the network means what was found, from which on its companion carries it from there. With
0.5 a template slid on to a strut beside the pigtail, step by step."""

_RENEWED_S = 10.0
"""Time constant of the template: the pigtail turns, the capsule opens."""

_AVERAGED_S = 2.0
"""Time constant of the mean of what the network says: longer than a heart beat, with which it errs."""

_KNOWN = 5
"""Frames in which it was seen, from which on what does not match is doubted."""

_DOUBTED_S = 0.3
"""How long what does not match is doubted before it is the landmark."""

_KEPT, _KEPT_DEFORMING = 0.15, 0.5
"""Share of the network's variance that all of its frames have in common, and that of what deforms. Coverage
of the stated depth sigmas over 36, and over 100, synthetic procedures, seeds from 950000."""

_UNSEEN = 4.0
"""By how much the variance grows, relative to that, where the network does not agree. With 0 one depth was
wrong by more than 3 mm in 100 synthetic procedures, seeds from 950000; with 1 and 4 none."""


class LandmarkRegistration:
    """Steadies ``REGISTERED`` landmarks by the image itself.

    The surroundings of a landmark, averaged over the last frames, are its template. Where the template
    matches best in the next frame tells how the landmark has moved, to a small part of a pixel, and the mean
    of what the network said in those frames tells where in the template it is. So the network's scatter
    from frame to frame, and what it errs with the heart beat, is averaged, and nothing lags.

    What matches best is weighed against where the network sees it and where its companion has carried it
    since the network agreed last: either may be astray, and where the network takes another thing for the
    pigtail, or for the marker band, in a few frames, it is found where it is. A network that has not agreed
    most of the time is not overruled.

    Where nothing matches, the network may see another thing: until it matches again, or for a moment, it is
    doubted by as much as is searched; then it is the landmark.

    All frames are of one view, in order.
    """

    def __init__(self) -> None:
        self._stamp = math.nan
        self._templates: dict[Landmark, _Template] = {}

    def update(
        self, image: GreyImage, keypoints: Keypoints, stamp: float, config: TrackingConfig
    ) -> Keypoints:
        """``keypoints`` of the ``image`` taken at ``stamp`` (s), registered, and what uncertainty is left."""
        before, self._stamp = self._stamp, stamp
        self._templates = {
            landmark: template
            for landmark, template in self._templates.items()
            if stamp - template.stamp <= config.max_gap
        }
        places = {
            landmark: template.place
            for landmark, template in self._templates.items()
            if template.stamp == before
        }
        matches = self._matches(image, keypoints, places)
        for landmark, template in self._templates.items():
            template.carry(_move_of(_COMPANION[landmark], matches, places))
        xy, covariance = keypoints.xy.copy(), keypoints.covariance.copy()
        for landmark in REGISTERED:
            if keypoints.present[landmark]:
                match = matches.get(landmark)
                xy[landmark], covariance[landmark] = self._take(landmark, image, keypoints, match)
        return replace(keypoints, xy=xy, covariance=covariance)

    def _matches(
        self, image: GreyImage, keypoints: Keypoints, places: dict[Landmark, FloatArray]
    ) -> dict[Landmark, Match | None]:
        """What is looked for, and found again, in this frame.

        ``places``: (2,) px of what was found in the frame before.
        """
        cell, size = cell_of(image), max(image.shape)
        matches: dict[Landmark, Match | None] = {}
        for landmark in _ORDER:
            template, match = self._templates.get(landmark), matches.get(landmark)
            if not (template and keypoints.present[landmark]):
                continue
            move = _move_of(_COMPANION[landmark], matches, places)
            carried = template.carried_by(move, self._stamp, size)
            if landmark in matches and (carried is None or (match and carried.agrees(match.place) > 0.5)):
                continue
            network = template.network(keypoints.xy[landmark], keypoints.covariance[landmark], size)
            opinions = (network, carried) if carried else (network,)
            matches[landmark] = best_match(image, template.patch, opinions, cell) or match
        return matches

    def _take(
        self, landmark: Landmark, image: GreyImage, keypoints: Keypoints, match: Match | None
    ) -> tuple[FloatArray, FloatArray]:
        """Place (2,) px and covariance (2, 2) of what the network has seen and was found again, if it was."""
        seen, covariance = keypoints.xy[landmark], keypoints.covariance[landmark]
        template, size = self._templates.get(landmark), max(image.shape)
        if template and match:
            return template.update(match, seen, covariance, self._stamp)
        if template and template.frames >= _KNOWN and self._stamp - template.stamp < _DOUBTED_S:
            doubt = 0.0 if landmark in _DEFORMING else (_SEARCH * size) ** 2
            return seen, covariance + doubt * np.eye(2)
        cell = cell_of(image)
        half = max(2, round(REGISTERED[landmark] * size / cell))
        patch = structure(image, seen, half, cell)
        kept = _KEPT_DEFORMING if landmark in _DEFORMING else _KEPT
        self._templates[landmark] = _Template(patch, seen, covariance, self._stamp, kept)
        return seen, covariance


def _move_of(
    landmark: Landmark, matches: dict[Landmark, Match | None], places: dict[Landmark, FloatArray]
) -> FloatArray | None:
    """(2,) px from where it was in the frame before; None where it is not found in both frames."""
    match, place = matches.get(landmark), places.get(landmark)
    return None if match is None or place is None else match.place - place


class _Template:
    """Surroundings of a landmark over some frames, the last at ``stamp`` (s), and where they were then.

    ``kept``: share of the network's variance that is not averaged away.

    Attributes:
        patch: mean of the surroundings.
        stamp: when it was matched last (s).
        place: (2,) px of its middle then.
        frames: how many it has seen.
    """

    def __init__(
        self, patch: Patch, place: FloatArray, covariance: FloatArray, stamp: float, kept: float
    ) -> None:
        self.patch, self.place = patch, place
        self.stamp = stamp
        self.frames = 1
        self._kept = kept
        self._carried: FloatArray | None = place
        """(2,) px where its companion has carried it since the network agreed; None: not known."""
        self._offset: FloatArray = np.zeros(2)
        """Of the landmark from the middle (px)."""
        self._covariance = covariance
        """The network's, when it agreed last."""
        self._agreed_stamp = stamp
        self._agreeing, self._agreed_frames = 0.0, 1.0

    def network(self, seen: FloatArray, covariance: FloatArray, size: int) -> Opinion:
        """The network's opinion, which has ``seen`` (2,) px the landmark with a ``covariance``."""
        # A network that states to be exact, or nothing, is as good as a structure is fine.
        sigma = max(GRAIN * size, math.sqrt(float(covariance.trace()) / 2.0))
        return Opinion(seen - self._offset, sigma, _SEARCH * size)

    def carried_by(self, move: FloatArray | None, stamp: float, size: int) -> Opinion | None:
        """The opinion of a companion that has moved by ``move`` (2,) px to the frame at ``stamp`` (s)."""
        alone = stamp - self._agreed_stamp
        trusted = self.frames >= _KNOWN and self._agreeing > _TRUSTED
        if self._carried is None or move is None or alone > _CARRIED_S or not trusted:
            return None
        return Opinion(self._carried + move, (_LOOSE + _LOOSE_SPEED * alone) * size, _REACH * size)

    def carry(self, move: FloatArray | None) -> None:
        """Go on with a companion that has moved by ``move`` (2,) px, or was lost."""
        self._carried = None if self._carried is None or move is None else self._carried + move

    def update(
        self, match: Match, seen: FloatArray, covariance: FloatArray, stamp: float
    ) -> tuple[FloatArray, FloatArray]:
        """Take in a frame taken at ``stamp`` (s), in which the network has ``seen`` (2,) px the landmark.

        Returns its place (2,) px and covariance (2, 2).
        """
        step = stamp - self.stamp
        self.stamp, self.place = stamp, match.place
        self.frames += 1
        self._agreed_frames += match.agreed
        averaged, renewed, trusted = (
            -math.expm1(-step / lasts) for lasts in (_AVERAGED_S, _RENEWED_S, _TRUSTED_S)
        )
        averaged, renewed = max(1.0 / self._agreed_frames, averaged), max(1.0 / self.frames, renewed)
        self._agreeing += trusted * (match.agreed - self._agreeing)
        self._offset = self._offset + match.agreed * averaged * (seen - match.place - self._offset)
        self.patch = self.patch + np.float32(renewed) * (match.patch - self.patch)
        if match.agreed > _AGREED:
            self._carried = match.place
            self._covariance, self._agreed_stamp = covariance, stamp
        variance = (self._kept + (1.0 - self._kept) * averaged) * (1.0 + _UNSEEN * (1.0 - match.agreed))
        return match.place + self._offset, variance * self._covariance
