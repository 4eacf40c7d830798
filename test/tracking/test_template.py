"""A template is learned over frames until it says more than noise does."""

import numpy as np
import pytest
from moving_thing import RATE, SIGMA, SIZE, picture, place_at, seen_at

from tavi_perception.landmarks import Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.registration import LandmarkRegistration

CONFIG = TrackingConfig()

NOISE = 14.0
"""Of a picture in which little stands out (grey levels)."""


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def noisy(i: int, rng) -> np.ndarray:
    """A picture whose thing correlates by less than 0.1 with itself in another one."""
    return (picture(place_at(i), rng) + rng.normal(0.0, NOISE, (SIZE, SIZE))).clip(0, 255).astype(np.uint8)


def test_a_landmark_that_is_lost_in_the_noise_of_one_frame_is_registered_by_the_mean_of_several(rng):
    registration, errors, network = LandmarkRegistration(), [], []
    for i in range(90):
        seen = seen_at(place_at(i) + rng.normal(0.0, 2.0 * SIGMA, 2), sigma=2.0 * SIGMA)
        found = registration.update(noisy(i, rng), seen, i / RATE, CONFIG)
        errors.append(found.xy[Landmark.PT] - place_at(i))
        network.append(seen.xy[Landmark.PT] - place_at(i))
    assert np.std(errors[45:]) < 0.6 * np.std(network[45:])


def test_where_there_is_nothing_but_noise_the_network_s_place_and_uncertainty_are_kept(rng):
    registration = LandmarkRegistration()
    for i in range(60):
        seen = seen_at(place_at(i) + rng.normal(0.0, SIGMA, 2))
        image = rng.normal(128.0, 25.0, (SIZE, SIZE)).clip(0, 255).astype(np.uint8)
        found = registration.update(image, seen, i / RATE, CONFIG)
        assert found.xy[Landmark.PT] == pytest.approx(seen.xy[Landmark.PT])
        assert found.covariance[Landmark.PT, 0, 0] >= SIGMA**2
