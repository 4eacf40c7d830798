import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.carm import uncalibrated
from tavi_perception.estimates import AnnulusSource, Reason, Stage
from tavi_perception.landmarks import Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.validity import ANNULUS_RULES, DEVIATION_RULES

CONFIG = TrackingConfig()
RATE = 15.0
DEPTH = 20.0 * 0.00017
"""Of the scene (m)."""


def injected(scene, geometry, frames=20, start=100.0):
    """A tracker after an injection, the stamp of its last frame, and what it said of it."""
    tracker = scene.follower()
    for i in range(frames):
        frame = tracker.update(scene.keypoints(), start + i / RATE, geometry)
    return tracker, start + (frames - 1) / RATE, frame


@given(
    steps=st.lists(st.floats(0.02, 0.28), min_size=30, max_size=60),
    turn=st.floats(-3.1, 3.1),
    side=st.sampled_from([1, -1]),
)
@settings(max_examples=20, deadline=None)
def test_a_resting_device_is_measured_alike_with_and_without_contrast(scene, geometry, steps, turn, side):
    tracker = scene.follower()
    placed = scene.but(turn=turn, side=side)
    for i, stamp in enumerate(np.cumsum(steps)):
        frame = tracker.update(placed.but(contrast=i < 10).keypoints(), stamp, geometry)
        assert frame.deviation.valid == (i + 1 >= CONFIG.binding_frames)
        assert frame.deviation.depth == pytest.approx(scene.depth * scene.metres_per_px)
    assert frame.annulus.source is AnnulusSource.PIGTAIL


@pytest.mark.parametrize("step", [0.0, -0.05, -0.9])
def test_a_doubled_or_late_frame_is_a_time_jump_and_leaves_no_trace(scene, geometry, step):
    tracker, last, before = injected(scene, geometry)
    late = tracker.update(scene.but(depth=60.0).keypoints(), last + step, geometry)
    after = tracker.update(scene.keypoints(), last + 1 / RATE, geometry)
    assert (late.annulus.reasons, late.deviation.reasons) == (Reason.TIME_JUMP, Reason.TIME_JUMP)
    assert after.deviation.valid
    assert after.deviation.depth == pytest.approx(before.deviation.depth)


@pytest.mark.parametrize("step", [1.5, 600.0, -1.5, -90.0])
def test_a_jump_in_time_makes_its_frame_invalid_and_drops_the_binding(scene, geometry, step):
    tracker, last, _ = injected(scene, geometry)
    jump = tracker.update(scene.keypoints(), last + step, geometry)
    after = tracker.update(scene.but(contrast=False).keypoints(), last + step + 1 / RATE, geometry)
    assert Reason.TIME_JUMP in jump.annulus.reasons
    assert Reason.TIME_JUMP in jump.deviation.reasons
    assert not (jump.annulus.valid or jump.deviation.valid)
    assert after.deviation.reasons == Reason.NO_ANNULUS


def test_after_a_jump_enough_frames_with_contrast_are_valid_again(scene, geometry):
    tracker, last, _ = injected(scene, geometry)
    stamps = last + 5.0 + np.arange(CONFIG.binding_frames) / RATE
    found = [tracker.update(scene.keypoints(), stamp, geometry).deviation for stamp in stamps]
    assert [each.valid for each in found] == [False] * (CONFIG.binding_frames - 1) + [True]


def test_the_first_frames_of_an_injection_are_not_acted_on_yet(scene, geometry):
    tracker = scene.follower()
    found = [
        tracker.update(scene.keypoints(), i / RATE, geometry).deviation for i in range(CONFIG.binding_frames)
    ]
    assert [each.reasons for each in found[: CONFIG.binding_frames - 1]] == [Reason.LOW_CONFIDENCE] * (
        CONFIG.binding_frames - 1
    )
    assert found[-1].valid


def test_the_first_frame_is_no_time_jump(scene, geometry):
    assert Reason.TIME_JUMP not in scene.follower().update(scene.keypoints(), 1e9, geometry).deviation.reasons


def test_the_device_is_remembered_over_a_pause(scene, geometry):
    tracker, last, _ = injected(scene, geometry)
    frame = tracker.update(scene.but(extraction=0.3).keypoints(), last + 20.0, geometry)
    assert frame.deviation.extraction == pytest.approx(0.3)


