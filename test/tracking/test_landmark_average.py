"""Frames are averaged where a landmark is, and others are seen in the average."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pytest import approx

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.estimates import Keypoints
from tavi_perception.inference.bundle import default_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import ANNULUS, Landmark
from tavi_perception.observation import Observation, SeenInAverage
from tavi_perception.pipeline import Pipeline
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.continuity import Continuation
from tavi_perception.tracking.landmark_average import Averages, LandmarkAverage

CONFIG = TrackingConfig()
GAP = CONFIG.injection_gap
NOISE = 12.0
"""Grey levels, of every pixel of a frame."""


class Beating:
    """A pigtail that moves, and two bright discs, the hinge points, that move with it.

    ``network`` sees the discs where they are brighter than the noise lets a single frame be.
    """

    def __init__(self, height: int, width: int) -> None:
        self.shape, self.unit = (height, width), max(height, width) / 100.0
        self.rng = np.random.default_rng(1)
        self.hinges = self.unit * np.array([[-12.0, 4.0], [9.0, 7.0]])
        self.shown: list[NDArray[np.uint8]] = []

    def pigtail(self, index: int) -> np.ndarray:
        angle = 1.7 * index
        return self.unit * (np.array([40.0, 35.0]) + 3.0 * np.array([np.cos(angle), np.sin(2.0 * angle)]))

    def frame(self, index: int) -> np.ndarray:
        x, y = np.meshgrid(np.arange(self.shape[1]), np.arange(self.shape[0]))
        grey = 90.0 + self.rng.normal(0.0, NOISE, self.shape)
        for at in self.pigtail(index) + self.hinges:
            grey += 60.0 * np.exp(-(((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2.0 * self.unit**2)))
        return grey.clip(0, 255).astype(np.uint8)

    def observation(self, index: int, stamp: float | None = None, without: Sequence[int] = ()) -> Observation:
        height, width = self.shape
        found = Keypoints.absent(width, height)
        points = [point for point in (*ANNULUS, Landmark.PT) if point not in without]
        found.present[points] = found.measured[points] = True
        found.xy[Landmark.PT] = self.pigtail(index)
        found.xy[list(ANNULUS)] = self.pigtail(index) + self.hinges
        found.covariance[points] = np.eye(2)
        geometry = CArmGeometry(1.0, 0.7, 0.00024, width, height, calibration=Calibration.GEOMETRY)
        return Observation(index / 15 if stamp is None else stamp, found, geometry)

    def network(self, image: NDArray[np.uint8]) -> Keypoints:
        self.shown.append(image)
        found = Keypoints.absent(image.shape[1], image.shape[0])
        smooth = cv2.GaussianBlur(image.astype(np.float64), (0, 0), 3.0)
        for landmark in ANNULUS:  # AA1 lies to the left of AA2
            half = smooth.copy()
            middle = round(image.shape[1] * 0.39)
            half[:, middle:] = half[:, middle:] if landmark is Landmark.AA2 else 0.0
            half[:, :middle] = 0.0 if landmark is Landmark.AA2 else half[:, :middle]
            y, x = np.unravel_index(int(half.argmax()), half.shape)
            found.xy[landmark] = x, y
            found.covariance[landmark] = np.eye(2)
            found.present[landmark] = found.measured[landmark] = True
        return found


def root_average() -> LandmarkAverage:
    return LandmarkAverage((Landmark.PT,), ANNULUS, zoom=1.2, every=0.1)


def averaged(scene: Beating, frames: Sequence[int], average: LandmarkAverage) -> SeenInAverage | None:
    """What was seen last, after these frames."""
    for index in frames:
        average.add(scene.frame(index), scene.observation(index), GAP)
        average.look(scene.network)
    return average.seen


@pytest.mark.parametrize("shape", [(300, 300), (512, 512), (700, 1000), (1400, 1400)])
def test_hinge_points_are_told_from_the_pigtail_in_pixels_of_the_frames(shape):
    scene = Beating(*shape)
    seen = averaged(scene, range(15), root_average())
    assert seen is not None
    assert seen.offset == approx(scene.hinges, abs=0.4 * scene.unit)
    assert seen.covariance[0] == approx(np.eye(2) * (max(shape) / 512 / 1.2) ** 2)
    assert seen.stamp == 14 / 15


def test_turned_and_enlarged_the_average_tells_the_same_of_the_hinge_points():
    scene = Beating(512, 512)
    ways = ((1.0, 0.0), (1.2, -20.0), (0.8, 20.0))
    seen = averaged(
        scene, range(15), LandmarkAverage((Landmark.PT,), ANNULUS, zoom=1.2, every=0.0, ways=ways)
    )
    assert seen is not None
    assert seen.offset == approx(scene.hinges, abs=0.4 * scene.unit)
    assert seen.covariance[0] == approx(np.eye(2) * np.mean([zoom**-2 for zoom, _ in ways]) / 1.2**2)
    *_, turned, back, straight = scene.shown
    assert min(np.abs(straight.astype(int) - other).max() for other in (turned, back)) > 30


def test_what_moves_with_the_pigtail_stays_where_it_is_and_noise_averages_out():
    scene = Beating(512, 512)
    averaged(scene, range(25), root_average())
    one, many = (image.astype(float) for image in (scene.shown[0], scene.shown[-1]))
    empty = np.s_[400:, 200:]  # there is nothing but noise
    assert many[empty].std() < 0.35 * one[empty].std()
    assert many.max() == approx(150.0, abs=8.0)  # the discs are as bright as they are in one frame


def test_the_average_is_looked_at_ten_times_a_second_at_most():
    scene = Beating(300, 300)
    averaged(scene, range(15), root_average())
    assert len(scene.shown) == 8


def test_of_sixty_frames_a_second_every_other_is_taken_in():
    scene = Beating(300, 300)
    frames = [scene.frame(index) for index in range(31)]
    shown = []
    for step in (1, 2):
        average = root_average()
        for index in range(0, 31, step):
            average.add(frames[index], scene.observation(index, stamp=index / 60), GAP)
            average.look(scene.network)
        shown.append(scene.shown[-1])
    np.testing.assert_array_equal(*shown)


def test_a_frame_is_taken_in_once_however_often_is_looked():
    scene, average = Beating(300, 300), root_average()
    average.add(scene.frame(0), scene.observation(0), GAP)
    average.look(scene.network)
    average.look(scene.network)
    assert len(scene.shown) == 1


@pytest.mark.parametrize("missing", [*ANNULUS, Landmark.PT])
def test_a_frame_without_hinge_points_or_pigtail_is_left_out(missing):
    scene, average = Beating(300, 300), root_average()
    average.add(scene.frame(0), scene.observation(0, without=[missing]), GAP)
    average.look(scene.network)
    assert not scene.shown


def test_a_frame_out_of_order_is_left_out():
    scene, average = Beating(300, 300), root_average()
    late = scene.observation(0)
    late = replace(late, continuation=Continuation.OUT_OF_ORDER)
    average.add(scene.frame(0), late, GAP)
    average.look(scene.network)
    assert not scene.shown


@pytest.mark.parametrize(
    ("stamp", "continuation"),
    [(40.0, Continuation.CONTINUED), (25 / 15, Continuation.VIEW_CHANGED), (-9.0, Continuation.STEPPED_BACK)],
)
def test_another_injection_or_view_begins_another_average(stamp, continuation):
    scene, average = Beating(512, 512), root_average()
    averaged(scene, range(25), average)
    later = scene.observation(25, stamp=stamp)
    later = replace(later, continuation=continuation)
    average.add(scene.frame(25), later, GAP)
    average.look(scene.network)
    empty = np.s_[400:, 200:]
    assert scene.shown[-1][empty].std() == approx(scene.shown[0][empty].std(), rel=0.1)


def test_a_new_view_begins_another_average_though_its_first_frame_shows_no_pigtail():
    scene, average = Beating(512, 512), root_average()
    averaged(scene, range(25), average)
    first = scene.observation(25, without=[Landmark.PT])
    first = replace(first, continuation=Continuation.VIEW_CHANGED)
    average.add(scene.frame(25), first, GAP)
    averaged(scene, [26], average)
    empty = np.s_[400:, 200:]
    assert scene.shown[-1][empty].std() == approx(scene.shown[0][empty].std(), rel=0.1)


def test_answers_do_not_depend_on_who_looks_at_the_average():
    bundle = default_bundle()
    predictor = Predictor(bundle, bundle.cpu_runtime, 1)
    procedure = RenderedProcedure(7, 3.0, 15.0, 512)
    pipelines = Pipeline(predictor.predict), Pipeline(predictor.predict)
    stamps = set()
    for index in range(procedure.frame_count):
        frame = procedure.frame(index)
        late, early = (
            each.observe(frame.image, frame.time, procedure.geometry_at(index), CONFIG) for each in pipelines
        )
        pipelines[1].look_ahead()
        if late.hinges is not None:
            stamps.add(late.hinges.stamp)
            np.testing.assert_array_equal(late.hinges.offset, early.hinges.offset)
        assert (late.hinges is None) == (early.hinges is None)
    assert len(stamps) > 3


EDGE = [Landmark.FE1, Landmark.FE2]


class Opening(Beating):
    """The same discs as the corners of the inflow edge, which the network sees too far apart."""

    aside = np.array([[-2.0, 1.5], [2.0, -1.5]])
    """Of the network's places (px)."""

    def observation(self, index: int, stamp: float | None = None, without: Sequence[int] = ()) -> Observation:
        seen = super().observation(index, stamp)
        found = Keypoints.absent(seen.keypoints.width, seen.keypoints.height)
        points = [point for point in EDGE if point not in without]
        found.present[points] = found.measured[points] = True
        found.xy[EDGE] = self.pigtail(index) + self.hinges + self.aside
        found.covariance[points] = np.eye(2)
        return replace(seen, keypoints=found)

    def network(self, image: NDArray[np.uint8]) -> Keypoints:
        hinges = super().network(image)
        found = Keypoints.absent(hinges.width, hinges.height)
        for name in ("present", "xy", "covariance"):
            getattr(found, name)[EDGE] = getattr(hinges, name)[list(ANNULUS)]
        return found


