"""Registration of landmarks from frame to frame by the image itself, finer than the network locates them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tavi_perception.estimates import FloatArray, GreyImage, Keypoints
from tavi_perception.landmarks import INFLOW_EDGE, Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.matching import Match, Surroundings, best_match, cell_of
from tavi_perception.tracking.silhouette import silhouette_of
from tavi_perception.tracking.template import ESTABLISHED, SEARCH, Template

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

_DEFORMING = INFLOW_EDGE
"""The stent's inflow edge opens as it is released: where its template does not match, the network may still
be right."""

_DOUBTED_S = 0.3
"""How long the network is doubted where nothing matches; then its place is the landmark."""

_CORRELATED, _CORRELATED_DEFORMING = 0.15, 0.5
"""Share of the network's variance that is common to all frames, and that of what deforms: calibrated coverage
of the stated depth sigmas over 36, and over 100, synthetic procedures, tuning seeds."""

_BEHIND = 0.0025
"""Standard deviation that is added to the network's place of a pigtail behind the device, as a share of the
image: it errs by more than it states there. With 0 two thirds more depths were wrong by over 2.5 mm, with
0.005 a third more, in 27 closed-loop procedures, tuning seeds."""


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
    overridden; where it steadily sees the landmark elsewhere, both places are possible, and after a second
    the network's is the landmark. Before, a template of struts that moved with the device had carried a
    pigtail behind it 10 mm away from where the network saw it, valid for two seconds, in one of 27
    closed-loop procedures, tuning seeds.

    Where nothing matches, the network may be wrong: until the template matches again, or for
    ``_DOUBTED_S``, its standard deviation grows by the search radius; then its place is the landmark.

    Of a pigtail behind the delivery system it is what is seen beside the device that counts: a template of
    all that surrounds it alike would go along with the device; and what the network says of it counts less.
    A landmark may hardly stand out of the noise of one frame: its template is learned about the places that
    the network gives until it does in the mean. In 25 closed-loop procedures, tuning seeds, 14 of them hard,
    80 % of the deviations were valid and 0.6 % of these wrong by more than 2.5 mm; 61 and 2.1 % with a
    correlation of 0.2 needed from the first frame on, and slower, less trusted pigtails.
    """

    def __init__(self) -> None:
        self._stamp = math.nan
        self._templates: dict[Landmark, Template] = {}

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
        if template and match and match.significant:
            return template.update(match, seen, covariance, self._stamp, size)
        if template and match and not template.proven:
            template.learn(match, self._stamp)
            return seen, covariance
        if template and template.frames >= ESTABLISHED and self._stamp - template.stamp < _DOUBTED_S:
            doubt = 0.0 if landmark in _DEFORMING else (SEARCH * size) ** 2
            return seen, covariance + doubt * np.eye(2)
        cell = cell_of(around.image, REGISTERED[landmark])
        half = max(2, round(REGISTERED[landmark] * size / cell))
        patch = around.patch(seen, half, cell)
        correlated = _CORRELATED_DEFORMING if landmark in _DEFORMING else _CORRELATED
        self._templates[landmark] = Template(patch, seen, covariance, self._stamp, correlated)
        return seen, covariance


def _move_of(
    landmark: Landmark, matches: dict[Landmark, Match | None], places: dict[Landmark, FloatArray]
) -> FloatArray | None:
    """Motion (2,) px of a match since the frame before; None where it is missing in one of them."""
    match, place = matches.get(landmark), places.get(landmark)
    return None if match is None or place is None else match.place - place
