"""The delivery robot obeys with lag and friction, holds when told nonsense, and releases once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.simulation.robot import (
    FULL_EXTRACTION,
    RECAPTURE_LIMIT,
    Command,
    Defect,
    Robot,
    RobotConfig,
)
from tavi_perception.simulation.scene import Scene

SceneOf = Callable[..., Scene]
ADVANCE = Command(advance_velocity_mm_s=5.0, hold=False)
RETRACT = Command(retraction_velocity_mm_s=10.0, hold=False)


@pytest.fixture
def robot(scene_of: SceneOf) -> Robot:
    return Robot(np.random.default_rng(1), RobotConfig(), scene_of(1).device)


def drive(robot: Robot, command: Command, seconds: float) -> None:
    for _ in range(round(seconds / 0.01)):
        robot.step(0.01, command)


def test_advance_reaches_the_tip_after_lag_and_slack(robot: Robot) -> None:
    before = robot.depth_mm
    robot.step(0.01, ADVANCE)
    assert robot.depth_mm == before
    drive(robot, ADVANCE, 2.0)
    assert 10.0 - 2.5 < robot.depth_mm - before < 10.0


def test_without_a_command_nothing_moves(robot: Robot) -> None:
    before = robot.device
    drive(robot, Command(advance_velocity_mm_s=9.0), 1.0)
    assert robot.device == before
    assert not robot.state.moving


def test_slack_is_lost_when_the_direction_changes(robot: Robot) -> None:
    drive(robot, ADVANCE, 1.0)
    drive(robot, Command(), 1.0)
    before = robot.depth_mm
    drive(robot, Command(advance_velocity_mm_s=-0.5, hold=False), 0.2)
    assert robot.depth_mm == before


@pytest.mark.parametrize("velocity", [math.nan, math.inf, -math.inf, 1e6])
def test_nonsense_is_a_fault_and_holds(robot: Robot, velocity: float) -> None:
    before = robot.depth_mm
    drive(robot, Command(advance_velocity_mm_s=velocity, hold=False), 0.5)
    assert robot.state.fault
    assert robot.depth_mm == before
    drive(robot, ADVANCE, 0.1)
    assert not robot.state.fault


def test_frame_is_released_once_and_springs_back(robot: Robot) -> None:
    drive(robot, RETRACT, 8.0)
    assert robot.device.released
    assert robot.device.extraction == FULL_EXTRACTION
    drive(robot, Command(retraction_velocity_mm_s=-10.0, hold=False), 8.0)
    assert robot.device.released


def test_recapture_ends_at_its_limit(scene_of: SceneOf) -> None:
    device = scene_of(1).device
    robot = Robot(np.random.default_rng(1), RobotConfig(), device)
    while robot.device.extraction < RECAPTURE_LIMIT + 0.05:
        robot.step(0.01, RETRACT)
    drive(robot, Command(retraction_velocity_mm_s=-10.0, hold=False), 8.0)
    assert robot.device.extraction > RECAPTURE_LIMIT - 0.02


def test_withdrawal_after_release_takes_the_catheter_and_leaves_the_frame(robot: Robot) -> None:
    drive(robot, RETRACT, 8.0)
    advance = robot.device.advance
    drive(robot, Command(advance_velocity_mm_s=-10.0, hold=False), 2.0)
    assert robot.device.advance == advance
    assert robot.device.withdrawal > 15.0


@given(commands=st.lists(st.tuples(st.floats(-40, 40), st.floats(-40, 40), st.booleans()), max_size=40))
@settings(max_examples=40, deadline=None)
def test_whatever_is_commanded_the_state_stays_within_its_limits(
    scene_of: SceneOf, commands: list[tuple[float, float, bool]]
) -> None:
    robot = Robot(np.random.default_rng(1), RobotConfig(), scene_of(1).device)
    for advance, retraction, hold in commands:
        robot.step(0.1, Command(advance, retraction, hold))
        low, high = Robot.TRAVEL_MM
        assert low <= robot.state.advance_mm <= high
        assert 0.0 <= robot.device.extraction <= FULL_EXTRACTION
        assert robot.device.withdrawal >= 0.0


def test_a_drive_stands_still_with_a_fault_when_it_meets_its_limit_of_force(robot: Robot) -> None:
    robot.defect = Defect(stuck=(True, False))
    drive(robot, ADVANCE, 6.0)
    assert robot.state.fault and not robot.state.moving
    assert abs(robot.state.advance_force_n) < 1.2 * Robot.MAX_FORCE_N


def test_accelerations_stay_within_their_limit(robot: Robot) -> None:
    limit = RobotConfig().acceleration.high
    before = 0.0
    for command in (ADVANCE, RETRACT, Command()) * 20:
        robot.step(0.01, command)
        velocity = robot.state.advance_velocity_mm_s
        assert abs(velocity - before) <= 0.01 * limit + 1e-9
        before = velocity


def test_a_stent_that_is_closed_again_is_opened_anew(robot: Robot) -> None:
    drive(robot, RETRACT, 3.0)
    assert robot.device.recaptures == 0
    drive(robot, Command(retraction_velocity_mm_s=-10.0, hold=False), 4.0)
    assert robot.device.recaptures == 1
    assert robot.device.extraction == pytest.approx(0.0, abs=0.02)


def test_a_defect_lets_the_stent_go_early(robot: Robot) -> None:
    robot.defect = Defect(release_extraction=0.5)
    drive(robot, RETRACT, 4.0)
    assert robot.device.released


def test_a_robot_may_carry_out_more_than_it_is_told(robot: Robot, scene_of: SceneOf) -> None:
    right = Robot(np.random.default_rng(1), RobotConfig(), scene_of(1).device)
    robot.defect = Defect(gain=2.0)
    for each in (robot, right):
        drive(each, ADVANCE, 1.0)
    assert robot.state.advance_mm == pytest.approx(2.0 * right.state.advance_mm, rel=0.05)
