"""What several injections tell about the annulus and the pigtail, joined."""

from __future__ import annotations

import math

import numpy as np

from tavi_perception.estimates import FloatArray
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.injection import WEIGHT_POWER, BindingEstimate
from tavi_perception.tracking.pose import wrapped
from tavi_perception.tracking.validity import DISAGREEMENT

EVEN = 0.5
"""Share of the scatter between two injections that is the second one's, where nothing speaks for either."""

BESIDE_STENT = 0.9
"""The same where the second one was beside an open stent, whose struts hide the hinge points. It was that one
which erred in 9 of the 10 procedures, of 89, in which the two differed by more than 0.8 mm (tuning seeds)."""

_SLIP = 0.1
"""Least distance, as a share of the diameter, at which the pigtail lies elsewhere than before where it has
slipped: 2.4 mm. Without a slip, steady injections of 83 procedures lay at most 1.9 mm from the one before;
after a slip of 3 to 10 mm, in 10 procedures, at least 2.5 mm (tuning seeds)."""


def slipped(before: BindingEstimate, after: BindingEstimate, config: TrackingConfig) -> bool:
    """Whether the pigtail lies elsewhere than ``before``: too far off for an error of the hinge points."""
    change = _change(before, after)
    contradicted = _distance(change, before, after, config) > DISAGREEMENT
    return contradicted and math.hypot(*change[:2]) > _SLIP * after.length


def joined(
    first: BindingEstimate, second: BindingEstimate, config: TrackingConfig, doubted: float = EVEN
) -> BindingEstimate:
    """Mean of two estimates, weighted by their noise and scatter.

    What they differ by beyond their noise is scatter between them (DerSimonian and Laird 1986) and part of
    the residual; ``doubted``: the share of it that is the second one's.
    """
    change = _change(first, second)
    distance = _distance(change, first, second, config)
    between = np.outer(change, change) * (max(1.0 - len(change) / distance, 0.0) if distance else 0.0)
    scatters = (1.0 - doubted) * between, doubted * between
    # Scatter within each counts too: it is larger where medium or device hid the pigtail.
    vague = (
        float(np.trace((each.noise / each.injections + each.residual + scatter)[:2, :2]))
        for each, scatter in zip((first, second), scatters, strict=True)
    )
    weights = [each**-WEIGHT_POWER for each in vague]
    share = weights[1] / sum(weights)
    return BindingEstimate(
        first.offset + share * change[:2],
        first.cardiac.joined(second.cardiac, share),
        wrapped(first.angle + share * float(change[2])),
        first.length + share * (second.length - first.length),
        (1.0 - share) * first.residual
        + share * second.residual
        + (1.0 - share) ** 2 * scatters[0]
        + share**2 * scatters[1],
        (1.0 - share) * first.noise + share * second.noise,
        (1.0 - share) * first.common + share * second.common,
        first.frames + second.frames,
        1.0 / ((1.0 - share) ** 2 / first.injections + share**2 / second.injections),
    )


def _change(first: BindingEstimate, second: BindingEstimate) -> FloatArray:
    """(3,) by which offset (px) and angle (rad) differ."""
    return np.append(second.offset - first.offset, wrapped(second.angle - first.angle))


def _distance(
    change: FloatArray, first: BindingEstimate, second: BindingEstimate, config: TrackingConfig
) -> float:
    """Squared Mahalanobis distance by the noise that injections do not share."""
    differing = 1.0 - config.patient_noise
    covariance = differing * (first.common / first.injections + second.common)
    covariance += first.residual + second.residual
    return float(change @ np.linalg.inv(covariance) @ change)
