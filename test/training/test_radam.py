"""Rectified Adam takes the steps of arXiv:1908.03265."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

import keras

from training.radam import RectifiedAdam

STEPS = 60
RATE, BETA_1, BETA_2, EPSILON = 0.01, 0.9, 0.99, 1e-7


def reference(start: np.ndarray, gradients: np.ndarray) -> Iterator[tuple[np.ndarray, bool]]:
    """Parameters after each step, and whether the step was rectified: algorithm 2, line by line."""
    theta, m, v = start.astype(np.float64), np.zeros(start.shape), np.zeros(start.shape)
    rho_inf = 2 / (1 - BETA_2) - 1
    for t, g in enumerate(gradients.astype(np.float64), start=1):
        m = BETA_1 * m + (1 - BETA_1) * g
        v = BETA_2 * v + (1 - BETA_2) * g**2
        m_hat = m / (1 - BETA_1**t)
        rho = rho_inf - 2 * t * BETA_2**t / (1 - BETA_2**t)
        if rho > 4:
            v_hat = np.sqrt(v / (1 - BETA_2**t))
            r = np.sqrt(((rho - 4) * (rho - 2) * rho_inf) / ((rho_inf - 4) * (rho_inf - 2) * rho))
            theta = theta - RATE * r * m_hat / (v_hat + EPSILON)
        else:
            theta = theta - RATE * m_hat
        yield theta, rho > 4


@pytest.fixture
def gradients() -> np.ndarray:
    return np.random.default_rng(3).normal(0.3, 1.0, (STEPS, 4, 3)).astype(np.float32)


def test_every_step_equals_the_published_algorithm_in_both_branches(gradients: np.ndarray) -> None:
    start = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    variable = keras.Variable(start)
    optimizer = RectifiedAdam(RATE, BETA_1, BETA_2, EPSILON)
    branches = []
    for gradient, (expected, rectified) in zip(gradients, reference(start, gradients), strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        assert keras.ops.convert_to_numpy(variable) == pytest.approx(expected, abs=2e-6)
        branches.append(rectified)
    assert branches[:4] == [False] * 4
    assert all(branches[5:])


def test_first_steps_do_not_depend_on_the_size_of_the_second_moment() -> None:
    variable = keras.Variable(np.zeros(1, np.float32))
    optimizer = RectifiedAdam(0.1)
    optimizer.apply([np.array([20.0], np.float32)], [variable])
    assert keras.ops.convert_to_numpy(variable) == pytest.approx([-2.0])


def test_configuration_makes_the_same_optimizer_again() -> None:
    optimizer = RectifiedAdam(2e-4, 0.8, 0.95, 1e-6, clipnorm=1.0)
    config = keras.optimizers.serialize(optimizer)
    again = keras.optimizers.deserialize(config)
    assert isinstance(again, RectifiedAdam)
    assert keras.optimizers.serialize(again) == config


def test_saved_state_goes_on_where_it_stopped(gradients: np.ndarray) -> None:
    def moved(variable: keras.Variable, optimizer: RectifiedAdam, some: np.ndarray) -> np.ndarray:
        for gradient in some:
            optimizer.apply([gradient], [variable])
        return np.array(keras.ops.convert_to_numpy(variable))

    whole, split = keras.Variable(np.ones((4, 3), np.float32)), keras.Variable(np.ones((4, 3), np.float32))
    expected = moved(whole, RectifiedAdam(RATE), gradients)
    first, second = RectifiedAdam(RATE), RectifiedAdam(RATE)
    moved(split, first, gradients[:20])
    second.build([split])
    state: dict[str, np.ndarray] = {}
    first.save_own_variables(state)
    second.load_own_variables(state)
    assert moved(split, second, gradients[20:]) == pytest.approx(expected, abs=1e-6)
