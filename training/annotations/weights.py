"""How often to show each frame, so that rare landmarks are learned as well as frequent ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def sampling_weights(visible: ArrayLike, threshold: float = 1.0) -> NDArray[np.float64]:
    """(n,) weight of each frame, 1 on average: repeat-factor sampling (Gupta et al. 2019, LVIS, section 3).

    With f_k the share of frames that show landmark k, its repeat factor is r_k = max(1, √(t / f_k)), and
    that of a frame the largest of the landmarks it shows (1 where it shows none); weights are repeat factors
    over their mean. Draw frames with probability weight / n. The rarest landmark is never drawn less often
    than before.

    Args:
        visible: (n, 11) whether (or 1 where) a landmark is visible; NaN where unknown, which counts as no
            frame of that landmark.
        threshold: t, the share of frames from which on a landmark needs no help. LVIS takes 0.001 for its
            1,000 categories; our rare landmarks (AA, STJ, FE) are seen in a tenth to a half of all frames,
            so 1 is the default.

    Raises:
        ValueError: the threshold is not between 0 and 1, or ``visible`` is no table.

    Reference: arXiv:1908.03195.
    """
    seen, known = np.asarray(visible) > 0, np.isfinite(np.asarray(visible, np.float64))
    if seen.ndim != 2:
        raise ValueError(f"visible has shape {seen.shape}; give (frames, landmarks)")
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; give more than 0, at most 1")
    if not len(seen):
        return np.ones(0)
    frequency = seen.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    factor = np.maximum(1.0, np.sqrt(threshold / np.where(frequency > 0, frequency, 1.0)))
    repeat = np.where(seen, factor, 1.0).max(axis=1, initial=1.0)
    return np.asarray(repeat / repeat.mean(), dtype=np.float64)
