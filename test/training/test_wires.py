"""A wire is laid over training frames across or beside a landmark."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.wires import crossed

GREY = np.full((512, 512), 150, np.uint8)
POINTS = np.array([[150.0, 300.0], [220.0, 260.0]], np.float32)


@given(seed=st.integers(0, 2**32 - 1))
def test_a_wire_passes_within_two_centimetres_of_a_landmark_and_only_darkens(seed: int) -> None:
    changed = crossed(GREY, POINTS, np.random.default_rng(seed))
    assert changed.shape == GREY.shape and changed.dtype == np.uint8 and (changed <= GREY).all()
    if changed is not GREY:
        rows, columns = np.nonzero(changed != GREY)
        away = np.linalg.norm(np.stack([columns, rows], axis=-1)[:, None] - POINTS, axis=-1)
        assert away.min() < 60.0


def test_a_quarter_of_the_frames_get_one() -> None:
    changed = [crossed(GREY, POINTS, np.random.default_rng(seed)) is not GREY for seed in range(400)]
    assert 0.18 < np.mean(changed) < 0.32


def test_a_frame_without_a_landmark_stays_as_it_is() -> None:
    for seed in range(20):
        assert crossed(GREY, POINTS[:0], np.random.default_rng(seed)) is GREY
