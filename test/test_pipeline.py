from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.carm import Calibration, CArmGeometry, uncalibrated
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.landmarks import Landmark
from tavi_perception.observation import Observation
from tavi_perception.pipeline import Pipeline, invalidated, nothing_known
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.continuity import Continuation
from tavi_perception.tracking.pigtail import PigtailFilter
from tavi_perception.tracking.tracker import TrackedFrame

CONFIG = TrackingConfig()
GEOMETRY = CArmGeometry(1.0, 0.7, 0.00024, 500, 500, calibration=Calibration.GEOMETRY)


def test_the_keypoints_of_each_image_reach_the_tracker_in_their_size():
    pipeline = Pipeline(lambda image: Keypoints.absent(image.shape[1], image.shape[0]))
    frame = pipeline.process(np.zeros((30, 40), np.uint8), 1.0, uncalibrated(40, 30), CONFIG)
    assert (frame.keypoints.width, frame.keypoints.height) == (40, 30)
    assert not frame.deviation.valid


def test_a_picture_that_repeats_itself_is_answered_alike_and_is_soon_not_valid_any_more():
    procedure = RenderedProcedure(7, 50.0, 15.0, 200)
    pipeline = Pipeline(wavering(procedure))
    image = procedure.frame(0).image
    stamps = (0.0, 0.1, 0.2, 0.3, 0.4)
    answers = [pipeline.process(image.copy(), stamp, procedure.geometry, CONFIG) for stamp in stamps]
    assert [Reason.IMAGE_STALE in each.deviation.reasons for each in answers] == [False] * 3 + [True] * 2
    assert not answers[-1].deviation.valid
    assert all(each.keypoints is answers[0].keypoints for each in answers)


def test_another_picture_after_a_frozen_one_is_processed_again():
    procedure = RenderedProcedure(7, 50.0, 15.0, 200)
    pipeline = Pipeline(wavering(procedure))
    for stamp in (0.0, 0.5):
        pipeline.process(procedure.frame(0).image, stamp, procedure.geometry, CONFIG)
    again = pipeline.process(procedure.frame(1).image, 0.6, procedure.geometry, CONFIG)
    assert Reason.IMAGE_STALE not in again.deviation.reasons


def wavering(procedure: RenderedProcedure):
    """A network that is right but for half a pixel this way or that, the same each time it is asked."""
    rng, truths = np.random.default_rng(1), iter(procedure.truth(i).keypoints for i in range(30))

    def predict(image):
        if image.shape != (procedure.geometry.image_height, procedure.geometry.image_width):
            return Keypoints.absent(image.shape[1], image.shape[0])  # an average
        found = next(truths)
        covariance = np.where(found.present[:, None, None], 0.25 * np.eye(2), np.nan)
        return replace(found, xy=found.xy + rng.normal(0.0, 0.5, found.xy.shape), covariance=covariance)

    return predict


def cd_of(pipeline: Pipeline, procedure: RenderedProcedure) -> np.ndarray:
    frames = (procedure.frame(i) for i in range(30))
    found = [pipeline.process(each.image, each.time, procedure.geometry, CONFIG) for each in frames]
    return np.array([each.keypoints.xy[Landmark.CD] for each in found])


def test_a_landmark_scatters_less_than_the_network_lets_it():
    procedure = RenderedProcedure(7, 50.0, 15.0, 500)
    network = wavering(procedure)
    raw = np.array([network(procedure.frame(0).image).xy[Landmark.CD] for _ in range(30)])
    true = np.array([procedure.truth(i).keypoints.xy[Landmark.CD] for i in range(30)])
    found = cd_of(Pipeline(wavering(procedure)), procedure)
    assert (found - true)[10:].std() < 0.7 * (raw - true)[10:].std()


def test_a_new_procedure_remembers_nothing_of_the_former():
    procedure = RenderedProcedure(7, 50.0, 15.0, 500)
    networks = [wavering(procedure), wavering(procedure)]
    pipeline = Pipeline(lambda image: networks[0](image))
    first = cd_of(pipeline, procedure)
    pipeline.reset()
    del networks[0]
    assert np.array_equal(cd_of(pipeline, procedure), first, equal_nan=True)


@pytest.mark.parametrize("reason", [Reason.MODEL_NOT_READY, Reason.IMAGE_REJECTED, Reason.IMAGE_STALE])
def test_when_nothing_is_known_nothing_is_valid_and_every_number_is_nan(reason):
    frame = nothing_known(40, 30, reason)
    assert not frame.annulus.valid and not frame.deviation.valid
    assert frame.annulus.reasons == frame.deviation.reasons == reason
    assert np.isnan(frame.deviation.depth) and np.isnan(frame.keypoints.xy).all()


def test_an_invalidated_frame_keeps_its_numbers_and_earlier_reasons():
    frame = TrackedFrame(
        Keypoints.absent(1, 1),
        AnnulusFrame(valid=True, x=3.0),
        CatheterDeviation(depth=0.002, within_tolerance=True, reasons=Reason.LOW_CONFIDENCE),
    )
    stale = invalidated(frame, Reason.IMAGE_STALE)
    assert (stale.annulus.x, stale.deviation.depth) == (3.0, 0.002)
    assert not stale.annulus.valid and not stale.deviation.within_tolerance
    assert stale.deviation.reasons == Reason.LOW_CONFIDENCE | Reason.IMAGE_STALE


SHIFTED = np.array([350.0, 120.0])


