"""Deposits of calcium are laid over training frames beside the points that are given, and nowhere else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.deposits import calcified

GREY = np.full((512, 512), 150, np.uint8)
POINTS = np.array([[150.0, 300.0], [220.0, 260.0]], np.float32)


@given(seed=st.integers(0, 2**32 - 1))
def test_deposits_lie_within_a_centimetre_and_a_half_of_a_point_and_only_darken(seed: int) -> None:
    changed = calcified(GREY, POINTS, np.random.default_rng(seed))
    rows, columns = np.nonzero(changed != GREY)
    assert (changed <= GREY).all() and changed.dtype == np.uint8
    places = np.stack([columns, rows], axis=-1)
    away = np.linalg.norm(places[:, None] - POINTS, axis=-1).min(axis=-1, initial=np.inf)
    assert (away < 45.0).all()


def test_most_frames_get_some() -> None:
    changed = [(calcified(GREY, POINTS, np.random.default_rng(seed)) != GREY).any() for seed in range(200)]
    assert 0.5 < np.mean(changed) < 0.75


def test_a_frame_without_points_stays_as_it_is() -> None:
    for seed in range(20):
        assert calcified(GREY, POINTS[:0], np.random.default_rng(seed)) is GREY
