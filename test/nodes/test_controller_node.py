"""The controller node in the graph: what it answers, what it never does, how it starts and stops."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from tavi_msgs.msg import CatheterDeviation as CatheterDeviationMsg
from tavi_msgs.msg import ControllerState, DeliveryCommand, DeliveryState

from tavi_perception.control.controller import Controller
from tavi_perception.estimates import AnnulusSource, CatheterDeviation, DepthReference, Reason, Stage
from tavi_perception.nodes import conversions, qos
from tavi_perception.nodes.controller_node import ControllerNode

SUCCESS = TransitionCallbackReturn.SUCCESS
TOPICS = ("delivery/command", "delivery/state", "controller/state")
NO_ANNULUS = CatheterDeviation(reasons=Reason.NO_ANNULUS)


def remapped(namespace):
    """The absolute topics, moved into the namespace of the test."""
    return [word for topic in TOPICS for word in ("-r", f"/{topic}:={namespace}/{topic}")]


@pytest.fixture
def make_controller(graph, namespace):
    made = []

    def make(**parameters):
        node = ControllerNode(
            namespace=namespace,
            cli_args=["--ros-args", *remapped(namespace)],
            parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
        )
        graph.add(node)
        made.append(node)
        node.autostart()
        return node

    yield make
    for node in made:
        node.trigger_shutdown()
        graph.remove(node)


class Theatre:
    """Sends deviations and the robot's state, and hears what the controller makes of them."""

    def __init__(self, robot):
        self.robot, self.wait, self.forget = robot, robot.wait, robot.forget
        robot.listen(DeliveryCommand, "delivery/command")
        robot.listen(ControllerState, "controller/state")
        self._deviations = robot.create_publisher(CatheterDeviationMsg, "deviation", qos.OUTPUT)
        self._states = robot.create_publisher(DeliveryState, "delivery/state", qos.OUTPUT)

    @property
    def commands(self):
        return self.robot.received("delivery/command")

    @property
    def states(self):
        return self.robot.received("controller/state")

    def find(self):
        """Waits until everybody hears everybody."""
        outputs = [s for s in self.robot.subscriptions if s.topic_name.endswith(TOPICS)]
        self.wait(
            lambda: (
                self._deviations.get_subscription_count()
                and self._states.get_subscription_count()
                and all(s.get_publisher_count() for s in outputs)
            ),
            "the controller",
        )

    def report(self, advance=0.0):
        self._states.publish(DeliveryState(header=self.robot.now(""), advance=advance))

    def say(self, deviation, header=None):
        """Publishes a deviation, or a message of one; its header."""
        header = header or self.robot.now()
        msg = deviation
        if isinstance(deviation, CatheterDeviation):
            msg = conversions.deviation_to_msg(deviation, header, latency=0.05)
        self._deviations.publish(msg)
        return header

    def ask(self, deviation, header=None):
        """(command, state) that answer a deviation."""
        header = self.say(deviation, header)
        return tuple(
            self.wait_for(topic, lambda msg: msg.header == header)
            for topic in ("delivery/command", "controller/state")
        )

    def wait_for(self, topic, condition):
        self.wait(lambda: any(map(condition, self.robot.received(topic))), f"a message on {topic}")
        return next(filter(condition, self.robot.received(topic)))

    def call(self, node, service):
        client = self.robot.create_client(Trigger, f"{node.get_fully_qualified_name()}/{service}")
        self.wait(client.service_is_ready, f"the service {service}")
        future = client.call_async(Trigger.Request())
        self.wait(future.done, f"the answer of {service}")
        return future.result()


@pytest.fixture
def theatre(make_robot):
    return Theatre(make_robot())


def sheathed(depth, **changed):
    """A valid deviation of a sheathed valve at a depth (m)."""
    values = {
        "valid": True,
        "stage": Stage.POSITIONING,
        "reference": DepthReference.CAPSULE,
        "depth": depth,
        "depth_sigma": 0.0003,
        "depth_error": depth - 0.003,
        "lateral": 0.001,
        "lateral_sigma": 0.0005,
        "angle": 0.05,
        "angle_sigma": 0.01,
        "extraction": 0.0,
        "landmarks": np.zeros((11, 3)),
        "annulus_source": AnnulusSource.PIGTAIL,
    }
    return CatheterDeviation(**values | changed)


def test_an_invalid_deviation_is_answered_with_a_hold_that_has_its_header_and_a_cause(
    theatre, make_controller
):
    make_controller()
    theatre.find()
    header = Header(stamp=theatre.robot.now().stamp, frame_id="the image's")
    command, state = theatre.ask(NO_ANNULUS, header)
    assert (command.hold, command.advance_velocity, command.retraction_velocity) == (True, 0.0, 0.0)
    assert command.header == header and command.reason == state.reason != ""
    assert not state.moving


def test_every_command_has_its_state_with_the_same_header_and_cause(theatre, make_controller):
    make_controller()
    theatre.find()
    for depth in (-0.01, 0.003, 0.008):
        theatre.report()
        command, state = theatre.ask(sheathed(depth))
        assert (state.reason, state.moving) == (command.reason, not command.hold)


def test_an_old_deviation_moves_nothing(theatre, make_controller):
    make_controller()
    theatre.find()
    theatre.report()
    old = theatre.robot.now()
    old.stamp.sec -= 1
    assert theatre.ask(sheathed(-0.01), old)[0].hold


