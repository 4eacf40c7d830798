"""How the controller node is started, stopped, aborted and configured."""

import signal
import subprocess
import sys

import pytest
from builtin_interfaces.msg import Time
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header
from tavi_msgs.msg import ControllerState

SUCCESS = TransitionCallbackReturn.SUCCESS


def test_abort_stops_for_good(theatre, make_controller):
    node = make_controller()
    theatre.find()
    assert theatre.call(node, "abort").success
    for _ in range(3):
        command, state = theatre.ask(theatre.sheathed(-0.01))
        assert command.hold and state.phase == ControllerState.ABORTED
    refused = theatre.call(node, "abort")
    assert not refused.success and "aborted" in refused.message


def test_a_controller_that_is_not_to_start_at_once_waits_for_the_service(theatre, make_controller):
    node = make_controller(start_at_once=False)
    theatre.find()
    command, state = theatre.ask(theatre.sheathed(-0.01))
    assert command.hold and state.phase == ControllerState.IDLE
    assert theatre.call(node, "start").success
    assert theatre.ask(theatre.no_annulus)[1].phase != ControllerState.IDLE
    assert "already" in theatre.call(node, "start").message


def test_a_controller_in_simulated_time_starts_when_its_clock_is_heard(theatre, make_controller):
    node = make_controller(use_sim_time=True)
    clock = theatre.robot.create_publisher(Clock, "clock", 10)
    theatre.find()
    now = Time(sec=1000)
    clock.publish(Clock(clock=now))
    theatre.wait(lambda: node.get_clock().now().nanoseconds and theatre.states, "the start")
    _, state = theatre.ask(theatre.no_annulus, Header(stamp=now))
    assert state.phase not in (ControllerState.IDLE, ControllerState.ABORTED)


def test_a_deactivated_controller_holds_once_more_and_is_silent(theatre, make_controller):
    node = make_controller()
    theatre.find()
    theatre.ask(theatre.sheathed(-0.01))
    assert node.trigger_deactivate() == SUCCESS
    last = theatre.wait_for("delivery/command", lambda msg: "deactivated" in msg.reason)
    assert last.hold
    theatre.forget()
    theatre.say(theatre.sheathed(-0.01))
    assert not theatre.call(node, "abort").success  # it has been served after the deviation
    assert theatre.commands == []


def test_a_controller_that_is_activated_again_starts_afresh(theatre, make_controller):
    node = make_controller()
    theatre.find()
    theatre.call(node, "abort")
    assert node.trigger_deactivate() == SUCCESS and node.trigger_activate() == SUCCESS
    theatre.find()
    assert theatre.ask(theatre.no_annulus)[1].phase not in (ControllerState.ABORTED, ControllerState.IDLE)


def test_a_controller_without_autostart_waits_for_its_manager(theatre, make_controller):
    node = make_controller(autostart=False)
    assert "not active" in theatre.call(node, "start").message
    assert node.trigger_configure() == SUCCESS and node.trigger_activate() == SUCCESS
    theatre.find()
    assert theatre.ask(theatre.no_annulus)[0].hold


def test_a_controller_can_be_cleaned_up_and_configured_again(theatre, make_controller):
    node = make_controller()
    for transition in ("deactivate", "cleanup", "configure", "activate"):
        assert getattr(node, f"trigger_{transition}")() == SUCCESS
    theatre.find()
    assert theatre.ask(theatre.no_annulus)[0].hold


def test_an_activation_that_fails_leaves_nothing_behind_and_may_be_tried_again(
    theatre, make_controller, monkeypatch
):
    node = make_controller(autostart=False)
    assert node.trigger_configure() == SUCCESS
    before = len(list(node.subscriptions)), len(list(node.timers))
    with monkeypatch.context() as broken:
        broken.setattr(node, "_start_if_due", lambda: 1 / 0)
        assert node.trigger_activate() == TransitionCallbackReturn.ERROR
    assert (len(list(node.subscriptions)), len(list(node.timers))) == before
    assert node.trigger_configure() == SUCCESS and node.trigger_activate() == SUCCESS
    theatre.find()
    assert theatre.ask(theatre.no_annulus)[0].hold


def test_a_configuration_that_fails_half_way_leaves_nothing_behind_and_may_be_tried_again(
    make_controller, monkeypatch
):
    node = make_controller(autostart=False)
    before, create = len(list(node.publishers)), node.create_publisher

    def half(message, topic, *arguments):
        return 1 / 0 if message is ControllerState else create(message, topic, *arguments)

    with monkeypatch.context() as broken:
        broken.setattr(node, "create_publisher", half)
        assert node.trigger_configure() == TransitionCallbackReturn.ERROR
    assert len(list(node.publishers)) == before
    assert node.trigger_configure() == SUCCESS and node.trigger_activate() == SUCCESS


def test_a_parameter_that_is_changed_counts_from_the_next_decision_on(theatre, make_controller):
    node = make_controller()
    theatre.find()
    assert node.set_parameters([Parameter("target_depth", value=0.004)])[0].successful
    assert theatre.ask(theatre.no_annulus)[1].target_depth == 0.004


@pytest.mark.parametrize(("name", "value"), [("target_depth", -1.0), ("target_depth", "deep")])
def test_a_parameter_that_is_not_allowed_is_refused_in_a_sentence(make_controller, name, value):
    node = make_controller()
    before = node.get_parameter(name).value
    result = node.set_parameters([Parameter(name, value=value)])[0]
    assert not result.successful and name in result.reason
    assert node.get_parameter(name).value == before


def test_a_misspelt_parameter_is_named_in_the_diagnostics(theatre, make_controller):
    node = make_controller(target_dept=0.003)
    theatre.robot.hear(node, "is target_depth meant?")


def test_a_process_that_is_interrupted_holds_before_it_ends(theatre, arguments):
    command = [sys.executable, "-m", "tavi_perception.nodes.start", "controller", *arguments]
    node = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    # Another process's publisher may not know us yet when we know it.
    theatre.wait(lambda: theatre.say(theatre.sheathed(-0.01)) and theatre.commands, "an answer")
    node.send_signal(signal.SIGINT)
    assert theatre.wait_for("delivery/command", lambda msg: "ends" in msg.reason).hold
    _, errors = node.communicate(timeout=30)
    assert node.returncode == 0 and "Traceback" not in errors, errors
