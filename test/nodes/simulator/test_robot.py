"""The simulator's delivery robot in the graph: it moves for sane commands alone, and says what it does."""

import math

import numpy as np
import pytest
from tavi_msgs.msg import DeliveryCommand


def test_without_commands_the_robot_stands_still(operator, make_simulator):
    operator.find(make_simulator())
    operator.wait_frames(10)
    assert {(state.advance, state.retraction) for state in operator.states} == {(0.0, 0.0)}
    assert not any(state.moving or state.fault for state in operator.states)


def test_a_commanded_advance_moves_the_device_towards_the_ventricle(operator, make_simulator):
    operator.find(make_simulator())
    before = operator.received("truth/deviation")[-1]
    operator.command_for(1.0, advance=0.008)
    operator.wait_frames(3)
    assert any(state.moving for state in operator.states)
    assert 0.003 < operator.states[-1].advance < 0.02
    after = operator.received("truth/deviation")[-1]
    assert after.depth - before.depth > 0.002


def test_a_commanded_retraction_opens_the_capsule(operator, make_simulator):
    operator.find(make_simulator())
    operator.command_for(1.0, retraction=0.01)
    operator.wait_frames(3)
    assert 0.004 < operator.states[-1].retraction < 0.03
    assert operator.received("truth/deviation")[-1].extraction > 0.05


def test_joint_states_say_the_same_as_the_delivery_state(operator, make_simulator):
    operator.find(make_simulator())
    operator.command_for(0.5, advance=0.005, retraction=0.01)
    count = len(operator.states)
    operator.wait(lambda: len(operator.received("delivery/joint_states")) >= count, "the joint states")
    for state, joints in zip(
        operator.states[:count], operator.received("delivery/joint_states"), strict=False
    ):
        assert joints.header.stamp == state.header.stamp
        assert list(joints.name) == ["catheter_advance", "capsule_retraction"]
        assert list(joints.position) == [state.advance, state.retraction]
        assert any(np.abs(joints.velocity) > 1e-5) == state.moving


def test_joint_velocities_are_those_commanded_once_the_drives_have_got_there(operator, make_simulator):
    operator.find(make_simulator())
    operator.command_for(1.5, advance=0.005, retraction=0.002)
    velocities = np.array([msg.velocity for msg in operator.received("delivery/joint_states")])
    np.testing.assert_allclose(velocities.max(axis=0), [0.005, 0.002], rtol=0.02)


def test_an_expired_command_stops_the_robot(operator, make_simulator):
    operator.find(make_simulator(command_timeout=0.2))
    operator.wait(lambda: operator.command(advance=0.005) or operator.states[-1].moving, "the robot to move")
    operator.wait(lambda: not operator.states[-1].moving, "the robot to stop by itself")
    travel = operator.states[-1].advance
    operator.wait_frames(5)
    assert operator.states[-1].advance == pytest.approx(travel, abs=2e-5)
    assert not operator.states[-1].fault


@pytest.mark.parametrize("before_1970", [False, True])
def test_a_command_with_an_old_stamp_is_not_followed(operator, make_simulator, before_1970):
    simulator = make_simulator()
    operator.find(simulator)
    old = operator.robot.now()
    old.stamp.sec = -5 if before_1970 else old.stamp.sec - 5
    operator._commands.publish(DeliveryCommand(header=old, advance_velocity=0.005))
    operator.wait_frames(6)
    assert not any(state.moving for state in operator.states)


@pytest.mark.parametrize("velocity", [math.nan, math.inf, -math.inf, 5.0])
def test_a_velocity_that_cannot_be_meant_holds_with_a_fault(operator, make_simulator, velocity):
    operator.find(make_simulator())
    operator.command(advance=velocity)
    operator.wait(lambda: operator.states[-1].fault, "the fault")
    operator.command(advance=0.005)
    operator.wait_frames(6)
    assert operator.states[-1].fault
    assert not any(state.moving for state in operator.states)
    assert {(state.advance, state.retraction) for state in operator.states} == {(0.0, 0.0)}


def test_a_fault_is_over_once_a_command_says_hold(operator, make_simulator):
    operator.find(make_simulator())
    operator.command(retraction=math.nan)
    operator.wait(lambda: operator.states[-1].fault, "the fault")
    operator.command(hold=True)
    operator.wait(lambda: not operator.states[-1].fault, "the end of the fault")
    operator.command(advance=0.005, stamped=False)
    operator.wait(lambda: operator.states[-1].moving, "the robot to move")
