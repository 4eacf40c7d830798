"""What goes into a message comes out again: the same numbers, NaN included."""

import math
from dataclasses import replace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from std_msgs.msg import Header
from tavi_msgs.msg import ControllerState

from tavi_perception.bags import decode
from tavi_perception.carm import Calibration, CArmGeometry, uncalibrated
from tavi_perception.control.decision import Decision, DriveCommand, Phase, RobotReading
from tavi_perception.estimates import AnnulusFrame, AnnulusSource, CatheterDeviation, Keypoints, Reason, Stage
from tavi_perception.landmarks import COUNT
from tavi_perception.nodes import conversions

numbers = st.floats(-1e4, 1e4) | st.just(math.nan)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), numbers, numbers), min_size=COUNT, max_size=COUNT))
@settings(max_examples=50)
def test_keypoints_survive_the_message(rows):
    presence, present, x, y = zip(*rows, strict=True)
    covariance = np.array([[[a, b], [b, a]] for a, b in zip(x, y, strict=True)])
    before = Keypoints(
        640,
        480,
        np.float32(presence).astype(float),
        np.array(present),
        np.array(present),
        np.array([x, y]).T,
        covariance,
    )
    after = decode.keypoints(conversions.keypoints_to_msg(before, Header()))
    for name in ("presence", "present", "measured", "xy", "covariance"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert (after.width, after.height) == (640, 480)


def test_an_annulus_frame_survives_the_message():
    angle = 0.6
    orientation = np.array([0.0, 0.0, math.sin(angle / 2), math.cos(angle / 2)])
    before = AnnulusFrame(
        AnnulusSource.PIGTAIL, True, Reason.NONE, 12.5, 500.0, 400.0, angle, np.eye(3), 1, 0.024,
        np.array([0.01, -0.02, 0.79]), orientation,
    )  # fmt: skip
    after = decode.annulus(conversions.annulus_to_msg(before, Header()))
    for name in (
        "source",
        "valid",
        "reasons",
        "contrast_age",
        "x",
        "y",
        "angle",
        "ventricle_sign",
        "diameter",
    ):
        assert getattr(after, name) == getattr(before, name)
    np.testing.assert_array_equal(after.position, before.position)
    np.testing.assert_array_equal(after.covariance, before.covariance)


@given(numbers, st.sampled_from(Stage), st.integers(0, 2 * max(Reason) - 1))
def test_a_deviation_survives_the_message(depth, stage, reasons):
    before = CatheterDeviation(
        depth=depth, stage=stage, reasons=Reason(reasons), landmarks=np.full((11, 3), depth)
    )
    after = decode.deviation(conversions.deviation_to_msg(before, Header(), latency=0.01))
    np.testing.assert_equal(vars(after), vars(before))


@pytest.mark.parametrize(
    "geometry",
    [CArmGeometry(1.1, 0.79, 2e-4, 1000, 900, 0.1, -0.2, Calibration.FIDUCIAL), uncalibrated(512, 512)],
)
def test_a_geometry_survives_the_message(geometry):
    after = decode.geometry(conversions.geometry_to_msg(geometry, Header()))
    np.testing.assert_equal(vars(after), vars(geometry))


@given(st.floats(-1e5, 1e5))
def test_durations_are_exact_to_the_nanosecond(seconds):
    assert decode.seconds(conversions.duration(seconds)) == pytest.approx(seconds, abs=1e-9)


def test_a_pose_that_is_not_finite_or_not_normalised_may_not_be_sent():
    pose = AnnulusFrame(position=np.zeros(3), orientation=np.array([0.0, 0.0, 0.0, 1.0]))
    assert conversions.has_finite_pose(pose)
    assert not conversions.has_finite_pose(
        AnnulusFrame(position=np.full(3, np.nan), orientation=pose.orientation)
    )
    assert not conversions.has_finite_pose(AnnulusFrame(position=np.zeros(3), orientation=np.full(4, 0.9)))


def test_a_grey_image_becomes_mono8_without_padding():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    msg = conversions.image_to_msg(image, Header())
    assert (msg.encoding, msg.step, bytes(msg.data)) == ("mono8", 4, image.tobytes())


@given(st.sampled_from(Phase), numbers, numbers, st.booleans(), st.text(max_size=20))
def test_a_decision_survives_its_two_messages(phase, depth, velocity, hold, reason):
    velocity = 0.0 if hold else velocity
    command = DriveCommand(1.5, velocity, -velocity, hold, reason)
    before = Decision(command, phase, not hold, depth, depth, depth)
    header = Header(stamp=Time(sec=1, nanosec=500_000_000))
    after = decode.decision(conversions.decision_to_msg(before, header))
    received = decode.drive_command(conversions.command_to_msg(command, header))
    np.testing.assert_equal(vars(received), vars(command))
    np.testing.assert_equal(vars(replace(after, command=received)), vars(before))
    assert (after.moving, after.command.reason) == (before.moving, reason)
    assert math.isnan(after.command.advance_velocity) == after.moving


@given(numbers, st.booleans(), st.booleans())
def test_what_the_robot_reports_survives_the_message(travel, moving, fault):
    before = RobotReading(1.5, travel, -travel, moving, fault)
    header = Header(stamp=Time(sec=1, nanosec=500_000_000))
    after = decode.robot_reading(conversions.reading_to_msg(before, header))
    np.testing.assert_equal(vars(after), vars(before))


def test_phases_have_the_numbers_of_the_message():
    assert {phase.name: int(phase) for phase in Phase} == {
        name: getattr(ControllerState, name) for name in Phase.__members__
    }
