"""What stands still behind the moving heart is told from what moves."""

import numpy as np
import pytest

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import COUNT, Landmark
from tavi_perception.tracking.static_layer import StaticLayer

SIZE = 64
RATE = 15.0
SPINE = np.tile(np.linspace(60.0, 120.0, SIZE), (SIZE, 1)).astype(np.uint8)
"""What stands still."""


def keypoints(**places: tuple[float, float]) -> Keypoints:
    """In which landmarks are seen at places (px)."""
    xy = np.full((COUNT, 2), np.nan)
    for name, place in places.items():
        xy[Landmark[name]] = place
    present = np.isfinite(xy[:, 0])
    covariance = np.broadcast_to(np.eye(2), (COUNT, 2, 2))
    return Keypoints(SIZE, SIZE, present.astype(float), present, present, xy, covariance)


def beating(i: int) -> np.ndarray:
    """A dark square that a heart moves over the spine by many times its side."""
    image = SPINE.copy()
    row = 32 + round(24 * np.sin(2.0 * np.pi * i / RATE))
    image[row - 2 : row + 3, 30:35] = 10
    return image


def seen(frames: int, image=beating, found=None) -> StaticLayer:
    """A layer that has seen so many frames."""
    layer = StaticLayer()
    for i in range(frames):
        layer.update(image(i), found or keypoints(), 1.0 / RATE if i else np.nan)
    return layer


def test_it_holds_what_stands_still_and_little_of_what_moves():
    levels = seen(150).levels
    assert np.abs(levels - SPINE).max() < 20.0
    assert np.median(np.abs(levels - SPINE)) < 0.5


@pytest.mark.parametrize(("frames", "known"), [(2, False), (14, False), (17, True)])
def test_nothing_is_known_within_the_first_heart_beat(frames, known):
    assert (seen(frames).levels is not None) == known


def test_contrast_medium_does_not_become_a_part_of_it():
    layer = seen(150)
    before = layer.levels.copy()
    for _ in range(30):
        layer.update(np.full_like(SPINE, 20), keypoints(AA1=(20.0, 20.0)), 1.0 / RATE)
    np.testing.assert_array_equal(layer.levels, before)


def test_a_device_that_rests_does_not_become_a_part_of_it():
    layer = seen(150)
    device = keypoints(CP=(32.0, 10.0), CD=(32.0, 50.0))

    def covered(i: int) -> np.ndarray:
        image = beating(i)
        image[:51, 32] = 0
        return image

    for i in range(150):
        layer.update(covered(i), device, 1.0 / RATE)
    assert np.abs(layer.levels[:5, 32] - SPINE[:5, 32]).max() < 1.0


def test_images_of_another_size_begin_anew():
    layer = seen(150)
    layer.update(np.zeros((32, 48), np.uint8), keypoints(), 1.0 / RATE)
    assert layer.levels is None


def test_a_stamp_that_goes_back_teaches_nothing():
    layer = seen(150)
    before = layer.levels.copy()
    layer.update(np.zeros_like(SPINE), keypoints(), -1.0)
    np.testing.assert_array_equal(layer.levels, before)
