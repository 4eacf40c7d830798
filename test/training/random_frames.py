"""Random labelled frames, as small as the paper's networks take them."""

from __future__ import annotations

import numpy as np

from training.data import Samples

SIDE = 96


def random_frames(count: int, seed: int) -> Samples:
    """Images of noise with landmarks anywhere, some of them absent."""
    random = np.random.default_rng(seed)
    visible = (random.random((count, 11)) > 0.4).astype(np.float32)
    xy = random.uniform(0, SIDE - 1, (count, 11, 2)) * visible[..., None]
    images = random.integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
    return Samples(images, xy.astype(np.float32), visible, np.full(count, np.nan, np.float32))
