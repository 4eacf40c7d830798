"""Injected faults: the deviation is right within its stated uncertainty, or invalid with the right reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tavi_perception.estimates import CatheterDeviation, Keypoints, Reason
from tavi_perception.landmarks import ANNULUS, CATHETER, INFLOW_EDGE, Landmark
from tavi_perception.tracking.config import TrackingConfig

RATES = (3.75, 7.5, 15.0, 30.0)
DEPTH, LATERAL = 20.0 * 0.00017, 6.0 * 0.00017
"""Of the scene (m)."""
CAPSULE_PX = 0.006 / 0.00017
"""Width of an 18 Fr capsule in the scene."""

SETTLED = TrackingConfig.binding_frames - 1
"""The first frame of an injection that may be acted on."""

AFTER_S = 3.0
"""How long a procedure is followed after its fault, which begins after an injection of 2 s."""


def course(scene, geometry, rate, faulty, *, contrast=False, config=None) -> list[CatheterDeviation]:
    """Deviations from the fault on. ``faulty(t)`` gives the keypoints of the time t (s) since it began."""
    tracker = scene.follower(config)
    for i in range(round(2.0 * rate)):
        assert tracker.update(scene.keypoints(), i / rate, geometry).deviation.valid == (i >= SETTLED)
    times = np.arange(round(AFTER_S * rate)) / rate
    rest = scene.but(contrast=contrast)
    return [
        tracker.update(faulty(t, rest), 2.0 + t, geometry, CAPSULE_PX).deviation for t in times
    ]  # fmt: skip


def right(deviation: CatheterDeviation) -> bool:
    """Depth and lateral lie within two stated standard deviations."""
    return (
        abs(deviation.depth - DEPTH) <= 2 * deviation.depth_sigma
        and abs(deviation.lateral - LATERAL) <= 2 * deviation.lateral_sigma
    )


def never_wrong(found: list[CatheterDeviation]) -> bool:
    return all(right(each) for each in found if each.valid)


def other_catheter(keypoints: Keypoints, by: tuple[float, float]) -> Keypoints:
    """The whole delivery system is seen elsewhere (px)."""
    xy = keypoints.xy.copy()
    xy[list(CATHETER)] += by
    return replace(keypoints, xy=xy)


def swapped(keypoints: Keypoints) -> Keypoints:
    """AA1 and AA2 change places."""
    xy = keypoints.xy.copy()
    xy[list(ANNULUS)] = xy[list(ANNULUS)[::-1]]
    return replace(keypoints, xy=xy)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("by", [(150.0, 60.0), (-60.0, 70.0), (40.0, 40.0)])
def test_a_second_catheter_taken_for_the_delivery_system_for_a_second_is_not_acted_on(
    scene, geometry, rate, by
):
    def faulty(t, rest):
        return other_catheter(rest.keypoints(), by) if t < 1.0 else rest.keypoints()

    found = course(scene, geometry, rate, faulty)
    assert never_wrong(found)
    assert any(Reason.IDENTITY_DOUBTFUL in each.reasons for each in found)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("lasting", [0.3, 1.0, AFTER_S])
def test_hinge_points_that_change_places_are_not_acted_on(scene, geometry, rate, lasting):
    def faulty(t, rest):
        return swapped(rest.keypoints()) if t < lasting else rest.keypoints()

    assert never_wrong(course(scene, geometry, rate, faulty, contrast=True))


def test_hinge_points_that_are_swapped_from_the_first_frame_on_are_implausible(scene, geometry):
    tracker = scene.follower()
    for i in range(30):
        found = tracker.update(swapped(scene.keypoints()), i / 15.0, geometry).deviation
        assert not found.valid
    assert Reason.IDENTITY_DOUBTFUL in found.reasons


@pytest.mark.parametrize("hidden", ANNULUS)
def test_contrast_that_shows_one_hinge_point_alone_is_no_annulus(scene, geometry, hidden):
    tracker = scene.follower()
    for i in range(30):
        found = tracker.update(scene.keypoints(hide=(hidden,)), i / 15.0, geometry).deviation
        assert found.reasons == Reason.NO_ANNULUS


@pytest.mark.parametrize("hidden", ANNULUS)
def test_one_hinge_point_is_enough_once_the_annulus_is_known(scene, geometry, hidden):
    def faulty(t, rest):
        return rest.keypoints(hide=(hidden,))

    found = course(scene, geometry, 15.0, faulty, contrast=True)
    assert all(each.valid for each in found)
    assert never_wrong(found)


@pytest.mark.parametrize("lost", [2, 3, 5])
def test_frames_that_are_dropped_change_nothing(scene, geometry, lost):
    """Of a device that advances by 5 mm/s on a beating heart, only every ``lost``-th frame comes."""
    tracker, rate = scene.follower(), 30.0
    for i in range(0, 240, lost):
        beat = 40.0 * np.sin(2 * np.pi * 1.2 * i / rate)
        depth = -60.0 + 0.005 * i / rate / scene.metres_per_px
        x, y = scene.origin
        frame = scene.but(origin=(x, y + beat), depth=depth, contrast=i < 60)
        found = tracker.update(frame.keypoints(), i / rate, geometry).deviation
        if i // lost >= SETTLED:
            assert found.valid
            assert abs(found.depth - depth * scene.metres_per_px) <= 2 * found.depth_sigma


@pytest.mark.parametrize("rate", RATES)
def test_frames_that_come_twice_or_late_change_nothing(scene, geometry, rate):
    tracker = scene.follower()
    for i in range(60):
        stamp = i / rate
        found = tracker.update(scene.but(contrast=i < 30).keypoints(), stamp, geometry).deviation
        assert found.valid == (i >= SETTLED) and (not found.valid or right(found))
        for late in (stamp, stamp - 1 / rate):
            again = tracker.update(scene.but(depth=90.0).keypoints(), late, geometry).deviation
            assert not again.valid and Reason.TIME_JUMP in again.reasons


@pytest.mark.parametrize("share", [0.9, 1.1])
def test_a_wrong_distance_to_the_valve_is_seen_by_the_capsule_or_covered_by_sigma(scene, geometry, share):
    """The stated distance is ``share`` of the true one."""
    wrong = replace(geometry, source_to_object=share * geometry.source_to_object)
    tracker = scene.follower(TrackingConfig(capsule_diameter=0.006))
    for i in range(30):
        found = tracker.update(scene.keypoints(), i / 15.0, wrong, CAPSULE_PX).deviation
    assert not found.valid
    assert found.reasons == Reason.CALIBRATION_DOUBTFUL
    unknown = scene.follower()
    for i in range(30):
        found = unknown.update(scene.keypoints(), i / 15.0, wrong).deviation
    assert found.valid and right(found)


@pytest.mark.parametrize("landmark", [Landmark.CP, Landmark.CD, Landmark.CT])
def test_one_landmark_of_the_device_that_jumps_is_not_acted_on(scene, geometry, landmark):
    def faulty(t, rest):
        return rest.keypoints(shift={landmark: (60.0, 50.0)}) if t < 1.0 else rest.keypoints()

    assert never_wrong(course(scene, geometry, 15.0, faulty))


def with_faulty_edge(scene, geometry, faults, seconds) -> list[CatheterDeviation]:
    """An opened frame after an injection of 2 s; ``faults(i)`` gives what ``keypoints`` takes, or None."""
    opened = scene.but(edge=True, extraction=0.4)
    tracker = scene.follower(TrackingConfig(sheathed_length=360.0 * 0.00017))
    return [
        tracker.update(
            opened.but(contrast=i < 30).keypoints(**(faults(i) or {})), i / 15.0, geometry, CAPSULE_PX
        ).deviation
        for i in range(round(seconds * 15))
    ]


@pytest.mark.parametrize("landmark", [Landmark.FE1, Landmark.FE2])
def test_an_end_of_the_inflow_edge_that_jumps_is_not_acted_on(scene, geometry, landmark):
    def faults(i):
        return {"shift": {landmark: (30.0, 25.0)}} if 45 <= i < 60 else None

    found = with_faulty_edge(scene, geometry, faults, 5.0)
    assert found[44].valid
    assert all(Reason.IDENTITY_DOUBTFUL in each.reasons for each in found[45:60])
    assert found[-1].valid


def test_an_inflow_edge_that_jumps_as_a_whole_is_not_accepted_while_it_is_doubted(scene, geometry):
    along = scene.in_image(np.array([0.0, 25.0])) - scene.in_image(np.zeros(2))

    def faults(i):
        return {"shift": dict.fromkeys(INFLOW_EDGE, tuple(along))} if 45 <= i < 65 else None

    found = with_faulty_edge(scene, geometry, faults, 5.0)
    assert found[44].valid
    assert not any(each.valid for each in found[45:65])


def test_a_doubt_does_not_outlast_the_landmark_that_caused_it(scene, geometry):
    def faults(i):
        if 45 <= i < 50:
            return {"shift": {Landmark.FE1: (30.0, 25.0)}}
        return {"hide": (Landmark.FE1,)} if i >= 50 else None

    found = with_faulty_edge(scene, geometry, faults, 8.0)
    assert Reason.IDENTITY_DOUBTFUL in found[49].reasons
    assert Reason.IDENTITY_DOUBTFUL not in found[-1].reasons
