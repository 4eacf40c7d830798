"""Random labelled frames, as small as the networks take them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.data import Samples
from training.paper.frames import Partition

SIDE = 96


def frames(count: int, seed: int) -> Samples:
    random = np.random.default_rng(seed)
    visible = (random.random((count, 11)) > 0.4).astype(np.float32)
    xy = random.uniform(0, SIDE - 1, (count, 11, 2)) * visible[..., None]
    images = random.integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
    return Samples(images, xy.astype(np.float32), visible, np.full(len(images), np.nan, np.float32))


@pytest.fixture(scope="session")
def split() -> Partition:
    return Partition(frames(8, 1), frames(4, 2), frames(4, 3), "random numbers")
