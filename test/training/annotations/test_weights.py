"""Weights show rare landmarks more often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from training.annotations import sampling_weights

VISIBLE = arrays.arrays(bool, st.tuples(st.integers(1, 40), st.just(11)))


@given(VISIBLE)
def test_the_rarest_landmark_is_never_drawn_less_often(visible: NDArray[np.bool_]) -> None:
    weights = sampling_weights(visible)
    assert weights.mean() == pytest.approx(1.0)
    assert (weights > 0).all()
    shares = visible.mean(axis=0)
    if shares.any():
        rarest = np.flatnonzero(shares == shares[shares > 0].min())
        drawn = weights @ visible / len(visible)
        assert (drawn[rarest] >= shares[rarest] - 1e-12).all()


def test_the_formula_is_that_of_repeat_factor_sampling() -> None:
    visible = np.zeros((100, 11))
    visible[:, 7] = 1
    visible[:25, 0] = 1
    visible[25:29, 9] = 1
    weights = sampling_weights(visible)
    assert weights[0] / weights[-1] == pytest.approx(2.0)  # √(1 / 0.25)
    assert weights[25] / weights[-1] == pytest.approx(5.0)  # √(1 / 0.04)


def test_rare_landmarks_gain_in_a_set_like_the_papers() -> None:
    rng = np.random.default_rng(3)
    visible = np.ones((1000, 11))
    contrast, deployed = rng.random(1000) < 0.25, rng.random(1000) < 0.15
    visible[~contrast, :4] = 0
    visible[~deployed, 9:] = 0
    gain = (sampling_weights(visible) @ visible) / visible.sum(axis=0)
    assert (gain[:4] > 1.3).all() and (gain[9:] > 1.5).all()
    assert gain[7] == pytest.approx(1.0)


def test_frequent_landmarks_gain_nothing_below_the_threshold() -> None:
    visible = np.ones((10, 11))
    visible[5:, 0] = 0
    assert (sampling_weights(visible, threshold=0.5) == 1).all()


def test_no_frames_have_no_weights() -> None:
    assert len(sampling_weights(np.zeros((0, 11)))) == 0


@pytest.mark.parametrize("threshold", [0.0, 1.5, float("nan")])
def test_an_impossible_threshold_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        sampling_weights(np.ones((2, 11)), threshold)
