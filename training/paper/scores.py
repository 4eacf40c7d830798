"""The paper's measures of a network, and the error of visible points in px."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.evaluation.metrics import REFERENCE_SIDE, mean, presence_figures
from tavi_perception.landmarks import COUNT


@dataclass(frozen=True)
class Outputs:
    """What a network says about n frames.

    Attributes:
        present: (n, 11) bool, landmarks that it takes for visible.
        published: (n, 22) x, y as shares of the side, the convention of the paper's targets.
        points: (n, 11, 2) the same, whether taken for visible or not.
    """

    present: NDArray[np.bool_]
    published: NDArray[np.float64]
    points: NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Measures on a set of frames; the field's name is its name in reports.

    Attributes:
        accuracy, precision, recall, f1_micro: over all landmarks of all frames together.
        f1_macro: mean of the landmarks' F1; 0 for one that never occurs and is never said to.
        mae, mse, rmse: of all 22 coordinates, as shares of the side, absent landmarks at (0, 0).
        mean_px, median_px, p95_px: distances of visible points in px at a side of 1000.
    """

    accuracy: float
    precision: float
    recall: float
    f1_micro: float
    f1_macro: float
    mae: float
    mse: float
    rmse: float
    mean_px: float
    median_px: float
    p95_px: float


def outputs_of(presence: NDArray[np.float32], points: NDArray[np.float32]) -> Outputs:
    """Outputs of a network of the paper: presence (n, 11), which counts above 0.5, and points (n, 22)."""
    shares = points.astype(np.float64)
    return Outputs(presence > 0.5, shares, shares.reshape(-1, COUNT, 2))


def score(outputs: Outputs, visible: NDArray[np.float32], targets: NDArray[np.float32]) -> Scores:
    """Measures against truth: visible (n, 11), targets (n, 22) with 0 where absent."""
    shown, said = visible > 0, outputs.present
    presence = presence_figures(said, shown)
    error = outputs.published - targets
    mse = float(np.mean(error**2))
    distance = np.linalg.norm(outputs.points - targets.reshape(-1, COUNT, 2), axis=-1)[shown] * REFERENCE_SIDE
    return Scores(
        accuracy=float(np.mean(said == shown)),
        precision=presence["precision"],
        recall=presence["recall"],
        f1_micro=presence["f1"],
        f1_macro=mean([presence_figures(said[:, i], shown[:, i])["f1"] for i in range(COUNT)]),
        mae=float(np.mean(np.abs(error))),
        mse=mse,
        rmse=mse**0.5,
        mean_px=mean(distance),
        median_px=float(np.median(distance)),
        p95_px=float(np.percentile(distance, 95)),
    )