class Bright:
    """A bright ring about ``place`` (px), with quantum noise, and a network that sees PT there."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)
        self.place = np.array([100.0, 100.0])
        self.size = 500

    def image(self) -> np.ndarray:
        x, y = np.meshgrid(np.arange(self.size), np.arange(self.size))
        away = np.hypot(x - self.place[0], y - self.place[1])
        grey = 120.0 + self.rng.normal(0.0, 3.0, x.shape) + 60.0 * np.exp(-(((away - 6.0) / 2.0) ** 2))
        return grey.clip(0, 255).astype(np.uint8)

    def predict(self, image: np.ndarray) -> Keypoints:
        found = Keypoints.absent(image.shape[1], image.shape[0])
        found.present[Landmark.PT] = found.measured[Landmark.PT] = True
        found.xy[Landmark.PT] = self.place + self.rng.normal(0.0, 1.0, 2)
        found.covariance[Landmark.PT] = np.eye(2)
        return found


def registered(scatter_of: Callable[[Pipeline, Bright], Observation]) -> bool:
    """Whether the registration still knows, after 20 frames, what it had learned before."""
    scene = Bright()
    pipeline = Pipeline(scene.predict)
    for i in range(20):
        pipeline.observe(scene.image(), i / 15, GEOMETRY, CONFIG)
    seen = scatter_of(pipeline, scene)
    return bool(seen.keypoints.covariance[Landmark.PT, 0, 0] < 0.9)


def test_registration_goes_on_in_the_same_view():
    assert registered(lambda pipeline, scene: pipeline.observe(scene.image(), 20 / 15, GEOMETRY, CONFIG))


@pytest.mark.parametrize("stamp", [19 / 15 + 5.0, 19 / 15 - 5.0])
def test_registration_begins_anew_after_a_jump_in_time(stamp):
    assert not registered(lambda pipeline, scene: pipeline.observe(scene.image(), stamp, GEOMETRY, CONFIG))


@pytest.mark.parametrize(
    "change", [{"primary_angle": 0.2}, {"secondary_angle": -0.2}, {"source_to_object": 0.75}]
)
def test_registration_begins_anew_when_the_c_arm_moves(change):
    moved = replace(GEOMETRY, **change)
    assert not registered(lambda pipeline, scene: pipeline.observe(scene.image(), 20 / 15, moved, CONFIG))


def test_registration_begins_anew_in_another_size_of_image():
    def smaller(pipeline, scene):
        scene.size = 250
        return pipeline.observe(scene.image(), 20 / 15, GEOMETRY, CONFIG)

    assert not registered(smaller)


@pytest.mark.parametrize("late", [0.0, -0.5])
def test_a_repeated_or_late_frame_is_as_the_network_sees_it_and_changes_nothing(late):
    def out_of_order(pipeline, scene):
        scene.place = SHIFTED
        seen = pipeline.observe(scene.image(), 19 / 15 + late, GEOMETRY, CONFIG)
        assert seen.continuation is Continuation.OUT_OF_ORDER
        assert seen.keypoints.covariance[Landmark.PT, 0, 0] == 1.0
        scene.place = np.array([100.0, 100.0])
        return pipeline.observe(scene.image(), 20 / 15, GEOMETRY, CONFIG)

    assert registered(out_of_order)


@given(failing=st.integers(1, 25), rate=st.sampled_from([3.75, 15.0, 30.0]))
@settings(max_examples=10)
def test_after_a_frame_that_fails_the_next_one_starts_as_a_first(failing, rate):
    scene = Bright()
    fail = {failing}

    def predict(image):
        if count[0] in fail:
            raise RuntimeError("the network failed")
        return scene.predict(image)

    pipeline, count = Pipeline(predict), [0]
    for i in range(failing):
        count[0] = i
        pipeline.process(scene.image(), i / rate, GEOMETRY, CONFIG)
    count[0] = failing
    with pytest.raises(RuntimeError, match="the network failed"):
        pipeline.process(scene.image(), failing / rate, GEOMETRY, CONFIG)
    count[0] = failing + 1
    seen = pipeline.observe(scene.image(), (failing + 1) / rate, GEOMETRY, CONFIG)
    assert seen.continuation is Continuation.FIRST


def test_a_failure_of_the_tracker_leaves_nothing_half_updated(monkeypatch):
    scene = Bright()
    pipeline = Pipeline(scene.predict)
    for i in range(5):
        pipeline.process(scene.image(), i / 15, GEOMETRY, CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr(PigtailFilter, "update", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.process(scene.image(), 5 / 15, GEOMETRY, CONFIG)
    fresh = Pipeline(scene.predict)
    image, seed = scene.image(), scene.rng.bit_generator.state
    found = pipeline.process(image, 6 / 15, GEOMETRY, CONFIG)
    scene.rng.bit_generator.state = seed
    expected = fresh.process(image, 6 / 15, GEOMETRY, CONFIG)
    np.testing.assert_array_equal(found.keypoints.covariance, expected.keypoints.covariance)


def test_observations_that_were_kept_are_tracked_again_to_the_same_answer():
    scene = Bright()
    pipeline, again = Pipeline(scene.predict), Pipeline(scene.predict)
    for i in range(30):
        seen = pipeline.observe(scene.image(), i / 15, GEOMETRY, CONFIG)
        first, second = pipeline.track(seen, CONFIG), again.track(seen, CONFIG)
        np.testing.assert_array_equal(first.keypoints.xy, second.keypoints.xy)
        assert first.deviation.reasons == second.deviation.reasons
