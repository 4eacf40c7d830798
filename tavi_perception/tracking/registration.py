"""Registration of landmarks from frame to frame by the image itself, finer than the network locates them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tavi_perception.estimates import FloatArray, GreyImage, Keypoints
from tavi_perception.landmarks import Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.matching import (
    FINE_SCALE,
    Match,
    Patch,
    Prior,
    Surroundings,
    best_match,
    cell_of,
)
from tavi_perception.tracking.silhouette import silhouette_of

REGISTERED = {Landmark.CD: 0.018, Landmark.PT: 0.042, Landmark.FE1: 0.018, Landmark.FE2: 0.018}
"""The landmarks whose surroundings move as they do: half the side of their template, as a share of the
image. That of PT holds the pigtail's whole loop, some of which is seen beside a device that covers PT. With
0.034 more frames were valid that were wrong, in eight closed-loop procedures, tuning seeds."""

_COMPANION = {
    Landmark.CD: Landmark.PT,
    Landmark.PT: Landmark.CD,
    Landmark.FE1: Landmark.CD,
    Landmark.FE2: Landmark.CD,
}
"""The landmark whose motion predicts that of each: all share the cardiac motion."""

_ORDER = (Landmark.CD, Landmark.PT, Landmark.CD, Landmark.FE1, Landmark.FE2)
"""In which they are matched. CD comes again once the pigtail's motion is known: a marker band that has not
moved with it was a misassociation. Without that one of 100 synthetic procedures, tuning seeds, was valid in
68 instead of 86 % of its frames."""

_DEFORMING = (Landmark.FE1, Landmark.FE2)
"""The stent's inflow edge opens as it is released: where its template does not match, the network may still
be right."""

_SEARCH, _COMPANION_SEARCH = 0.006, 0.008
"""Search radius about the place that the network gives, and about the one that the companion predicts, as
shares of the image."""

_COMPANION_SIGMA, _COMPANION_SIGMA_SPEED = 0.0028, 0.018
"""Standard deviation of the companion's prediction, as a share of the image, and its growth in a second:
heart and robot move one landmark against the other. With 0.002 there were more wrong depths, in 100
synthetic procedures, tuning seeds."""

_PREDICTED_S = 0.6
"""How long the companion alone predicts since the network last agreed, or the template held (s); 1.2 gave the
same figures."""

_TRUSTED, _TRUSTED_S = 0.5, 3.0
"""Share of the frames, over about so many seconds, in which the network must have agreed with the matches.
With 0.7 there were more wrong depths."""

_AGREED = 0.9
"""Probability that network and match mean the same place, from which on the companion predicts from there.
With 0.5 a template drifted, step by step, on to a strut beside the pigtail."""

_RENEWED_S = 10.0
"""Time constant of the template: the pigtail turns, the capsule opens."""

_AVERAGED_S = 2.0
"""Time constant of the network's mean offset from the match: longer than a heart beat, since the network's
error varies with the cardiac phase."""

_ESTABLISHED = 5
"""Frames after which a template that does not match makes the network's answer doubtful."""

_DOUBTED_S = 0.3
"""How long the network is doubted where nothing matches; then its place is the landmark."""

_CORRELATED, _CORRELATED_DEFORMING = 0.15, 0.5
"""Share of the network's variance that is common to all frames, and that of what deforms: calibrated coverage
of the stated depth sigmas over 36, and over 100, synthetic procedures, tuning seeds."""

_UNCONFIRMED = 4.0
"""By how much the variance grows, relative to that, where the network does not agree. With 0 one depth was
wrong by more than 3 mm in 100 synthetic procedures, tuning seeds; with 1 and 4 none."""

_HOLDS = 0.4
"""Correlation from which on a template holds its landmark though the network sees it elsewhere, as long as
that is trusted; 0.3 and 0.5 gave the same figures."""

_BEHIND = 0.005
"""Standard deviation that is added to the network's place of a pigtail behind the device, as a share of the
image: it errs by more than it states there. With 0.008 four times as many depths were wrong by over 2.5 mm,
in ten closed-loop procedures, tuning seeds."""


