from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import COUNT, Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.keypoint_filter import KeypointFilter

CONFIG = TrackingConfig()
WHITE = TrackingConfig(persistent_error=0.0)
"""For noise that is new in every frame."""
RATES = (3.75, 7.5, 15.0, 30.0)
CD = Landmark.CD


def seen_at(xy, sigma=1.0, presence=1.0, size=1000) -> Keypoints:
    """Every landmark seen at the same place, or each at its own."""
    return Keypoints(
        size,
        size,
        np.full(COUNT, presence),
        np.ones(COUNT, dtype=bool),
        np.ones(COUNT, dtype=bool),
        np.broadcast_to(np.asarray(xy, dtype=float), (COUNT, 2)).copy(),
        np.broadcast_to(sigma**2 * np.eye(2), (COUNT, 2, 2)).copy(),
    )


def settled(rate: float, xy=(400.0, 500.0), frames: int = 20) -> tuple[KeypointFilter, float]:
    keypoint_filter = KeypointFilter()
    stamps = 50.0 + np.arange(frames) / rate
    for stamp in stamps:
        keypoint_filter.update(seen_at(xy), stamp, CONFIG)
    return keypoint_filter, stamps[-1]


nothing = Keypoints.absent(1000, 1000)


@given(
    steps=st.lists(st.floats(0.01, 0.5), min_size=40, max_size=60),
    velocity=st.tuples(st.floats(-150, 150), st.floats(-150, 150)),
)
@settings(max_examples=30, deadline=None)
def test_steady_motion_is_followed_without_lag_at_irregular_stamps(steps, velocity):
    keypoint_filter = KeypointFilter()
    stamps = np.cumsum(steps)
    for stamp in stamps:
        truth = np.array([300.0, 300.0]) + stamp * np.asarray(velocity)
        result = keypoint_filter.update(seen_at(truth), stamp, CONFIG)
    assert np.allclose(result.xy, truth, atol=0.1)


@pytest.mark.parametrize("rate", RATES)
def test_stated_covariance_holds_the_scatter_of_the_error(rate):
    rng = np.random.default_rng(7)
    keypoint_filter = KeypointFilter()
    position, velocity, stamp, squared = np.full((COUNT, 2), 500.0), np.zeros((COUNT, 2)), 0.0, []
    for _ in range(400):
        step = rng.uniform(0.5, 1.5) / rate
        acceleration = rng.normal(0.0, CONFIG.acceleration * 1000, (COUNT, 2))
        position = position + step * velocity + step**2 / 2 * acceleration
        velocity = velocity + step * acceleration
        stamp += step
        result = keypoint_filter.update(
            seen_at(position + rng.normal(0.0, 3.0, (COUNT, 2)), 3.0), stamp, WHITE
        )
        error = (result.xy - position)[result.measured]
        inverse = np.linalg.inv(result.covariance[result.measured])
        squared += list(np.einsum("ni,nij,nj->n", error, inverse, error))
    assert np.mean(squared) == pytest.approx(2.0, abs=0.2)


def test_stated_covariance_holds_the_correlated_error_of_the_network():
    rng = np.random.default_rng(5)
    squared = []
    for _ in range(40):
        keypoint_filter = KeypointFilter()
        alike = rng.normal(0.0, 3.0 * np.sqrt(CONFIG.persistent_error), (COUNT, 2))
        for i in range(30):
            noise = rng.normal(0.0, 3.0, (COUNT, 2))
            result = keypoint_filter.update(seen_at(500.0 + alike + noise, 3.0), i / 15, CONFIG)
        error = result.xy - 500.0
        squared += list(np.einsum("ni,nij,nj->n", error, np.linalg.inv(result.covariance), error))
    assert np.mean(squared) == pytest.approx(2.0, abs=0.4)


def test_noise_on_a_resting_landmark_is_reduced():
    rng = np.random.default_rng(3)
    keypoint_filter = KeypointFilter()
    smooth = replace(CONFIG, acceleration=1.0)
    noise = rng.normal(0.0, 4.0, (300, COUNT, 2))
    errors = [
        keypoint_filter.update(seen_at(500.0 + n, 4.0), i / 30, smooth).xy - 500.0
        for i, n in enumerate(noise)
    ]
    assert np.std(errors[50:]) < 0.8 * np.std(noise)


