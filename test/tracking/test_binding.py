"""The binding: what of the scatter of an injection's frames is motion, and what is noise."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pytest import approx

from tavi_perception.landmarks import Landmark
from tavi_perception.observation import SeenInAverage
from tavi_perception.tracking.binding import Binding
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.injection import _excess
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


def learned(
    binding: Binding, scene, start: float, scatter: float = 0.0, aside: tuple[float, float] = (0.0, 0.0)
) -> Binding:
    """``binding`` after an injection whose frames scatter by so many px about ``aside``; each states 2 px."""
    rng, noise = np.random.default_rng(1), np.diag([4.0, 4.0, 4e-4])
    for i in range(30):
        origin = np.array(scene.origin) + aside + rng.normal(0.0, scatter, 2)
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


asides = st.tuples(st.floats(-6.0, 6.0), st.floats(-6.0, 6.0))
"""px by which an injection errs: up to seven standard deviations of what two of them differ by."""


@given(aside=asides)
def test_where_two_injections_differ_the_stated_noise_covers_both(scene, aside):
    first = learned(Binding(), scene, 0.0)
    both = learned(Binding(first), scene, 8.0, aside=aside).estimate(CONFIG)
    covariance = both.correlated(CONFIG) + both.residual
    for place in (np.zeros(2), np.array(aside)):
        off = both.offset - first.estimate(CONFIG).offset - place
        assert off @ np.linalg.inv(covariance[:2, :2]) @ off < 4.0


@given(aside=asides, first=st.booleans())
def test_of_two_injections_that_differ_the_third_decides(scene, aside, first):
    truth = learned(Binding(), scene, 0.0).estimate(CONFIG).offset
    one = learned(Binding(), scene, 0.0, aside=aside if first else (0.0, 0.0))
    two = learned(Binding(one), scene, 8.0, aside=(0.0, 0.0) if first else aside)
    three = learned(Binding(two), scene, 16.0).estimate(CONFIG)
    before, after = (np.linalg.norm(each.offset - truth) for each in (two.estimate(CONFIG), three))
    assert after <= before + 1e-6
    assert after < 0.5 * before or np.linalg.norm(aside) < 6.0


@given(aside=asides, times=st.integers(1, 4))
def test_injections_beside_an_open_stent_that_err_alike_do_not_outvote_the_one_before(scene, aside, times):
    opened = scene.but(edge=True, extraction=0.6)
    truth = learned(Binding(), scene, 0.0)
    last = truth
    for number in range(times):
        last = learned(Binding(last), opened, 8.0 * (number + 1), aside=aside)
    moved = last.estimate(CONFIG).offset - truth.estimate(CONFIG).offset
    covariance = last.estimate(CONFIG).correlated(CONFIG) + last.estimate(CONFIG).residual
    assert np.linalg.norm(moved) < 0.3 * np.linalg.norm(aside) or np.linalg.norm(aside) < 5.0
    assert moved @ np.linalg.inv(covariance[:2, :2]) @ moved < 4.0


def averaged(binding: Binding, scene, aside: float, stamp: float) -> Binding:
    """``binding``, which is told that the annulus is so many px aside in the average, each known to 1 px."""
    middle = scene.origin - scene.keypoints().xy[Landmark.PT]
    hinges = middle + np.array([[-65.0, aside], [65.0, aside]])
    binding.averaged(SeenInAverage(stamp, hinges, np.array([np.eye(2), np.eye(2)])))
    return binding


def test_what_is_seen_in_the_average_takes_the_place_of_the_mean_over_frames(scene):
    own = learned(Binding(), scene, 0.0).estimate(CONFIG)
    found = averaged(learned(Binding(), scene, 0.0), scene, 2.0, stamp=29 / 15).estimate(CONFIG)
    assert found.offset - own.offset == approx(np.array([0.0, 2.0]))
    assert found.noise[:2, :2] == approx(0.5 * np.eye(2))
    assert found.residual == approx(own.residual)


def test_an_average_that_contradicts_its_frames_is_left_out(scene):
    own = learned(Binding(), scene, 0.0).estimate(CONFIG)
    found = averaged(learned(Binding(), scene, 0.0), scene, 20.0, stamp=29 / 15).estimate(CONFIG)
    assert found.offset == approx(own.offset)


def test_an_average_with_a_frame_that_was_not_learned_from_is_left_out(scene):
    own = learned(Binding(), scene, 0.0).estimate(CONFIG)
    found = averaged(learned(Binding(), scene, 0.0), scene, 2.0, stamp=2.1).estimate(CONFIG)
    assert found.offset == approx(own.offset)
