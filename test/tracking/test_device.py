import math

import pytest

from tavi_perception.carm import Calibration, CArmGeometry, uncalibrated
from tavi_perception.estimates import DepthReference, Stage
from tavi_perception.landmarks import CATHETER, Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.device import DeviceTracker, device_from
from tavi_perception.tracking.stage import stage_of

CONFIG = TrackingConfig()


def follow(tracker, scene, geometry, frames=10, **seen):
    for _ in range(frames):
        state = tracker.update(scene.keypoints(**seen), geometry, CONFIG)
    return state


@pytest.mark.parametrize("calibrated", [True, False])
def test_sheathed_length_is_learned_and_extraction_counted_from_it(scene, geometry, calibrated):
    tracker = DeviceTracker()
    carm = geometry if calibrated else uncalibrated(1000, 1000)
    assert follow(tracker, scene, carm).extraction == pytest.approx(0.0)
    assert follow(tracker, scene.but(extraction=0.4), carm).extraction == pytest.approx(0.4)


def test_a_single_overlong_catheter_does_not_become_the_sheathed_length(scene, geometry):
    tracker = DeviceTracker()
    tracker.update(scene.but(sheathed=460.0).keypoints(), geometry, CONFIG)
    assert follow(tracker, scene, geometry).extraction == pytest.approx(0.0)


def test_sheathed_length_of_the_parameter_counts_from_the_first_frame(scene, geometry):
    config = TrackingConfig(sheathed_length=scene.sheathed * scene.metres_per_px / 0.8)
    assert DeviceTracker().update(scene.keypoints(), geometry, config).extraction == pytest.approx(0.2)
    assert device_from(scene.keypoints(), geometry, config).extraction == pytest.approx(0.2)


def test_extraction_is_unknown_when_the_device_was_never_seen_sheathed(scene, geometry):
    state = follow(DeviceTracker(), scene.but(extraction=0.6, edge=True), geometry)
    assert math.isnan(state.extraction)
    assert state.stage is Stage.DEPLOYMENT


def test_extraction_stays_within_nothing_and_all(scene, geometry):
    config = TrackingConfig(sheathed_length=0.03)
    assert device_from(scene.keypoints(), geometry, config).extraction == 0.0


def test_sheathed_length_outlives_a_change_of_magnification(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene, geometry)
    pitch = geometry.imager_pixel_spacing / 2
    zoomed = CArmGeometry(1.0, 0.7, pitch, 1000, 1000, calibration=Calibration.GEOMETRY)
    larger = scene.but(sheathed=2 * scene.sheathed, extraction=0.5)
    assert tracker.update(larger.keypoints(), zoomed, CONFIG).extraction == pytest.approx(0.5)


def test_reference_goes_to_the_inflow_edge_after_it_was_seen_for_some_frames(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene, geometry)
    open_device = scene.but(extraction=0.3, edge=True)
    references = [tracker.update(open_device.keypoints(), geometry, CONFIG).reference for _ in range(3)]
    assert references == [DepthReference.CAPSULE, DepthReference.CAPSULE, DepthReference.STENT]


def test_reference_stays_with_the_inflow_edge_while_it_is_hidden(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene, geometry)
    follow(tracker, scene.but(extraction=0.3, edge=True), geometry)
    assert follow(tracker, scene.but(extraction=0.3), geometry).reference is DepthReference.STENT


def test_reference_returns_to_the_capsule_after_recapture(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene, geometry)
    follow(tracker, scene.but(extraction=0.3, edge=True), geometry)
    assert follow(tracker, scene, geometry).reference is DepthReference.CAPSULE


def test_an_implantation_runs_through_its_stages(scene, geometry):
    tracker = DeviceTracker()
    script = [
        (scene, (*CATHETER,)),
        (scene, ()),
        (scene.but(extraction=0.08), ()),
        (scene.but(extraction=0.3, edge=True), ()),
        (scene.but(extraction=0.8, edge=True), ()),
        (scene.but(extraction=1.0, edge=True), ()),
        (scene.but(extraction=1.0, edge=True), CATHETER),
        (scene, (*CATHETER, Landmark.FE1, Landmark.FE2)),
    ]
    stages = [follow(tracker, shown, geometry, hide=hidden).stage for shown, hidden in script]
    assert stages == [
        Stage.UNKNOWN,
        Stage.POSITIONING,
        Stage.RETRACTION,
        Stage.DEPLOYMENT,
        Stage.DEPLOYMENT,
        Stage.RELEASED,
        Stage.RELEASED,
        Stage.RELEASED,
    ]


def test_stage_does_not_flicker_with_single_frames(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene, geometry)
    shown = [scene.but(extraction=0.08), scene, scene.but(edge=True), scene] * 3
    assert {tracker.update(s.keypoints(), geometry, CONFIG).stage for s in shown} == {Stage.POSITIONING}


def test_retraction_ends_lower_than_it_starts(scene):
    keypoints = scene.keypoints()
    between = (CONFIG.retraction_start + CONFIG.retraction_end) / 2
    assert stage_of(keypoints, between, 360.0, CONFIG, Stage.POSITIONING) is Stage.POSITIONING
    assert stage_of(keypoints, between, 360.0, CONFIG, Stage.RETRACTION) is Stage.RETRACTION


def test_capsule_withdrawn_beyond_the_frame_is_a_release(scene):
    shift = {Landmark.CP: (-400.0, -600.0), Landmark.CD: (-400.0, -600.0)}
    keypoints = scene.but(edge=True).keypoints(shift=shift)
    assert stage_of(keypoints, 0.5, 360.0, CONFIG, Stage.DEPLOYMENT) is Stage.RELEASED


def test_an_inflow_edge_seen_while_the_capsule_covers_it_is_not_accepted(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene, geometry, frames=60)
    state = follow(tracker, scene.but(edge=True), geometry)
    assert (state.reference, state.stage) == (DepthReference.CAPSULE, Stage.POSITIONING)


def test_an_inflow_edge_that_comes_before_the_sheathed_length_is_known_is_doubted(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene, geometry, frames=20)
    state = follow(tracker, scene.but(edge=True), geometry, frames=30)
    assert state.doubted and state.reference is DepthReference.CAPSULE
    assert state.stage is Stage.POSITIONING
    assert not follow(tracker, scene, geometry, frames=1).doubted


def test_a_capsule_that_was_open_when_first_seen_is_doubted_for_three_seconds_only(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene.but(extraction=0.4), geometry, frames=10)
    assert follow(tracker, scene.but(extraction=0.4, edge=True), geometry, frames=45).doubted
    state = follow(tracker, scene.but(extraction=0.4, edge=True), geometry, frames=10)
    assert not state.doubted and state.reference is DepthReference.STENT


def test_an_inflow_edge_that_a_capsule_drawn_back_uncovers_is_accepted_at_once(scene, geometry):
    tracker = DeviceTracker()
    follow(tracker, scene, geometry, frames=20)
    state = follow(tracker, scene.but(extraction=0.3, edge=True), geometry)
    assert not state.doubted and state.reference is DepthReference.STENT


def test_an_inflow_edge_seen_first_of_all_is_accepted(scene, geometry):
    state = follow(DeviceTracker(), scene.but(edge=True, extraction=0.4), geometry)
    assert state.reference is DepthReference.STENT