class LandmarkRegistration:
    """Registers the surroundings of ``REGISTERED`` landmarks from frame to frame, in one view.

    The surroundings of a landmark, averaged over the last frames, are its template. Where the template
    matches best in the next frame gives its motion to a fraction of a pixel; the mean
    offset of the network from the match tells where in the template the landmark is. So the network's
    noise, and its error that varies with the cardiac phase, are averaged without any lag.

    The correlation is combined, as one likelihood, with where the network sees the landmark and with where
    its companion predicts it since the network agreed last. Either may be an outlier: where the network
    confuses the pigtail, or the marker band, with another object in a few frames, the landmark is still
    found, as long as its template matches well. A network that has not agreed most of the time is not
    overridden.

    Where nothing matches, the network may be wrong: until the template matches again, or for
    ``_DOUBTED_S``, its standard deviation grows by the search radius; then its place is the landmark.

    Of a pigtail behind the delivery system it is what is seen beside the device that counts: a template of
    all that surrounds it alike would go along with the device; and what the network says of it counts less.
    In ten closed-loop procedures, the worst of some forty tuning seeds, 67 % of the deviations without
    contrast were valid, 0.3 % of all wrong by more than 2.5 mm, and 95 % wrong by 1.3 mm at most; 60 %, 0.2 %
    and 1.2 mm where no template was held, and the network counted as it says.
    """

    def __init__(self) -> None:
        self._stamp = math.nan
        self._templates: dict[Landmark, _Template] = {}

    def update(
        self, image: GreyImage, keypoints: Keypoints, stamp: float, config: TrackingConfig
    ) -> Keypoints:
        """``keypoints`` of the ``image`` taken at ``stamp`` (s), registered, and what uncertainty is left."""
        before, self._stamp = self._stamp, stamp
        registered = {landmark for landmark in REGISTERED if keypoints.present[landmark]}
        surroundings = dict.fromkeys(REGISTERED, Surroundings(image))
        surroundings[Landmark.PT] = Surroundings(image, silhouette_of(keypoints))
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
        matches = self._matches(surroundings, keypoints, places, registered)
        for landmark, template in self._templates.items():
            template.follow(_move_of(_COMPANION[landmark], matches, places))
        xy, covariance = keypoints.xy.copy(), keypoints.covariance.copy()
        for landmark in registered:
            match = matches.get(landmark)
            xy[landmark], covariance[landmark] = self._take(
                landmark, surroundings[landmark], keypoints, match
            )
        return replace(keypoints, xy=xy, covariance=covariance)

    def _matches(
        self,
        surroundings: dict[Landmark, Surroundings],
        keypoints: Keypoints,
        places: dict[Landmark, FloatArray],
        registered: set[Landmark],
    ) -> dict[Landmark, Match | None]:
        """The match in this frame of the template of each landmark to be ``registered``; None: there is none.

        ``places``: (2,) px of the matches in the frame before.
        """
        size = max(keypoints.width, keypoints.height)
        matches: dict[Landmark, Match | None] = {}
        for landmark in _ORDER:
            template, match = self._templates.get(landmark), matches.get(landmark)
            if not template or landmark not in registered:
                continue
            move = _move_of(_COMPANION[landmark], matches, places)
            predicted = template.predicted_by(move, self._stamp, size)
            if landmark in matches and (
                predicted is None or (match and predicted.inlier_probability(match.place) > 0.5)
            ):
                continue
            seen, around = keypoints.xy[landmark], surroundings[landmark]
            covariance = keypoints.covariance[landmark]
            if around.cover.hides(seen):
                covariance = covariance + (_BEHIND * size) ** 2 * np.eye(2)
            network = template.network(seen, covariance, size)
            priors = (network, predicted) if predicted else (network,)
            cell = cell_of(around.image, REGISTERED[landmark])
            matches[landmark] = best_match(around, template.patch, priors, cell) or match
        return matches

    def _take(
        self,
        landmark: Landmark,
        around: Surroundings,
        keypoints: Keypoints,
        match: Match | None,
    ) -> tuple[FloatArray, FloatArray]:
        """Place (2,) px and covariance (2, 2) of a landmark, from the network and its match, if any."""
        seen, covariance = keypoints.xy[landmark], keypoints.covariance[landmark]
        template, size = self._templates.get(landmark), max(around.image.shape)
        if template and match:
            return template.update(match, seen, covariance, self._stamp)
        if template and template.frames >= _ESTABLISHED and self._stamp - template.stamp < _DOUBTED_S:
            doubt = 0.0 if landmark in _DEFORMING else (_SEARCH * size) ** 2
            return seen, covariance + doubt * np.eye(2)
        cell = cell_of(around.image, REGISTERED[landmark])
        half = max(2, round(REGISTERED[landmark] * size / cell))
        patch = around.patch(seen, half, cell)
        correlated = _CORRELATED_DEFORMING if landmark in _DEFORMING else _CORRELATED
        self._templates[landmark] = _Template(patch, seen, covariance, self._stamp, correlated)
        return seen, covariance


