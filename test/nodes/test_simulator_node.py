"""The simulator: a patient to look at, with truth, and a robot that moves for sane commands alone."""

import dataclasses
import math
import re
import time
from pathlib import Path

import numpy as np
import pytest
from rcl_interfaces.srv import GetParameters
from rclpy.exceptions import ParameterException
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tavi_msgs.msg import (
    AnnulusFrame,
    CArmGeometry,
    CatheterDeviation,
    DeliveryCommand,
    DeliveryState,
    KeypointArray,
)

from tavi_perception.nodes import qos, simulated_patient
from tavi_perception.nodes.simulator_node import Simulator

ABSOLUTE = ("/truth/keypoints", "/truth/annulus", "/truth/deviation", "/delivery/state", "/delivery/command")
NODES_PAGE = Path(__file__).resolve().parents[2] / "docs" / "nodes.md"


@pytest.fixture
def make_simulator(graph, namespace):
    """A simulator of small images whose topics are all in the test's namespace."""
    made = []

    def make(**parameters):
        parameters = {"size": 128, "frame_rate": 20.0, "image_reliability": "reliable", **parameters}
        remapped = [word for topic in ABSOLUTE for word in ("-r", f"{topic}:={namespace}{topic}")]
        simulator = Simulator(
            namespace=namespace,
            cli_args=["--ros-args", *remapped],
            parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
        )
        graph.add(simulator)
        made.append(simulator)
        return simulator

    yield make
    for simulator in made:
        graph.remove(simulator)


