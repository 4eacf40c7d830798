"""Metrics on labelled frames: errors of visible points, presence, coverage of the stated sigmas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import NAMES

REFERENCE_SIDE = 1000
"""Errors are given in px of an image of this side."""


class Labels(Protocol):
    """Truth of a set of frames: xy (n, 11, 2) px, anything where absent, and visible (n, 11), 1 or 0."""

    @property
    def xy(self) -> NDArray[np.float32]: ...

    @property
    def visible(self) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Predictions:
    """Answers for a set of frames of side ``size`` px, whether a landmark passed its threshold or not.

    Attributes:
        presence: (n, 11) probability.
        xy: (n, 11, 2) px.
        covariance: (n, 11, 2, 2) px².
    """

    presence: NDArray[np.float64]
    xy: NDArray[np.float64]
    covariance: NDArray[np.float64]
    size: int


def errors_px(predictions: Predictions, labels: Labels) -> NDArray[np.float64]:
    """(n, 11) distance of visible landmarks in px at a side of 1000; NaN where absent."""
    distance = np.linalg.norm(predictions.xy - labels.xy, axis=-1) * (REFERENCE_SIDE / predictions.size)
    return np.where(labels.visible > 0, distance, np.nan)


def summary(
    predictions: Predictions, labels: Labels, thresholds: NDArray[np.float64] | float = 0.5
) -> dict[str, float]:
    """Headline figures; training keeps the best ``score``: mean error + 100 px · wrong presence."""
    errors = errors_px(predictions, labels)
    accuracy = float(np.mean((predictions.presence >= thresholds) == (labels.visible > 0)))
    mean = float(np.nanmean(errors))
    return {
        "median_px": float(np.nanmedian(errors)),
        "mean_px": mean,
        "p95_px": float(np.nanpercentile(errors, 95)),
        "presence_accuracy": accuracy,
        "score": mean + 100 * (1 - accuracy),
    }


def by_landmark(
    predictions: Predictions, labels: Labels, thresholds: NDArray[np.float64]
) -> dict[str, dict[str, float]]:
    """Figures of each landmark that occurs, at presence thresholds (11,); all errors count, passed or not."""
    errors = errors_px(predictions, labels)
    distance = mahalanobis(predictions.xy - labels.xy, predictions.covariance)
    table = {}
    for index, name in enumerate(NAMES):
        visible = labels.visible[:, index] > 0
        if not visible.any():
            continue
        said = predictions.presence[:, index] >= thresholds[index]
        hits = float(np.sum(visible & said))
        precision, recall = hits / max(said.sum(), 1), hits / max(visible.sum(), 1)
        seen, within = errors[visible, index], distance[visible, index]
        table[name] = {
            "visible": int(visible.sum()),
            "median_px": float(np.median(seen)),
            "mean_px": float(np.mean(seen)),
            "p95_px": float(np.percentile(seen, 95)),
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / max(precision + recall, 1e-9),
            # For a two-dimensional normal distribution 39.3 % and 86.5 % are expected.
            "within_1_sigma": float(np.mean(within <= 1.0)),
            "within_2_sigma": float(np.mean(within <= 2.0)),
        }
    return table


def mahalanobis(error: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(…) length of errors (…, 2) in units of the stated standard deviations (…, 2, 2)."""
    solved = np.linalg.solve(covariance, error[..., None])[..., 0]
    return np.asarray(np.sqrt(np.maximum((error * solved).sum(axis=-1), 0.0)))
