"""What the controller node answers, and what it never does."""

import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header
from tavi_msgs.msg import CatheterDeviation as CatheterDeviationMsg
from tavi_msgs.msg import ControllerState, DeliveryCommand, DeliveryState

from tavi_perception.control.controller import Controller


def test_an_invalid_deviation_is_answered_with_a_hold_that_has_its_header_and_a_cause(
    theatre, make_controller
):
    make_controller()
    theatre.find()
    header = Header(stamp=theatre.robot.now().stamp, frame_id="the image's")
    command, state = theatre.ask(theatre.no_annulus, header)
    assert (command.hold, command.advance_velocity, command.retraction_velocity) == (True, 0.0, 0.0)
    assert command.header == header and command.reason == state.reason != ""
    assert not state.moving


def test_every_command_has_its_state_with_the_same_header_and_cause(theatre, make_controller):
    make_controller()
    theatre.find()
    for depth in (-0.01, 0.003, 0.008):
        theatre.report()
        command, state = theatre.ask(theatre.sheathed(depth))
        assert (state.reason, state.moving) == (command.reason, not command.hold)


def test_an_old_deviation_moves_nothing(theatre, make_controller):
    make_controller()
    theatre.find()
    theatre.report()
    old = theatre.robot.now()
    old.stamp.sec -= 1
    assert theatre.ask(theatre.sheathed(-0.01), old)[0].hold


def test_nothing_moves_any_more_when_deviations_stop(theatre, make_controller):
    make_controller()
    theatre.find()
    for _ in range(10):
        theatre.report()
        last = theatre.say(theatre.sheathed(-0.01))
    theatre.wait_for("delivery/command", lambda msg: msg.header == last)
    theatre.wait(lambda: theatre.commands[-1].hold, "a hold")


@pytest.mark.parametrize(
    "broken",
    [
        CatheterDeviationMsg(valid=True, stage=99),
        CatheterDeviationMsg(valid=True, annulus_source=77, reference=55),
        CatheterDeviationMsg(valid=True, header=Header(stamp=Time(sec=-(2**31), nanosec=2**32 - 1))),
        CatheterDeviationMsg(valid=True, depth=float("inf"), depth_sigma=float("-inf")),
        CatheterDeviationMsg(valid=False, reasons=2**32 - 1),
    ],
)
def test_no_message_ends_the_node_or_moves_anything(theatre, make_controller, broken):
    make_controller()
    theatre.find()
    assert theatre.ask(broken, broken.header)[0].hold
    assert theatre.ask(theatre.no_annulus)[0].hold


def test_a_robot_that_reports_no_number_is_not_listened_to(theatre, make_controller):
    make_controller()
    theatre.find()
    theatre.report(advance=float("nan"))
    assert theatre.ask(theatre.no_annulus)[0].hold


def test_an_error_of_the_controller_itself_aborts(theatre, make_controller, monkeypatch):
    node = make_controller()
    theatre.find()

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(Controller, "on_deviation", broken)
    command, state = theatre.ask(theatre.sheathed(-0.01))
    assert command.hold and state.phase == ControllerState.ABORTED
    theatre.robot.hear(node, "broken down")


def test_a_robot_in_fault_is_an_error_in_the_diagnostics(theatre, make_controller):
    node = make_controller()
    theatre.find()
    theatre._states.publish(DeliveryState(header=theatre.robot.now(""), fault=True))
    theatre.robot.hear(node, "fault")


def test_a_second_controller_is_named_in_the_diagnostics(theatre, make_controller):
    node = make_controller()
    theatre.robot.create_publisher(DeliveryCommand, "delivery/command", 10)
    theatre.robot.hear(node, "others publish")


def test_only_a_valid_deviation_that_is_fresh_is_answered_with_motion(theatre, make_controller):
    make_controller()
    theatre.find()
    allowed = []
    for number in range(60):
        theatre.report(advance=0.0001 * number)
        header = theatre.robot.now()
        valid, fresh = number % 11 != 10, number % 13 != 12
        header.stamp.sec -= not fresh
        last = theatre.say(theatre.sheathed(-0.02) if valid else theatre.no_annulus, header)
        allowed += [last] if valid and fresh else []
    theatre.wait_for("delivery/command", lambda msg: msg.header == last)
    assert all(msg.hold or msg.header in allowed for msg in theatre.commands)