def _move_of(
    landmark: Landmark, matches: dict[Landmark, Match | None], places: dict[Landmark, FloatArray]
) -> FloatArray | None:
    """Motion (2,) px of a match since the frame before; None where it is missing in one of them."""
    match, place = matches.get(landmark), places.get(landmark)
    return None if match is None or place is None else match.place - place


class _Template:
    """Surroundings of a landmark over some frames, the last at ``stamp`` (s), and where they were then.

    ``correlated``: share of the network's variance that is not averaged away.

    Attributes:
        patch: mean of the surroundings.
        stamp: when it was matched last (s).
        place: (2,) px of its middle then.
        frames: how many it has seen.
    """

    def __init__(
        self, patch: Patch, place: FloatArray, covariance: FloatArray, stamp: float, correlated: float
    ) -> None:
        self.patch, self.place = patch, place
        self.stamp = stamp
        self.frames = 1
        self._correlated = correlated
        self._predicted: FloatArray | None = place
        """(2,) px that the companion has predicted since the network agreed; None: not known."""
        self._offset: FloatArray = np.zeros(2)
        """Of the landmark from the middle (px)."""
        self._covariance = covariance
        """The network's, when it agreed last."""
        self._agreed_stamp = stamp
        self._agreeing, self._agreed_frames = 0.0, 1.0

    def network(self, seen: FloatArray, covariance: FloatArray, size: int) -> Prior:
        """The network's place ``seen`` (2,) px with its ``covariance`` as a prior on the template's."""
        # A covariance of zero, or an unknown one, counts as the finest scale that is matched.
        sigma = max(FINE_SCALE * size, math.sqrt(float(covariance.trace()) / 2.0))
        return Prior(seen - self._offset, sigma, _SEARCH * size)

    def predicted_by(self, move: FloatArray | None, stamp: float, size: int) -> Prior | None:
        """The prediction of a companion that has moved by ``move`` (2,) px to the frame at ``stamp`` (s)."""
        alone = stamp - self._agreed_stamp
        trusted = self.frames >= _ESTABLISHED and self._agreeing > _TRUSTED
        if self._predicted is None or move is None or alone > _PREDICTED_S or not trusted:
            return None
        return Prior(
            self._predicted + move,
            (_COMPANION_SIGMA + _COMPANION_SIGMA_SPEED * alone) * size,
            _COMPANION_SEARCH * size,
        )

    def follow(self, move: FloatArray | None) -> None:
        """Move the prediction on by a companion's ``move`` (2,) px; None: it was lost."""
        self._predicted = None if self._predicted is None or move is None else self._predicted + move

    def update(
        self, match: Match, seen: FloatArray, covariance: FloatArray, stamp: float
    ) -> tuple[FloatArray, FloatArray]:
        """Take in a frame taken at ``stamp`` (s), in which the network has ``seen`` (2,) px the landmark.

        Returns its place (2,) px and covariance (2, 2).
        """
        step = stamp - self.stamp
        self.stamp, self.place = stamp, match.place
        self.frames += 1
        self._agreed_frames += match.agreement
        averaged, renewed, trusted = (
            -math.expm1(-step / lasts) for lasts in (_AVERAGED_S, _RENEWED_S, _TRUSTED_S)
        )
        averaged, renewed = max(1.0 / self._agreed_frames, averaged), max(1.0 / self.frames, renewed)
        held = match.correlation >= _HOLDS and self.frames > _ESTABLISHED and self._agreeing > _TRUSTED
        self._agreeing += trusted * (match.agreement - self._agreeing)
        self._offset = self._offset + match.agreement * averaged * (seen - match.place - self._offset)
        # Learned from where the network agrees alone: else the template drifts, step by step, on to what lies
        # beside the landmark.
        self.patch = self.patch.renewed(match.patch, renewed * match.agreement)
        if held or match.agreement > _AGREED:
            self._predicted, self._agreed_stamp = match.place, stamp
        if match.agreement > _AGREED:
            self._covariance = covariance
        variance = (self._correlated + (1.0 - self._correlated) * averaged) * (
            1.0 + _UNCONFIRMED * (1.0 - match.agreement)
        )
        return match.place + self._offset, variance * self._covariance
