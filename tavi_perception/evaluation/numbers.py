"""Every figure of an evaluation: together, by landmark, by stage, and the two calibration curves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception import output
from tavi_perception.estimates import Stage
from tavi_perception.evaluation.judged import Judged
from tavi_perception.evaluation.metrics import axis_errors, by_landmark_of, mean, summary_of
from tavi_perception.landmarks import COUNT

ONE_SIGMA_TARGET = (0.60, 0.76)
TWO_SIGMA_TARGET = (0.91, 0.98)
"""Shares of x and y errors within 1 and 2 sigmas that count as calibrated; 0.683 and 0.954 are exact."""

SIGMA_BINS = 12
PRESENCE_BINS = 10
_FEWEST = 20
"""Errors, or decisions, that a bin of a curve needs."""

_STAGES = [stage.name.lower() for stage in Stage if stage is not Stage.UNKNOWN]


def figures_of(judged: Judged) -> dict[str, Any]:
    """Headline figures, then ``landmarks`` and ``stages``."""
    figures: dict[str, Any] = {
        "frames": len(judged),
        **summary_of(judged.predictions, judged.labels, judged.reported),
        "without_a_place": int((np.isnan(judged.predictions.xy[..., 0]) & (judged.labels.visible > 0)).sum()),
        "landmarks": by_landmark_of(judged.predictions, judged.labels, judged.reported),
    }
    stages = {}
    for stage in [*_STAGES, *sorted({s for s in judged.stages if s and s not in _STAGES})]:
        chosen = np.array([found == stage for found in judged.stages])
        if chosen.any() and (judged.labels.visible[chosen] > 0).any():
            part = judged.only(chosen)
            stages[stage] = {
                "frames": len(part),
                "visible": int((part.labels.visible > 0).sum()),
                **summary_of(part.predictions, part.labels, part.reported),
                "landmarks": by_landmark_of(part.predictions, part.labels, part.reported),
            }
    return {**figures, "stages": stages}


def calibrated(figures: dict[str, Any]) -> bool:
    """Whether the coverage of both bands lies within its target."""
    one, two = figures["within_1_sigma_axis"], figures["within_2_sigma_axis"]
    return bool(
        ONE_SIGMA_TARGET[0] <= one <= ONE_SIGMA_TARGET[1]
        and TWO_SIGMA_TARGET[0] <= two <= TWO_SIGMA_TARGET[1]
    )


def calibration_of(judged: Judged) -> dict[str, Any]:
    """The curves: stated and empirical sigma, stated and empirical share, presence and frequency."""
    return {
        "sigma": sigma_curve(judged),
        "coverage": coverage_curve(judged),
        "presence": presence_curve(judged),
    }


def sigma_curve(judged: Judged) -> list[dict[str, float]]:
    """Bins of x and y errors of visible points with equal numbers, by their stated sigma (px of 1000).

    ``empirical`` is the 68.3 % quantile of the absolute error, which equals the sigma of a normal
    distribution and does not follow single gross mistakes; ``rms`` follows them.
    """
    normal = axis_errors(judged.predictions, judged.labels).ravel()
    sigma = np.sqrt(np.diagonal(judged.predictions.covariance, axis1=-2, axis2=-1)).ravel()
    known = np.isfinite(normal) & np.isfinite(sigma)
    normal, sigma = normal[known], sigma[known]
    order = np.argsort(sigma, kind="stable")
    curve = []
    for part in np.array_split(order, max(1, min(SIGMA_BINS, len(order) // _FEWEST))):
        if len(part) < 2:
            continue
        error = np.abs(normal[part] * sigma[part])
        curve.append(
            {
                "stated": float(np.median(sigma[part])),
                "empirical": float(np.quantile(error, math.erf(1 / math.sqrt(2)))),
                "rms": float(np.sqrt(np.mean(error**2))),
                "count": len(part),
            }
        )
    return curve


def coverage_curve(judged: Judged) -> list[dict[str, float]]:
    """Share of x and y errors within so many stated sigmas, beside what a normal distribution has there."""
    normal = np.abs(axis_errors(judged.predictions, judged.labels))
    normal = normal[np.isfinite(normal)]
    return [
        {
            "sigmas": float(width),
            "expected": math.erf(float(width) / math.sqrt(2)),
            "found": mean(normal <= width),
        }
        for width in np.arange(0.25, 3.01, 0.25)
    ]


def presence_curve(judged: Judged) -> list[dict[str, float]]:
    """Bins of equal width of the presence: mean stated probability, and how often it was visible."""
    known = np.isfinite(judged.labels.visible)
    presence = judged.predictions.presence[known]
    visible = judged.labels.visible[known] > 0
    bins: NDArray[np.int64] = np.minimum((presence * PRESENCE_BINS).astype(np.int64), PRESENCE_BINS - 1)
    return [
        {
            "stated": float(presence[bins == index].mean()),
            "found": float(visible[bins == index].mean()),
            "count": int((bins == index).sum()),
        }
        for index in range(PRESENCE_BINS)
        if (bins == index).sum() >= _FEWEST
    ]


def errors_by_landmark(judged: Judged) -> list[NDArray[np.float64]]:
    """Of each landmark the errors of its visible points that have a place (px of 1000)."""
    error = np.linalg.norm(judged.predictions.xy - judged.labels.xy, axis=-1)
    visible = judged.labels.visible > 0
    return [error[visible[:, i] & np.isfinite(error[:, i]), i] for i in range(COUNT)]


def write_json(file: Path, figures: dict[str, Any]) -> None:
    """Write ``figures`` as JSON, into a folder that is made where it is missing; raises OutputError."""
    output.write_json(file, for_json(figures))


def for_json(value: Any) -> Any:
    """The same without NaN and infinity, which JSON does not know: they become null."""
    if isinstance(value, dict):
        return {key: for_json(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
