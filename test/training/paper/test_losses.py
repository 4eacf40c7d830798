"""The paper's loss against NumPy, and what masking changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

import keras

from training.paper.configuration import Configuration
from training.paper.losses import loss

PAPER = Configuration()
MASKED = replace(PAPER, mask_absent=True)
Batch = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def batch() -> Batch:
    random = np.random.default_rng(5)
    visible = (random.random((6, 11)) > 0.5).astype(np.float32)
    targets = (random.random((6, 11, 2)) * visible[..., None]).astype(np.float32).reshape(6, 22)
    presence = random.uniform(0.05, 0.95, (6, 11)).astype(np.float32)
    return presence, random.random((6, 22)).astype(np.float32), visible, targets


def value(configuration: Configuration, batch: Batch) -> float:
    return float(loss(configuration, *(keras.ops.convert_to_tensor(array) for array in batch)))


def entropy(presence: np.ndarray, visible: np.ndarray) -> float:
    return float(-np.mean(visible * np.log(presence) + (1 - visible) * np.log(1 - presence)))


def test_loss_is_cross_entropy_and_ten_times_log_cosh(batch: Batch) -> None:
    presence, points, visible, targets = (array.astype(np.float64) for array in batch)
    expected = entropy(presence, visible) + 10 * np.mean(np.log(np.cosh(points - targets)))
    assert value(PAPER, batch) == pytest.approx(expected, rel=1e-5)


def test_masked_loss_averages_coordinates_of_visible_landmarks_only(batch: Batch) -> None:
    presence, points, visible, targets = (array.astype(np.float64) for array in batch)
    shown = np.repeat(visible, 2, axis=1) > 0
    expected = entropy(presence, visible) + 10 * np.mean(np.log(np.cosh((points - targets)[shown])))
    assert value(MASKED, batch) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("configuration", "moves"), [(PAPER, True), (MASKED, False)])
def test_coordinates_of_an_absent_landmark_count_only_without_mask(
    batch: Batch, configuration: Configuration, moves: bool
) -> None:
    presence, points, visible, targets = batch
    elsewhere = np.where(np.repeat(visible, 2, axis=1) > 0, points, 0.99).astype(np.float32)
    before, after = value(configuration, batch), value(configuration, (presence, elsewhere, visible, targets))
    assert (before != pytest.approx(after)) == moves


def test_masked_loss_of_frames_without_any_landmark_is_finite(batch: Batch) -> None:
    presence, points, visible, targets = batch
    assert np.isfinite(value(MASKED, (presence, points, 0 * visible, 0 * targets)))
