"""The binding: what of the scatter of an injection's frames is motion, and what is noise."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pytest import approx

from tavi_perception.tracking.binding import Binding, _excess
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.pose import AnnulusPose

_UNITS = np.array([30.0, 20.0, 0.02])
"""px, px and rad: of very different size."""


def covariance(of: np.ndarray) -> np.ndarray:
    """(3, 3) positive definite, of any (3, 3) numbers."""
    return (of @ of.T + 0.1 * np.eye(3)) * np.outer(_UNITS, _UNITS)


matrices = arrays(np.float64, (3, 3), elements=st.floats(-1.0, 1.0))


@given(matrices, matrices)
def test_what_exceeds_the_noise_is_the_difference_where_all_of_it_does(motion, noise):
    expected, noise = covariance(motion), covariance(noise)
    found = _excess(expected + noise, noise)
    assert found / np.outer(_UNITS, _UNITS) == approx(expected / np.outer(_UNITS, _UNITS), rel=1e-6, abs=1e-9)


@given(matrices, matrices)
def test_no_angle_moves_by_more_than_it_scatters(scatter, noise):
    scatter, noise = covariance(scatter), covariance(noise)
    found = _excess(scatter, noise)
    assert (np.linalg.eigvalsh(found / np.outer(_UNITS, _UNITS)) > -1e-9).all()
    assert found[2, 2] <= scatter[2, 2] * (1.0 + 1e-9)


@given(matrices)
def test_a_scatter_below_the_noise_is_no_motion(noise):
    noise = covariance(noise)
    assert _excess(0.9 * noise, noise) / np.outer(_UNITS, _UNITS) == approx(np.zeros((3, 3)), abs=1e-9)


CONFIG = TrackingConfig()


def learned(binding: Binding, scene, start: float, scatter: float = 0.0) -> Binding:
    """``binding`` after an injection whose frames scatter by so many px; each states 2 px."""
    rng, noise = np.random.default_rng(1), np.diag([4.0, 4.0, 4e-4])
    for i in range(30):
        origin = np.array(scene.origin) + rng.normal(0.0, scatter, 2)
        pose = AnnulusPose(origin, 0.0, noise, 130.0)
        binding.learn(pose, scene.keypoints(), np.zeros(4), start + i / 15, CONFIG)
    return binding


def after_injections(scene, count: int) -> np.ndarray:
    """(3, 3) stated covariance, common to all frames, of what ``count`` injections alike have taught."""
    binding = None
    for injection in range(count):
        binding = learned(Binding(binding), scene, 8.0 * injection)
    return binding.estimate(CONFIG).correlated(CONFIG)


@given(count=st.integers(2, 9))
def test_of_the_noise_that_frames_share_only_what_injections_do_not_share_averages_out(scene, count):
    shared = CONFIG.patient_noise + (1.0 - CONFIG.patient_noise) / count
    left = np.trace(after_injections(scene, count)) / np.trace(after_injections(scene, 1))
    assert shared - 1e-9 <= left < 1.0


def test_an_injection_that_scattered_counts_little_beside_one_that_did_not(scene):
    scattered = learned(Binding(), scene, 0.0, scatter=10.0)
    both = learned(Binding(scattered), scene, 8.0).estimate(CONFIG)
    assert np.trace(both.residual) < 0.05 * np.trace(scattered.estimate(CONFIG).residual)
    assert both.offset == approx(learned(Binding(), scene, 8.0).estimate(CONFIG).offset, abs=0.1)
