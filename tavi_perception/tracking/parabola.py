"""Where a sampled peak has its top, between the samples."""

from __future__ import annotations

import numpy as np

from tavi_perception.estimates import FloatArray


def top(before: FloatArray, at: FloatArray, after: FloatArray) -> FloatArray:
    """Tops of the parabolas through three samples each, from the middle ones, which are the largest.

    0 where the samples lie on a line. Shapes are the same, (n,) for instance; in steps of the samples.
    """
    bend = before - 2.0 * at + after
    return np.divide(before - after, 2.0 * bend, out=np.zeros_like(bend), where=bend < 0.0)
