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

_TWO_SIGMA_SHARE = 1.0 - np.exp(-2.0)
"""Share of a two-dimensional normal distribution within two standard deviations (86.5 %)."""


@dataclass(frozen=True)
class Calibration:
    """(11,) each: presence threshold; covariance = factor · raw + floor · identity (input px²)."""

    thresholds: NDArray[np.float64]
    factor: NDArray[np.float64]
    floor: NDArray[np.float64]

    def covariance(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated covariances of raw ones (…, 11, 2, 2)."""
        return calibrated_covariance(raw, self.factor, self.floor)


def calibrate(predictions: Predictions, labels: Labels) -> Calibration:
    """The calibration that suits a validation set.

    A threshold is the one of best F1. Factor and floor maximise the likelihood of the errors, then are
    scaled together so that 86.5 % of all errors lie within two standard deviations.
    """
    thresholds, factor, floor = np.full(COUNT, 0.5), np.ones(COUNT), np.ones(COUNT)
    for index in range(COUNT):
        visible = labels.visible[:, index] > 0
        if not visible.any():
            continue
        thresholds[index] = best_threshold(predictions.presence[:, index], visible)
        error = (predictions.xy - labels.xy)[visible, index]
        factor[index], floor[index] = fit_covariance(error, predictions.covariance[visible, index])
    return Calibration(thresholds, factor, floor)


def best_threshold(presence: NDArray[np.float64], visible: NDArray[np.bool_]) -> float:
    """Threshold of best F1 on a grid; the middle of the best range, where several are equally good."""
    grid = np.linspace(0.05, 0.95, 91)
    said = presence[:, None] >= grid
    hits = (said & visible[:, None]).sum(axis=0)
    f1 = 2 * hits / np.maximum(said.sum(axis=0) + visible.sum(), 1)
    return float(grid[f1 >= f1.max() - 1e-9].mean())


def fit_covariance(error: NDArray[np.float64], raw: NDArray[np.float64]) -> tuple[float, float]:
    """Factor and floor for errors (n, 2) with raw covariances (n, 2, 2)."""
    identity = np.eye(2)
    start = max(float(np.mean(error**2)), 1e-4)

    def covariance(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.exp(logs[0]) * raw + np.exp(logs[1]) * identity)

    def cost(logs: NDArray[np.float64]) -> float:
        stated = covariance(logs)
        values = 0.5 * mahalanobis(error, stated) ** 2 + 0.5 * np.log(np.linalg.det(stated))
        kept = np.sort(values)[: max(1, int(len(values) * (1 - _TRIM)))]
        return float(kept.mean())

    bounds = [(-12.0, 5.0), (np.log(1e-3), np.log(1e4))]
    best = minimize(cost, np.log([0.5, start / 2]), method="Nelder-Mead", bounds=bounds).x
    share = np.quantile(mahalanobis(error, covariance(best)), _TWO_SIGMA_SHARE)
    scale = max(float(share) / 2.0, 1e-3) ** 2
    return float(np.exp(best[0])) * scale, float(np.exp(best[1])) * scale
