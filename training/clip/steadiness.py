"""How much estimates of points that stand still jump from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.evaluation.metrics import REFERENCE_SIDE

STILL_PX = 0.5
"""A point stands still where it has moved by less than this since the frame before (px of 1000)."""


@dataclass(frozen=True)
class Steadiness:
    """Accuracy and steadiness over runs of frames, in px of an image side of 1000.

    Attributes:
        median_px, mean_px, p95_px: distance of visible points.
        jitter_px: root mean square, per axis, of the change of the error from one frame to the next, of
            points that stand still, the largest hundredth left out: those are changes of mind, not noise.
        jitter_all_px: the same with nothing left out.
        still: how many steps of still points there were.
    """

    median_px: float
    mean_px: float
    p95_px: float
    jitter_px: float
    jitter_all_px: float
    still: int


def steadiness(
    estimates: Sequence[NDArray[np.float32]],
    truths: Sequence[NDArray[np.float32]],
    visible: Sequence[NDArray[np.float32]],
    size: int,
) -> Steadiness:
    """Figures for runs of estimates (n, 11, 2) and truths (n, 11, 2) px of an input of ``size``."""
    scale = REFERENCE_SIDE / size
    distances, steps = [], []
    for estimate, truth, seen in zip(estimates, truths, visible, strict=True):
        error = (estimate.astype(np.float64) - truth) * scale
        shown = seen > 0
        distances.append(np.linalg.norm(error, axis=-1)[shown])
        moved = np.linalg.norm(np.diff(truth, axis=0), axis=-1) * scale
        still = shown[1:] & shown[:-1] & (moved < STILL_PX)
        steps.append(np.diff(error, axis=0)[still])
    distance, step = np.concatenate(distances), np.concatenate(steps)
    squared = (step**2).mean(axis=1)
    kept = squared[squared <= np.quantile(squared, 0.99)] if len(squared) else squared
    return Steadiness(
        float(np.median(distance)),
        float(distance.mean()),
        float(np.percentile(distance, 95)),
        float(np.sqrt(kept.mean())) if len(kept) else float("nan"),
        float(np.sqrt(squared.mean())) if len(squared) else float("nan"),
        len(step),
    )
