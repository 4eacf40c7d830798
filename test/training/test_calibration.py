"""Calibration makes the stated covariances cover the errors, and thresholds the best F1."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.calibration import best_threshold, fit_covariance
from training.metrics import mahalanobis


@pytest.mark.parametrize("true_factor", [0.3, 1.0, 4.0])
def test_covariance_covers_the_errors_after_calibration(true_factor: float) -> None:
    rng = np.random.default_rng(0)
    sigma = rng.uniform(1.0, 5.0, (4000, 2))
    raw = np.einsum("ni,ij->nij", sigma**2, np.eye(2))
    error = rng.normal(size=(4000, 2)) * sigma * np.sqrt(true_factor)
    factor, floor = fit_covariance(error, raw)
    distance = mahalanobis(error, factor * raw + floor * np.eye(2))
    assert factor == pytest.approx(true_factor, rel=0.15)
    assert np.mean(distance <= 2) == pytest.approx(0.865, abs=0.01)
    assert np.mean(distance <= 1) == pytest.approx(0.393, abs=0.03)


def test_threshold_separates_what_can_be_separated() -> None:
    visible = np.array([True] * 50 + [False] * 50)
    presence = np.where(visible, 0.3, 0.1)
    assert 0.1 < best_threshold(presence, visible) <= 0.3
