"""Frames in quick succession are answered with what was seen in the whole of one just before."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.estimates import Keypoints
from tavi_perception.foresight import Foresight

GEOMETRY = CArmGeometry(1.0, 0.7, 0.00024, 40, 40, calibration=Calibration.GEOMETRY)


RNG = np.random.default_rng(3)
SCENE = np.clip(cv2.resize(RNG.normal(128, 40, (6, 6)), (200, 200)), 0, 255).astype(np.uint8)


def frame(i, scene=SCENE) -> np.ndarray:
    """Frame ``i`` of a scene: it bears its number in a corner."""
    image = scene.copy()
    image[0, 0] = i
    return image


class Halves:
    """Of a network that notes which frames it was shown."""

    def __init__(self) -> None:
        self.looks: list[int] = []
        self.answers: list[tuple[int, int | None]] = []
        """Each frame that was answered, and the one whose look it was answered with."""

    def look(self, image):
        self.looks.append(int(image[0, 0]))
        return {"seen": np.float32(image[0, 0])}

    def predict(self, image, context=None):
        self.answers.append((int(image[0, 0]), None if context is None else int(context["seen"])))
        return Keypoints.absent(image.shape[1], image.shape[0])


def shown(stamps, geometries=None, scenes=None, early=None) -> Halves:
    """A network that was shown frames 0, 1, … at these stamps (s); ``early``: looked ahead after each."""
    halves = Halves()
    foresight = Foresight(halves.predict, halves)
    for i, stamp in enumerate(stamps):
        image = frame(i, scenes[i] if scenes else SCENE)
        foresight.keypoints(image, stamp, geometries[i] if geometries else GEOMETRY)
        if early and early[i]:
            foresight.look_ahead()
    return halves


def at(rate, count=6) -> list[float]:
    return [i / rate for i in range(count)]


def test_at_thirty_frames_a_second_every_other_is_looked_at():
    halves = shown(at(30.0, 8))
    assert halves.answers == [(0, None), (1, 1), (2, 1), (3, 1), (4, 3), (5, 3), (6, 5), (7, 5)]
    assert halves.looks == [1, 3, 5]


def test_at_sixty_frames_a_second_every_third_is_looked_at():
    halves = shown(at(60.0, 9))
    assert halves.answers == [(0, None), *((i, 1 + 3 * max(0, (i - 2) // 3)) for i in range(1, 9))]
    assert halves.looks == [1, 4, 7]


@pytest.mark.parametrize("rate", [1.0, 7.5, 15.0, 20.0])
def test_slow_frames_stand_alone_and_cost_no_look(rate):
    halves = shown(at(rate))
    assert halves.answers == [(i, None) for i in range(6)]
    assert not halves.looks


def test_after_a_gap_a_frame_stands_alone():
    halves = shown([0.0, 0.03, 0.06, 0.2, 0.23, 0.26])
    assert halves.answers == [(0, None), (1, 1), (2, 1), (3, None), (4, 4), (5, 4)]


@pytest.mark.parametrize("stamp", [0.06, 0.0, -1.0])
def test_a_frame_that_is_not_later_stands_alone(stamp):
    assert shown([0.0, 0.03, 0.06, stamp]).answers[-1] == (3, None)


def test_a_frame_of_another_view_stands_alone():
    turned = replace(GEOMETRY, primary_angle=0.1)
    halves = shown(at(30.0, 5), geometries=[GEOMETRY] * 3 + [turned] * 2)
    assert halves.answers == [(0, None), (1, 1), (2, 1), (3, 3), (4, 3)]


def test_a_frame_of_another_size_stands_alone():
    assert shown(at(30.0, 4), scenes=[SCENE] * 3 + [SCENE[:150]]).answers[-1] == (3, 3)


OTHERS = {
    "flat": np.full_like(SCENE, 128),
    "noise": RNG.integers(0, 255, SCENE.shape).astype(np.uint8),
    "half": np.where(np.arange(200) < 100, SCENE, 0).astype(np.uint8),
    "mirrored": SCENE[:, ::-1],
    "aside": np.roll(SCENE, 6, 1),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_frame_that_shows_something_else_stands_alone(name):
    scenes = [SCENE] * 3 + [OTHERS[name], SCENE]
    assert shown(at(30.0, 5), scenes=scenes).answers[3] == (3, 3)


def test_noise_and_exposure_do_not_make_a_frame_another():
    noisy = [np.clip(0.9 * SCENE + RNG.normal(10, 8, SCENE.shape), 0, 255).astype(np.uint8) for _ in range(4)]
    assert shown(at(30.0, 4), scenes=noisy).answers[-1] == (3, 1)


@given(
    st.lists(st.floats(0.001, 0.1), min_size=1, max_size=12),
    st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_answers_do_not_depend_on_when_one_looks_ahead(steps, early):
    stamps = np.cumsum(steps).tolist()
    assert shown(stamps, early=early).answers == shown(stamps).answers


def test_after_it_has_forgotten_a_frame_stands_alone():
    halves = Halves()
    foresight = Foresight(halves.predict, halves)
    for i, stamp in enumerate(at(30.0, 4)):
        if i == 3:
            foresight.forget()
        foresight.keypoints(frame(i), stamp, GEOMETRY)
    assert halves.answers[-1] == (3, None)


def test_a_network_without_halves_sees_every_frame_alone():
    halves = Halves()
    foresight = Foresight(halves.predict, None)
    for i, stamp in enumerate(at(30.0)):
        foresight.keypoints(frame(i), stamp, GEOMETRY)
        foresight.look_ahead()
    assert halves.answers == [(i, None) for i in range(6)]
