"""Metrics on labelled frames: errors of visible points, presence, coverage of the stated sigmas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import NAMES

REFERENCE_SIDE = 1000
"""Errors are given in px of an image of this side."""


class Labels(Protocol):
    """Truth of a set of frames: xy (n, 11, 2) px, anything where absent, and visible (n, 11), 1 or 0.

    ``visible`` is NaN where nobody knows: such a landmark counts in no figure.
    """

    @property
    def xy(self) -> NDArray[np.float32]: ...

    @property
    def visible(self) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Predictions:
    """Answers for a set of frames of side ``size`` px, whether a landmark passed its threshold or not.

    Attributes:
        presence: (n, 11) probability.
        xy: (n, 11, 2) px; NaN where the answer has no place for a landmark.
        covariance: (n, 11, 2, 2) px²; NaN where unknown.
    """

    presence: NDArray[np.float64]
    xy: NDArray[np.float64]
    covariance: NDArray[np.float64]
    size: int


def errors_px(predictions: Predictions, labels: Labels) -> NDArray[np.float64]:
    """(n, 11) distance of visible landmarks in px at a side of 1000; NaN where absent or without a place."""
    distance = np.linalg.norm(predictions.xy - labels.xy, axis=-1) * (REFERENCE_SIDE / predictions.size)
    return np.where(labels.visible > 0, distance, np.nan)


def axis_errors(predictions: Predictions, labels: Labels) -> NDArray[np.float64]:
    """(n, 11, 2) errors of x and y in stated standard deviations of each; NaN as in ``errors_px``."""
    sigma = np.sqrt(np.maximum(np.diagonal(predictions.covariance, axis1=-2, axis2=-1), 1e-12))
    return np.where(labels.visible[..., None] > 0, (predictions.xy - labels.xy) / sigma, np.nan)


def summary(
    predictions: Predictions, labels: Labels, thresholds: NDArray[np.float64] | float = 0.5
) -> dict[str, float]:
    """Headline figures; training keeps the best ``score``: mean error + 100 px · wrong presence.

    ``macro_f1`` is the mean of the F1 of the landmarks that occur, ``micro_f1`` that of all decisions; NaN
    where truths are known of visible landmarks only, which tell nothing of false alarms.
    ``pck_5`` and ``pck_10`` are the shares of visible points within 5 and 10 px, reported present or not.
    Coverages ``within_…_sigma_axis`` are of x and y one by one: 0.683 and 0.954 are expected.
    """
    return summary_of(predictions, labels, predictions.presence >= thresholds)


def by_landmark(
    predictions: Predictions, labels: Labels, thresholds: NDArray[np.float64]
) -> dict[str, dict[str, float]]:
    """Figures of each landmark that occurs, at presence thresholds (11,); all errors count, passed or not."""
    return by_landmark_of(predictions, labels, predictions.presence >= thresholds)


def summary_of(predictions: Predictions, labels: Labels, reported: NDArray[np.bool_]) -> dict[str, float]:
    """As ``summary``, where ``reported`` (n, 11) says which were reported present."""
    visible = labels.visible > 0
    known = np.isfinite(labels.visible)
    accuracy = mean((reported == visible)[known])
    places = place_figures(predictions, labels, np.ones_like(reported))
    occurring = visible.any(axis=0)
    partly = not known.all()
    f1 = [
        presence_figures(reported[:, i], labels.visible[:, i], partly)["f1"]
        for i in np.flatnonzero(occurring)
    ]
    return {
        **places,
        **{f"reported_{key}": value for key, value in place_figures(predictions, labels, reported).items()},
        "presence_accuracy": accuracy,
        "macro_f1": mean([value for value in f1 if np.isfinite(value)]),
        "micro_f1": presence_figures(reported, labels.visible, partly)["f1"],
        "score": places["mean_px"] + 100 * (1 - accuracy),
    }


def by_landmark_of(
    predictions: Predictions, labels: Labels, reported: NDArray[np.bool_]
) -> dict[str, dict[str, float]]:
    """As ``by_landmark``, where ``reported`` (n, 11) says which were reported present."""
    distance = mahalanobis(predictions.xy - labels.xy, predictions.covariance)
    visible, partly = labels.visible > 0, not np.isfinite(labels.visible).all()
    table = {}
    for index, name in enumerate(NAMES):
        if not visible[:, index].any():
            continue
        only = np.zeros_like(reported)
        only[:, index] = True
        within = distance[visible[:, index], index]
        within = within[np.isfinite(within)]
        table[name] = {
            "visible": int(visible[:, index].sum()),
            **place_figures(predictions, labels, only),
            **{
                f"reported_{key}": value
                for key, value in place_figures(predictions, labels, only & reported).items()
                if key in ("median_px", "mean_px", "p95_px")
            },
            **presence_figures(reported[:, index], labels.visible[:, index], partly),
            # For a two-dimensional normal distribution 39.3 % and 86.5 % are expected.
            "within_1_sigma": mean(within <= 1.0),
            "within_2_sigma": mean(within <= 2.0),
        }
    return table


def place_figures(predictions: Predictions, labels: Labels, chosen: NDArray[np.bool_]) -> dict[str, float]:
    """Errors (px of 1000) and coverage of the visible points among ``chosen`` (n, 11).

    A point without a place (NaN) counts as missed by ``pck_…`` and is left out of the others; NaN where
    nothing is left.
    """
    counted = chosen & (labels.visible > 0)
    errors = errors_px(predictions, labels)[counted]
    known = errors[np.isfinite(errors)]
    normal = np.abs(axis_errors(predictions, labels)[counted])
    normal = normal[np.isfinite(normal)]
    return {
        "median_px": float(np.median(known)) if known.size else float("nan"),
        "mean_px": mean(known),
        "p95_px": float(np.percentile(known, 95)) if known.size else float("nan"),
        "pck_5": mean(errors <= 5.0),
        "pck_10": mean(errors <= 10.0),
        "within_1_sigma_axis": mean(normal <= 1.0),
        "within_2_sigma_axis": mean(normal <= 2.0),
    }


def presence_figures(
    reported: NDArray[np.bool_], visible: NDArray[np.bool_] | NDArray[np.float32], partly: bool = False
) -> dict[str, float]:
    """Precision, recall and F1 of decisions; arrays of one shape.

    Where ``visible`` is NaN the truth is unknown: such decisions are left out. In a set of which only part is
    known (``partly``), precision and F1 are NaN where all that is known is visible.
    """
    known = np.isfinite(visible)
    said, shown = reported[known], visible[known] > 0
    hits = float(np.sum(shown & said))
    blind = partly and bool(shown.all())
    return {
        "precision": float("nan") if blind else hits / max(float(said.sum()), 1.0),
        "recall": hits / max(float(shown.sum()), 1.0),
        "f1": float("nan") if blind else 2 * hits / max(float(said.sum() + shown.sum()), 1.0),
    }


def mean(values: NDArray[Any] | Sequence[float]) -> float:
    """The mean; NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")


def mahalanobis(error: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(…) length of errors (…, 2) in units of the stated standard deviations (…, 2, 2)."""
    solved = np.linalg.solve(covariance, error[..., None])[..., 0]
    return np.asarray(np.sqrt(np.maximum((error * solved).sum(axis=-1), 0.0)))