def test_a_new_procedure_remembers_no_device(scene, geometry):
    tracker, last, _ = injected(scene, geometry)
    frame = tracker.update(scene.but(extraction=0.3).keypoints(), last - 100.0, geometry)
    assert frame.deviation.extraction == pytest.approx(0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"primary_angle": 0.2},
        {"secondary_angle": -0.2},
        {"source_to_detector": 1.05},
        {"source_to_object": 0.75},
        {"imager_pixel_spacing": 0.0002},
    ],
)
def test_a_move_of_the_c_arm_drops_the_binding(scene, geometry, change):
    tracker, last, _ = injected(scene, geometry)
    frame = tracker.update(
        scene.but(contrast=False).keypoints(), last + 1 / RATE, replace(geometry, **change)
    )
    assert frame.annulus.reasons == Reason.NO_ANNULUS


def test_a_slow_drift_of_the_c_arm_adds_up_to_a_move(scene, geometry):
    tracker, last, _ = injected(scene, geometry)
    keypoints = scene.but(contrast=False).keypoints()
    reasons = [
        tracker.update(keypoints, last + i / RATE, replace(geometry, primary_angle=i * 0.001)).annulus.reasons
        for i in range(1, 12)
    ]
    assert reasons[0] == Reason.NONE
    assert reasons[-1] == Reason.NO_ANNULUS


def test_trembling_of_the_geometry_does_not_drop_the_binding(scene, geometry):
    tracker, last, _ = injected(scene, geometry)
    trembling = replace(geometry, primary_angle=0.002, source_to_detector=1.001)
    frame = tracker.update(scene.but(contrast=False).keypoints(), last + 1 / RATE, trembling)
    assert frame.annulus.valid


def test_another_image_size_drops_the_binding(scene, geometry):
    tracker, last, _ = injected(scene, geometry)
    keypoints = scene.but(contrast=False, size=512).keypoints()
    assert tracker.update(keypoints, last + 1 / RATE, geometry).annulus.reasons == Reason.NO_ANNULUS


def test_uncalibrated_images_have_a_carried_annulus_but_no_valid_deviation(scene):
    tracker, last, _ = injected(scene, uncalibrated(1000, 1000))
    keypoints = scene.but(contrast=False).keypoints()
    frame = tracker.update(keypoints, last + 1 / RATE, uncalibrated(1000, 1000))
    assert frame.annulus.valid
    assert frame.deviation.reasons == Reason.UNCALIBRATED
    assert math.isnan(frame.deviation.depth)
    assert frame.deviation.stage is Stage.POSITIONING


def test_a_doubled_uncalibrated_frame_still_says_uncalibrated(scene):
    tracker, last, _ = injected(scene, uncalibrated(1000, 1000))
    frame = tracker.update(scene.keypoints(), last, uncalibrated(1000, 1000))
    assert frame.deviation.reasons == Reason.TIME_JUMP | Reason.UNCALIBRATED


def test_an_empty_frame_says_what_is_missing(scene, geometry):
    everything = tuple(Landmark)
    frame = scene.follower().update(scene.keypoints(hide=everything), 0.0, geometry)
    assert frame.annulus.reasons == Reason.NO_ANNULUS
    assert frame.deviation.reasons == Reason.NO_ANNULUS | Reason.DEVICE_NOT_VISIBLE


def test_a_short_loss_of_the_device_is_bridged_with_low_confidence_and_a_long_one_reported(scene, geometry):
    tracker, last, before = injected(scene, geometry)
    hidden = scene.keypoints(hide=(Landmark.CD,))
    frames = [tracker.update(hidden, last + i / 30, geometry) for i in range(1, 14)]
    assert frames[0].deviation.depth == pytest.approx(before.deviation.depth, abs=1e-3)
    assert frames[1].deviation.reasons == Reason.LOW_CONFIDENCE
    assert not frames[0].keypoints.measured[Landmark.CD]
    assert frames[-1].deviation.reasons == Reason.DEVICE_NOT_VISIBLE


def test_a_sudden_jump_of_the_depth_is_implausible(scene, geometry):
    tracker, last, before = injected(scene, geometry)
    other = scene.but(depth=-80.0).keypoints()
    frames = [tracker.update(other, last + i / RATE, geometry) for i in range(1, 4)]
    held = [f.deviation.depth == pytest.approx(before.deviation.depth, abs=1e-4) for f in frames]
    assert held[0] and not held[2]
    assert not any(f.deviation.valid for f, same in zip(frames, held, strict=True) if not same)
    assert Reason.IDENTITY_DOUBTFUL in frames[2].deviation.reasons