@pytest.mark.parametrize("rate", RATES)
def test_a_landmark_is_bridged_for_the_bridging_time_and_no_longer(rate):
    keypoint_filter, last = settled(rate)
    for i in range(1, 15):
        result = keypoint_filter.update(nothing, last + i / rate, CONFIG)
        bridged = i / rate <= CONFIG.bridging_time
        assert result.present.tolist() == [bridged] * COUNT
        assert not result.measured.any()
        assert np.isfinite(result.xy).all() == bridged


def test_a_bridged_landmark_grows_uncertain():
    keypoint_filter, last = settled(15)
    first = keypoint_filter.update(nothing, last + 1 / 15, CONFIG).covariance[CD, 0, 0]
    second = keypoint_filter.update(nothing, last + 2 / 15, CONFIG).covariance[CD, 0, 0]
    assert first < second


def test_nothing_is_smoothed_across_a_gap_longer_than_the_bridging_time():
    keypoint_filter, last = settled(15)
    for i in range(1, 7):
        keypoint_filter.update(nothing, last + i / 15, CONFIG)
    result = keypoint_filter.update(seen_at((440.0, 500.0)), last + 7 / 15, CONFIG)
    assert (result.xy == [440.0, 500.0]).all()


@pytest.mark.parametrize("rate", [7.5, 15.0, 30.0])
def test_a_single_outlier_is_refused(rate):
    keypoint_filter, last = settled(rate)
    result = keypoint_filter.update(seen_at((600.0, 300.0)), last + 1 / rate, CONFIG)
    assert result.present.all()
    assert not result.measured.any()
    assert np.allclose(result.xy, [400.0, 500.0], atol=0.5)


def test_an_outlier_of_one_landmark_does_not_touch_the_others():
    keypoint_filter, last = settled(15)
    xy = np.full((COUNT, 2), [400.0, 500.0])
    xy[CD] += 200.0
    result = keypoint_filter.update(seen_at(xy), last + 1 / 15, CONFIG)
    assert result.measured.tolist() == [i != CD for i in range(COUNT)]


def test_consistent_outliers_become_the_landmark():
    keypoint_filter, last = settled(30)
    results = [keypoint_filter.update(seen_at((600.0, 300.0)), last + i / 30, CONFIG) for i in (1, 2, 3)]
    assert [bool(r.measured.all()) for r in results] == [False, False, True]
    assert (results[-1].xy == [600.0, 300.0]).all()


def test_outliers_that_disagree_with_one_another_do_not_become_the_landmark():
    keypoint_filter, last = settled(30)
    places = [(600.0, 300.0), (200.0, 300.0), (600.0, 800.0), (200.0, 800.0)]
    results = [keypoint_filter.update(seen_at(p), last + i / 30, CONFIG) for i, p in enumerate(places, 1)]
    assert not any(r.measured.any() for r in results)


def test_a_certain_landmark_appears_at_once():
    assert KeypointFilter().update(seen_at((400.0, 500.0), presence=0.95), 0.0, CONFIG).present.all()


def test_a_less_certain_landmark_appears_with_the_second_frame_that_agrees():
    keypoint_filter = KeypointFilter()
    results = [
        keypoint_filter.update(seen_at((400.0, 500.0), presence=0.6), i / 15, CONFIG) for i in range(2)
    ]
    assert [bool(r.present.all()) for r in results] == [False, True]


def test_a_landmark_without_covariance_gets_the_assumed_one():
    keypoints = replace(seen_at((400.0, 500.0)), covariance=np.full((COUNT, 2, 2), np.nan))
    result = KeypointFilter().update(keypoints, 0.0, WHITE)
    assert np.allclose(np.sqrt(result.covariance[:, 0, 0]), CONFIG.unknown_sigma * 1000, rtol=1e-3)


def test_a_measurement_stated_to_be_exact_is_survived():
    keypoint_filter = KeypointFilter()
    for i in range(5):
        result = keypoint_filter.update(seen_at((400.0, 500.0), sigma=0.0), i / 15, CONFIG)
    assert np.allclose(result.xy, [400.0, 500.0])


def test_presence_stays_that_of_the_network():
    keypoint_filter, last = settled(15)
    assert (keypoint_filter.update(nothing, last + 1 / 15, CONFIG).presence == 0.0).all()
