"""Calibration makes the stated covariances cover the errors, and thresholds the best F1."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.calibration import (
    best_threshold,
    evidence,
    fit_covariance,
    fit_presence,
    foreign_offset,
    identity,
)


@pytest.mark.parametrize("true_factor", [0.3, 1.0, 4.0])
def test_covariance_covers_the_errors_after_calibration(true_factor: float) -> None:
    rng = np.random.default_rng(0)
    sigma = rng.uniform(1.0, 5.0, (4000, 2))
    raw = np.einsum("ni,ij->nij", sigma**2, np.eye(2))
    error = rng.normal(size=(4000, 2)) * sigma * np.sqrt(true_factor)
    _, factor, floor = fit_covariance(error, raw, np.zeros_like(raw))
    stated = np.sqrt(np.diagonal(factor * raw + floor * np.eye(2), axis1=-2, axis2=-1))
    assert factor == pytest.approx(true_factor, rel=0.15)
    assert np.mean(np.abs(error) <= stated) == pytest.approx(0.683, abs=0.02)
    assert np.mean(np.abs(error) <= 2 * stated) == pytest.approx(0.954, abs=0.01)


def test_errors_that_patches_cannot_know_widen_the_covariance_by_that_of_the_first_estimate() -> None:
    rng = np.random.default_rng(0)
    first = np.where(rng.random(4000) < 0.5, 4.0, 400.0)[:, None, None] * np.eye(2)
    patch = np.tile(np.eye(2), (4000, 1, 1))
    error = rng.normal(size=(4000, 2)) * np.sqrt(1.0 + 0.1 * first[:, 0, :1])
    blend, factor, _ = fit_covariance(error, patch, first)
    assert factor * blend == pytest.approx(0.1, rel=0.2)


def test_shares_within_sigmas_are_kept_where_errors_have_long_tails() -> None:
    rng = np.random.default_rng(0)
    error = rng.standard_t(3, size=(4000, 2))
    raw = np.tile(np.eye(2), (4000, 1, 1))
    _, factor, floor = fit_covariance(error, raw, np.zeros_like(raw))
    sigma = np.sqrt(factor + floor)
    assert 0.60 <= np.mean(np.abs(error) <= sigma) <= 0.76
    assert 0.91 <= np.mean(np.abs(error) <= 2 * sigma) <= 0.98


@pytest.mark.parametrize("shape", [(0.3, 0.3), (0.2, 0.8), (1.0, 3.0), (2.0, 0.5)])
def test_threshold_is_nearly_the_best_there_is_for_calibrated_probabilities(
    shape: tuple[float, float],
) -> None:
    rng = np.random.default_rng(2)
    presence = rng.beta(*shape, 40_000)
    visible = rng.random(40_000) < presence
    chosen = best_threshold(presence[:20_000], visible[:20_000], np.zeros(20_000, np.int64))

    def f1(threshold: float) -> float:
        said, true = presence[20_000:] >= threshold, visible[20_000:]
        return 2 * float((said & true).sum()) / float(said.sum() + true.sum())

    assert f1(chosen) > max(map(f1, np.linspace(0.05, 0.95, 91))) - 0.003


def test_what_can_be_told_apart_is_told_apart_at_one_half() -> None:
    visible = np.array([True] * 50 + [False] * 50)
    presence = np.where(visible, 0.9, 0.1)
    assert best_threshold(presence, visible, np.zeros(100, np.int64)) == 0.5


def test_a_set_that_never_shows_a_landmark_says_nothing_about_its_threshold() -> None:
    visible = np.array([True] * 50 + [False] * 150)
    presence = np.where(visible, 0.9, 0.1)
    presence[::7] = 0.5
    alone = best_threshold(presence[:100], visible[:100], np.zeros(100, np.int64))
    assert best_threshold(presence, visible, np.repeat([0, 1], 100)) == alone
    assert best_threshold(presence[100:], visible[100:], np.zeros(100, np.int64)) == 0.5


def test_presence_learns_from_what_is_said_of_other_landmarks() -> None:
    """The logit of the landmark itself tells nothing here, that of another one everything."""
    rng = np.random.default_rng(0)
    visible = rng.random(2000) < 0.4
    presence = np.full((2000, 11), 0.5)
    presence[:, 3] = np.where(visible, 0.9, 0.2)
    seen = evidence(presence, np.tile(np.eye(2), (2000, 11, 1, 1)))
    said = expit(seen @ fit_presence(seen, visible))
    assert said[visible].min() > 0.8
    assert said[~visible].max() < 0.2


def test_presence_is_left_alone_where_nothing_can_be_learned() -> None:
    presence = np.linspace(0.05, 0.95, 11)[None]
    seen = evidence(presence, np.tile(np.eye(2), (1, 11, 1, 1)))
    assert expit(seen @ identity().T) == pytest.approx(presence)


def test_few_frames_of_our_own_device_are_taken_for_foreign_ones_after_calibration() -> None:
    rng = np.random.default_rng(0)
    logits = np.concatenate([rng.normal(-2, 2, 20_000), rng.normal(9, 2, 5_000)])
    foreign = np.repeat([0.0, 1.0], [20_000, 5_000]).astype(np.float32)
    told = logits > foreign_offset(logits, foreign)
    assert np.mean(told[foreign == 0]) <= 0.0026
    assert np.mean(told[foreign == 1]) > 0.95


def test_a_network_that_tells_makes_apart_by_itself_is_left_as_it_is() -> None:
    foreign = np.array([0, 0, 1, np.nan], np.float32)
    assert foreign_offset(np.array([-5.0, -4.0, 6.0, 99.0]), foreign) == 0.0


def test_frames_of_unknown_make_calibrate_nothing() -> None:
    assert foreign_offset(np.array([5.0, 5.0]), np.full(2, np.nan, np.float32)) == 0.0