def with_averages(scene: Opening, observations: Sequence[Observation]) -> Observation:
    """The last of these observations, with what was seen in the averages."""
    averages = Averages()
    for index, observation in enumerate(observations):
        averages.look(scene.network)
        seen = averages.update(scene.frame(index), observation, CONFIG)
    return seen


def test_the_inflow_edge_lies_about_its_registered_middle_as_the_average_shows_it():
    scene = Opening(512, 512)
    seen = with_averages(scene, [scene.observation(index) for index in range(12)])
    assert seen.keypoints.xy[EDGE] == approx(scene.pigtail(11) + scene.hinges, abs=0.8)
    assert seen.keypoints.xy[EDGE].mean(axis=0) == approx(
        (scene.pigtail(11) + scene.hinges).mean(axis=0), abs=0.6
    )


@pytest.mark.parametrize("missing", EDGE)
def test_an_inflow_edge_that_is_not_seen_whole_stays_as_the_network_sees_it(missing):
    scene = Opening(512, 512)
    last = scene.observation(11, without=[missing])
    seen = with_averages(scene, [*(scene.observation(index) for index in range(11)), last])
    np.testing.assert_array_equal(seen.keypoints.xy, last.keypoints.xy)


@pytest.mark.parametrize(
    "change",
    [{"stamp": 12.0}, {"continuation": Continuation.VIEW_CHANGED}, {"continuation": Continuation.AFTER_GAP}],
)
def test_after_a_gap_or_in_a_new_view_the_inflow_edge_is_as_the_network_sees_it(change):
    scene = Opening(512, 512)
    last = replace(scene.observation(11), **change)
    seen = with_averages(scene, [*(scene.observation(index) for index in range(11)), last])
    np.testing.assert_array_equal(seen.keypoints.xy, last.keypoints.xy)


def test_an_inflow_edge_that_the_average_does_not_show_any_more_stays_as_it_is_registered():
    scene, averages = Opening(512, 512), Averages()
    for index in range(12):
        network = (
            scene.network if index < 5 else lambda image: Keypoints.absent(image.shape[1], image.shape[0])
        )
        averages.look(network)
        seen = averages.update(scene.frame(index), scene.observation(index), CONFIG)
    np.testing.assert_array_equal(seen.keypoints.xy, scene.observation(11).keypoints.xy)


def test_frames_fade_from_an_average_with_its_memory():
    scene = Beating(300, 300)
    fading = LandmarkAverage((Landmark.PT,), ANNULUS, zoom=1.0, every=0.0, memory=0.2)
    lasting = LandmarkAverage((Landmark.PT,), ANNULUS, zoom=1.0, every=0.0)
    averaged(scene, range(40), fading)
    faded = scene.shown[-1][400:, 200:].std()
    averaged(scene, range(40), lasting)
    assert faded > 1.8 * scene.shown[-1][400:, 200:].std()
