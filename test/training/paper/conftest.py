"""A split of random labelled frames."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from random_frames import random_frames

from training.paper.frames import Partition


@pytest.fixture(scope="session")
def split() -> Partition:
    return Partition(random_frames(8, 1), random_frames(4, 2), random_frames(4, 3), "random numbers")
