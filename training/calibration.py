"""What turns raw network outputs into honest ones: presence thresholds and the scale of covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tavi_perception.inference.manifest import calibrated_covariance
from tavi_perception.landmarks import COUNT
from training.metrics import Labels, Predictions, mahalanobis

_TRIM = 0.02
"""Share of the worst errors left out of the likelihood; gross mistakes would widen every other sigma."""

_WITHIN_1, _WITHIN_2 = 0.6827, 0.9545
"""Shares of a normal distribution within one and two standard deviations."""

_SLACK_1, _SLACK_2 = 0.08, 0.035
"""How far from those shares is as bad as the other: half of 60–76 % and of 91–98 %."""


@dataclass(frozen=True)
class Calibration:
    """What makes answers honest, (11,) each.

    Attributes:
        thresholds: of presence.
        blend: share of the first estimate's covariance that is added to that of the patch: a patch cannot
            know that it was cut in the wrong place.
        factor, floor: covariance = factor · (patch + blend · first) + floor · identity (input px²).
    """

    thresholds: NDArray[np.float64]
    blend: NDArray[np.float64]
    factor: NDArray[np.float64]
    floor: NDArray[np.float64]

    def covariance(self, patch: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated covariances of raw ones (…, 11, 2, 2) of the patches and of the first estimates."""
        raw = patch + self.blend[:, None, None] * first
        return calibrated_covariance(raw, self.factor, self.floor)


def calibrate(
    predictions: Predictions, first: NDArray[np.float64], labels: Labels, sets: NDArray[np.int64]
) -> Calibration:
    """The calibration that suits several sets of validation frames.

    A threshold is the one of best mean F1 over the sets: what is common in one of them may be rare in
    another, and a landmark that one of them always shows says nothing about a threshold. Blend, factor and
    floor maximise the likelihood of the errors; then the whole is scaled so that the errors along each axis
    keep to one and two standard deviations as nearly as a normal distribution's would.

    Args:
        predictions: with the covariances of the patches.
        first: (n, 11, 2, 2) covariances of the first estimates (input px²).
        labels: truth.
        sets: (n,) number of the set that a frame belongs to.
    """
    thresholds, blend = np.full(COUNT, 0.5), np.zeros(COUNT)
    factor, floor = np.ones(COUNT), np.ones(COUNT)
    for index in range(COUNT):
        visible = labels.visible[:, index] > 0
        if not visible.any():
            continue
        thresholds[index] = best_threshold(predictions.presence[:, index], visible, sets)
        error = (predictions.xy - labels.xy)[visible, index]
        raw = predictions.covariance[visible, index]
        blend[index], factor[index], floor[index] = fit_covariance(error, raw, first[visible, index])
    return Calibration(thresholds, blend, factor, floor)


def best_threshold(
    presence: NDArray[np.float64], visible: NDArray[np.bool_], sets: NDArray[np.int64]
) -> float:
    """Threshold of best mean F1 over ``sets``, on a grid; the middle of the range that is equally good."""
    grid = np.asarray(np.linspace(0.05, 0.95, 91), dtype=np.float64)
    each = [_f1(presence[sets == number], visible[sets == number], grid) for number in np.unique(sets)]
    f1 = np.mean(each, axis=0)
    return float(grid[f1 >= f1.max() - 1e-9].mean())


def _f1(
    presence: NDArray[np.float64], visible: NDArray[np.bool_], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    said = presence[:, None] >= grid
    hits = (said & visible[:, None]).sum(axis=0)
    return np.asarray(2 * hits / np.maximum(said.sum(axis=0) + visible.sum(), 1))


def fit_covariance(
    error: NDArray[np.float64], patch: NDArray[np.float64], first: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Blend, factor and floor for errors (n, 2) with raw covariances (n, 2, 2)."""
    identity = np.eye(2)

    def covariance(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        scale, blend, floor = np.exp(logs)
        return np.asarray(scale * (patch + blend * first) + floor * identity)

    def cost(logs: NDArray[np.float64]) -> float:
        stated = covariance(logs)
        values = 0.5 * mahalanobis(error, stated) ** 2 + 0.5 * np.log(np.linalg.det(stated))
        kept = np.sort(values)[: max(1, int(len(values) * (1 - _TRIM)))]
        return float(kept.mean())

    typical = max(float(np.median(error**2)), 1e-3)
    bounds = [(-12.0, 5.0), (-14.0, 2.0), (np.log(1e-3), np.log(1e4))]
    start = np.log([0.5, 0.02, typical / 2])
    best = minimize(cost, start, method="Nelder-Mead", bounds=bounds, options={"maxiter": 600}).x
    scale, blend, floor = np.exp(best)
    sigma = np.sqrt(np.diagonal(covariance(best), axis1=-2, axis2=-1))
    wider = _fitting_scale(np.abs(error) / sigma) ** 2
    return float(blend), float(scale * wider), float(floor * wider)


def _fitting_scale(normalised: NDArray[np.float64]) -> float:
    """Factor on sigmas with which |error| / sigma best keeps to the shares of a normal distribution."""
    scales = np.quantile(normalised, np.linspace(0.5, 0.9, 81))
    one = (normalised[..., None] <= scales).mean(axis=(0, 1))
    two = (normalised[..., None] <= 2 * scales).mean(axis=(0, 1))
    worst = np.maximum(np.abs(one - _WITHIN_1) / _SLACK_1, np.abs(two - _WITHIN_2) / _SLACK_2)
    return max(float(scales[np.argmin(worst)]), 1e-3)