class Operator:
    """Watches all that the simulator says, and commands the robot."""

    def __init__(self, robot):
        self.robot = robot
        self.wait, self.received = robot.wait, robot.received
        robot.listen(Image, "image", qos.image_qos("reliable"))
        robot.listen(CArmGeometry, "carm_geometry", qos.LATCHED)
        robot.listen(KeypointArray, "truth/keypoints")
        robot.listen(AnnulusFrame, "truth/annulus")
        robot.listen(CatheterDeviation, "truth/deviation")
        robot.listen(DeliveryState, "delivery/state")
        self._commands = robot.create_publisher(DeliveryCommand, "delivery/command", qos.OUTPUT)

    def find(self, simulator):
        """Starts the simulator once everybody knows everybody."""
        self.wait(
            lambda: self._commands.get_subscription_count() and simulator.count_subscribers("image"),
            "the simulator",
        )
        simulator.start()
        self.wait(lambda: self.states, "the first frame")

    @property
    def states(self):
        return self.received("delivery/state")

    def command(self, advance=0.0, retraction=0.0, *, hold=False, stamped=True):
        header = self.robot.now() if stamped else Header()
        self._commands.publish(
            DeliveryCommand(
                header=header, advance_velocity=advance, retraction_velocity=retraction, hold=hold
            )
        )

    def command_for(self, seconds, advance=0.0, retraction=0.0):
        """The same command again and again, as a controller does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.command(advance, retraction)
            time.sleep(0.05)

    def wait_frames(self, count):
        seen = len(self.states)
        self.wait(lambda: len(self.states) >= seen + count, f"{count} more frames")


@pytest.fixture
def operator(make_robot):
    return Operator(make_robot())


def test_truth_has_the_stamps_of_the_images(operator, make_simulator):
    operator.find(make_simulator())
    topics = ("image", "truth/keypoints", "truth/annulus", "truth/deviation", "delivery/state")
    operator.wait(lambda: all(len(operator.received(topic)) >= 10 for topic in topics), "ten frames")
    stamps = [[msg.header.stamp for msg in operator.received(topic)[:10]] for topic in topics]
    assert all(others == stamps[0] for others in stamps[1:])
    seconds = np.array([stamp.sec + 1e-9 * stamp.nanosec for stamp in stamps[0]])
    assert np.median(np.diff(seconds)) == pytest.approx(0.05, abs=0.02)


def test_images_are_mono8_of_the_asked_size_in_the_asked_frame(operator, make_simulator):
    operator.find(make_simulator(frame_id="c_arm"))
    msg = operator.received("image")[0]
    assert (msg.encoding, msg.width, msg.height, msg.step) == ("mono8", 128, 128, 128)
    assert msg.header.frame_id == "c_arm"
    assert np.ptp(np.asarray(msg.data)) > 20


def test_sixteen_bits_are_published_as_mono16(operator, make_simulator):
    operator.find(make_simulator(bits=16))
    msg = operator.received("image")[0]
    assert (msg.encoding, msg.width, msg.step, len(msg.data)) == ("mono16", 128, 256, 2 * 128 * 128)
    pixels = np.frombuffer(msg.data, np.uint16)
    assert 255 < pixels.max() < 2**14


def test_the_geometry_is_calibrated_and_latched(operator, make_simulator, make_robot):
    operator.find(make_simulator())
    late = make_robot()
    late.listen(CArmGeometry, "carm_geometry", qos.LATCHED)
    late.wait(lambda: late.received("carm_geometry"), "the latched geometry")
    msg = late.received("carm_geometry")[0]
    assert msg.calibration != CArmGeometry.UNCALIBRATED
    assert (msg.image_width, msg.image_height) == (128, 128)


def test_the_geometry_is_published_again_only_when_it_changes(operator, make_simulator, monkeypatch):
    class Turning(simulated_patient.CommandedPatient):
        """Turns the C-arm after the fifth frame."""

        shown = 0

        def look(self):
            self.shown += 1
            view = super().look()
            angle = 0.1 if self.shown > 5 else 0.0
            return dataclasses.replace(view, geometry=dataclasses.replace(view.geometry, primary_angle=angle))

    monkeypatch.setitem(simulated_patient.PATIENTS, "none", Turning)
    operator.find(make_simulator())
    operator.wait_frames(12)
    assert [msg.primary_angle for msg in operator.received("carm_geometry")] == pytest.approx([0.0, 0.1])


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


def test_an_expired_command_stops_the_robot(operator, make_simulator):
    operator.find(make_simulator(command_timeout=0.2))
    operator.command(advance=0.005)
    operator.wait(lambda: operator.states[-1].moving, "the robot to move")
    operator.wait(lambda: not operator.states[-1].moving, "the robot to stop by itself", timeout=3.0)
    travel = operator.states[-1].advance
    operator.wait_frames(5)
    assert operator.states[-1].advance == pytest.approx(travel, abs=2e-5)
    assert not operator.states[-1].fault


def test_a_command_with_an_old_stamp_is_not_followed(operator, make_simulator):
    simulator = make_simulator()
    operator.find(simulator)
    old = operator.robot.now()
    old.stamp.sec -= 5
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


def test_injections_show_the_annulus_at_once_and_again(operator, make_simulator):
    operator.find(make_simulator(injection_period=4.0, frame_rate=10.0))
    operator.wait(
        lambda: any(msg.source == AnnulusFrame.SOURCE_CONTRAST for msg in operator.received("truth/annulus")),
        "contrast in the annulus",
    )


def test_a_script_runs_by_itself_to_its_end_and_ignores_commands(operator, make_simulator):
    simulator = make_simulator(script="procedure", duration=1.0)
    operator.wait(lambda: simulator.count_subscribers("image"), "the operator")
    simulator.start()
    operator.command(advance=0.005)
    operator.wait(lambda: len(operator.received("image")) + simulator.late == 20, "the end")
    time.sleep(0.2)
    images, truths = operator.received("image"), operator.received("truth/deviation")
    assert [msg.header.stamp for msg in images] == [msg.header.stamp for msg in truths]
    assert len(images) + simulator.late == 20


def test_slow_rendering_leaves_frames_out_and_parameters_are_answered_all_the_same(
    operator, make_simulator, monkeypatch
):
    class Slow(simulated_patient.CommandedPatient):
        def look(self):
            time.sleep(0.3)
            return super().look()

    monkeypatch.setitem(simulated_patient.PATIENTS, "none", Slow)
    simulator = make_simulator()
    operator.find(simulator)
    client = operator.robot.create_client(GetParameters, "simulator/get_parameters")
    operator.wait(client.service_is_ready, "the parameter service")
    start = time.monotonic()
    answer = client.call_async(GetParameters.Request(names=["seed"]))
    operator.wait(answer.done, "an answer")
    assert time.monotonic() - start < 0.25
    operator.wait(lambda: simulator.late >= 5, "frames to be left out")


@pytest.mark.parametrize("wrong", [{"bits": 12}, {"frame_rate": 0.0}, {"script": "dance"}])
def test_a_parameter_that_is_not_allowed_is_refused(make_simulator, wrong):
    with pytest.raises((ValueError, ParameterException)):
        make_simulator(**wrong)


def test_the_topics_of_the_node_reference_are_those_that_the_node_has(make_simulator, namespace):
    simulator = make_simulator()
    ours = {entity.topic_name for entity in (*simulator.publishers, *simulator.subscriptions)}
    ours = {topic for topic in ours if topic.startswith(namespace)}
    section = NODES_PAGE.read_text().split("\n## simulator\n")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z_/]+)` \|", section, flags=re.MULTILINE))
    assert {f"{namespace}/{topic.removeprefix('/')}" for topic in named} == ours