def test_parameters_changed_between_frames_hold_from_the_next_frame_on(scene, geometry):
    tracker, last, before = injected(scene, geometry)
    tracker.config = TrackingConfig(target_depth=0.010)
    after = tracker.update(scene.keypoints(), last + 1 / RATE, geometry)
    assert (before.deviation.within_tolerance, after.deviation.within_tolerance) == (True, False)
    assert after.deviation.depth_error == pytest.approx(after.deviation.depth - 0.010)


def test_the_same_frames_give_the_same_answer(scene, geometry):
    first, second = injected(scene, geometry)[2], injected(scene, geometry)[2]
    assert np.array_equal(first.keypoints.xy, second.keypoints.xy, equal_nan=True)
    assert first.deviation.depth == second.deviation.depth
    assert first.deviation.depth_sigma == second.deviation.depth_sigma


def test_a_stamp_that_is_no_number_is_refused(scene, geometry):
    with pytest.raises(ValueError, match="stamp is nan"):
        scene.follower().update(scene.keypoints(), math.nan, geometry)


def test_every_reason_of_tracking_has_a_rule():
    ruled = Reason.MODEL_NOT_READY | Reason.IMAGE_STALE | Reason.IMAGE_REJECTED | Reason.PROCESSING_FAILED
    for rule in (*ANNULUS_RULES, *DEVIATION_RULES):
        ruled |= rule.reason
    assert all(reason in ruled for reason in filter(None, Reason))


def test_a_slipped_pigtail_leaves_no_valid_deviation_until_the_next_injection(scene, geometry):
    tracker, last, _ = injected(scene, geometry)
    slipped = scene.but(pigtail=(-70.0, 60.0), contrast=False)
    late = [tracker.update(slipped.keypoints(), last + i / RATE, geometry).deviation for i in range(1, 60)]
    wrong = [each for each in late if each.valid and each.depth != pytest.approx(DEPTH, abs=0.0005)]
    assert not wrong
    assert not late[-1].valid
    contrast = slipped.but(contrast=True)
    found = [tracker.update(contrast.keypoints(), last + i / RATE, geometry).deviation for i in range(60, 90)]
    assert found[-1].valid
    assert found[-1].depth == pytest.approx(DEPTH)


def test_heart_beats_of_nineteen_millimetres_are_followed(scene, geometry):
    """The largest excursion of the simulator at its fastest rate, seen without noise."""
    tracker, reach = scene.follower(), 0.0095 / scene.metres_per_px
    for i in range(90):
        beat = reach * math.sin(2 * math.pi * 1.6 * i / RATE)
        x, y = scene.origin
        frame = tracker.update(scene.but(origin=(x, y + beat)).keypoints(), i / RATE, geometry)
        assert frame.deviation.depth == pytest.approx(DEPTH, abs=0.0003)


def second_injection(scene, geometry, error):
    """Depth (m) after two injections; the hinge points of the second are seen ``error`` px deeper."""
    tracker = scene.follower()
    normal = scene.in_image(np.array([[0.0, error]]))[0] - scene.origin
    shift = {point: tuple(normal) for point in (Landmark.AA1, Landmark.AA2)}
    bare = scene.but(contrast=False)
    for i in range(230):
        keypoints = bare.keypoints()
        if 30 <= i < 60:
            keypoints = scene.keypoints()
        if 130 <= i < 160:
            keypoints = scene.keypoints(shift=shift)
        frame = tracker.update(keypoints, i / RATE, geometry)
    assert frame.deviation.valid
    return frame.deviation.depth


def test_what_two_injections_teach_is_averaged(scene, geometry):
    depth = second_injection(scene, geometry, 3.0)
    assert depth == pytest.approx(DEPTH - 1.5 * scene.metres_per_px, abs=0.1 * scene.metres_per_px)


def test_an_injection_that_contradicts_the_one_before_takes_its_place(scene, geometry):
    depth = second_injection(scene, geometry, 40.0)
    assert depth == pytest.approx(DEPTH - 40.0 * scene.metres_per_px, abs=0.5 * scene.metres_per_px)