def test_nothing_moves_any_more_when_deviations_stop(theatre, make_controller):
    make_controller(stale_after=0.05)
    theatre.find()
    for _ in range(10):
        theatre.report()
        last = theatre.say(sheathed(-0.01))
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
    assert theatre.ask(NO_ANNULUS)[0].hold


def test_a_robot_that_reports_no_number_is_not_listened_to(theatre, make_controller):
    make_controller()
    theatre.find()
    theatre.report(advance=float("nan"))
    assert theatre.ask(NO_ANNULUS)[0].hold


def test_an_error_of_the_controller_itself_aborts(theatre, make_controller, monkeypatch):
    node = make_controller()
    theatre.find()

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(Controller, "on_deviation", broken)
    command, state = theatre.ask(sheathed(-0.01))
    assert command.hold and state.phase == ControllerState.ABORTED
    theatre.robot.hear(node, "broken down")


def test_abort_stops_for_good(theatre, make_controller):
    node = make_controller()
    theatre.find()
    assert theatre.call(node, "abort").success
    for _ in range(3):
        command, state = theatre.ask(sheathed(-0.01))
        assert command.hold and state.phase == ControllerState.ABORTED
    refused = theatre.call(node, "abort")
    assert not refused.success and "aborted" in refused.message


def test_a_controller_that_is_not_to_start_at_once_waits_for_the_service(theatre, make_controller):
    node = make_controller(start_at_once=False)
    theatre.find()
    command, state = theatre.ask(sheathed(-0.01))
    assert command.hold and state.phase == ControllerState.IDLE
    assert theatre.call(node, "start").success
    assert theatre.ask(NO_ANNULUS)[1].phase != ControllerState.IDLE
    assert "already" in theatre.call(node, "start").message


def test_a_deactivated_controller_holds_once_more_and_is_silent(theatre, make_controller):
    node = make_controller()
    theatre.find()
    theatre.ask(sheathed(-0.01))
    assert node.trigger_deactivate() == SUCCESS
    last = theatre.wait_for("delivery/command", lambda msg: "deactivated" in msg.reason)
    assert last.hold
    theatre.forget()
    theatre.say(sheathed(-0.01))
    assert not theatre.call(node, "abort").success  # it has been served after the deviation
    assert theatre.commands == []


def test_a_controller_that_is_activated_again_starts_afresh(theatre, make_controller):
    node = make_controller()
    theatre.find()
    theatre.call(node, "abort")
    assert node.trigger_deactivate() == SUCCESS and node.trigger_activate() == SUCCESS
    theatre.find()
    assert theatre.ask(NO_ANNULUS)[1].phase not in (ControllerState.ABORTED, ControllerState.IDLE)


def test_a_controller_without_autostart_waits_for_its_manager(theatre, make_controller):
    node = make_controller(autostart=False)
    assert "not active" in theatre.call(node, "start").message
    assert node.trigger_configure() == SUCCESS and node.trigger_activate() == SUCCESS
    theatre.find()
    assert theatre.ask(NO_ANNULUS)[0].hold


def test_a_controller_can_be_cleaned_up_and_configured_again(theatre, make_controller):
    node = make_controller()
    for transition in ("deactivate", "cleanup", "configure", "activate"):
        assert getattr(node, f"trigger_{transition}")() == SUCCESS
    theatre.find()
    assert theatre.ask(NO_ANNULUS)[0].hold


def test_a_parameter_that_is_changed_counts_from_the_next_decision_on(theatre, make_controller):
    node = make_controller()
    theatre.find()
    assert node.set_parameters([Parameter("target_depth", value=0.004)])[0].successful
    assert theatre.ask(NO_ANNULUS)[1].target_depth == 0.004


@pytest.mark.parametrize(("name", "value"), [("stale_after", -1.0), ("target_depth", "deep")])
def test_a_parameter_that_is_not_allowed_is_refused_in_a_sentence(make_controller, name, value):
    node = make_controller()
    before = node.get_parameter(name).value
    result = node.set_parameters([Parameter(name, value=value)])[0]
    assert not result.successful and name in result.reason
    assert node.get_parameter(name).value == before


def test_a_misspelt_parameter_is_named_in_the_diagnostics(theatre, make_controller):
    node = make_controller(target_dept=0.003)
    theatre.robot.hear(node, "is target_depth meant?")


def test_a_robot_in_fault_is_an_error_in_the_diagnostics(theatre, make_controller):
    node = make_controller()
    theatre.find()
    theatre._states.publish(DeliveryState(header=theatre.robot.now(""), fault=True))
    theatre.robot.hear(node, "fault")


def test_a_process_that_is_interrupted_holds_before_it_ends(theatre, namespace):
    node = subprocess.Popen(
        [
            *(sys.executable, "-m", "tavi_perception.nodes.start", "controller", "--ros-args"),
            *("-r", f"__ns:={namespace}", *remapped(namespace)),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    theatre.find()
    theatre.ask(sheathed(-0.01))
    node.send_signal(signal.SIGINT)
    assert theatre.wait_for("delivery/command", lambda msg: "ends" in msg.reason).hold
    _, errors = node.communicate(timeout=30)
    assert node.returncode == 0 and "Traceback" not in errors, errors
