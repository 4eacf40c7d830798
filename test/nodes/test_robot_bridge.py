"""The bridge to a robot under ros2_control: what reaches the joints, and what they report."""

import math
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, Header
from tavi_msgs.msg import DeliveryCommand, DeliveryState
from trajectory_msgs.msg import JointTrajectory

from tavi_perception.bags.decode import seconds
from tavi_perception.nodes import joints, qos
from tavi_perception.nodes.robot_bridge import MESSAGES, RobotBridge
from tavi_perception.nodes.robot_bridge_settings import RobotBridgeConfig
from tavi_perception.resources import share_directory

NAMES = ("catheter_advance", "capsule_retraction")
STILL = (0.0, 0.0)
velocities = st.tuples(st.floats(-0.03, 0.03), st.floats(-0.03, 0.03))
places = st.tuples(st.floats(-0.1, 0.1), st.floats(0.0, 0.1))


class Stack:
    """The controller's end and the joints' end of a bridge."""

    def __init__(self, robot, output):
        self.robot, self.wait = robot, robot.wait
        robot.listen(MESSAGES[output], "joint_commands")
        robot.listen(DeliveryState, "delivery/state")
        self._commands = robot.create_publisher(DeliveryCommand, "delivery/command", qos.OUTPUT)
        self._joints = robot.create_publisher(JointState, "joint_states", qos_profile_sensor_data)

    @property
    def commanded(self):
        return self.robot.received("joint_commands")

    @property
    def states(self):
        return self.robot.received("delivery/state")

    def find(self):
        self.wait(
            lambda: (
                self._commands.get_subscription_count()
                and self._joints.get_subscription_count()
                and self.robot.count_publishers(f"{self.robot.get_namespace()}/delivery/state")
            ),
            "the bridge",
        )

    def command(self, advance=0.0, retraction=0.0, *, hold=False, header=None):
        header = header or self.robot.now()
        velocity = {"advance_velocity": advance, "retraction_velocity": retraction}
        self._commands.publish(DeliveryCommand(header=header, hold=hold, **velocity))

    def report(self, position=STILL, velocity=STILL, name=NAMES):
        header = self.robot.now("")
        self._joints.publish(
            JointState(header=header, name=list(name), position=list(position), velocity=list(velocity))
        )
        return header

    def drive_until(self, condition, what, **command):
        """Commands and reports again and again, as controller and joints do, until a command holds."""

        def found():
            self.report((0.01, 0.002))
            self.command(**command)
            return any(map(condition, self.commanded))

        self.wait(found, what)


@pytest.fixture
def make_stack(graph, namespace, make_robot):
    made = []

    def make(output="velocity", **parameters):
        stack = Stack(make_robot(), output)
        remapped = ("/delivery/command", "/delivery/state")
        node = RobotBridge(
            namespace=namespace,
            cli_args=["--ros-args", *(word for t in remapped for word in ("-r", f"{t}:={namespace}{t}"))],
            parameter_overrides=[
                Parameter(name, value=value) for name, value in {"output": output, **parameters}.items()
            ],
        )
        made.append(node)
        graph.add(node)
        stack.find()
        return stack

    yield make
    for node in made:
        graph.remove(node)


def test_a_command_becomes_the_velocities_of_the_joints_in_their_order(make_stack):
    stack = make_stack()
    stack.drive_until(
        lambda msg: list(msg.data) == [0.004, -0.002], "the velocities", advance=0.004, retraction=-0.002
    )
    assert all(isinstance(msg, Float64MultiArray) for msg in stack.commanded)


def test_a_command_becomes_a_trajectory_to_where_its_velocities_lead(make_stack):
    stack = make_stack("trajectory")
    moving = lambda msg: len(msg.points) == 2  # noqa: E731
    stack.drive_until(moving, "a trajectory", advance=0.01)
    msg = next(filter(moving, stack.commanded))
    assert isinstance(msg, JointTrajectory) and list(msg.joint_names) == list(NAMES)
    assert list(msg.points[0].positions) == pytest.approx([0.01 + 0.01 * 0.2, 0.002])
    assert list(msg.points[0].velocities) == [0.01, 0.0]


def test_a_command_becomes_a_joint_state_of_velocities_alone(make_stack):
    stack = make_stack("joint_state")
    stack.drive_until(lambda msg: list(msg.velocity) == [0.0, 0.003], "the velocities", retraction=0.003)
    msg = stack.commanded[-1]
    assert list(msg.name) == list(NAMES) and not msg.position


def test_silence_of_the_controller_stops_the_joints(make_stack):
    stack = make_stack()
    stack.drive_until(lambda msg: msg.data[0] > 0, "motion", advance=0.004)

    def stopped():
        stack.report()
        return list(stack.commanded[-1].data) == [0.0, 0.0]

    stack.wait(stopped, "a standstill", timeout=3.0)


def test_silence_of_the_joints_stops_them(make_stack):
    stack = make_stack()
    stack.drive_until(lambda msg: msg.data[0] > 0, "motion", advance=0.004)

    def stopped():
        stack.command(advance=0.004)
        return list(stack.commanded[-1].data) == [0.0, 0.0]

    stack.wait(stopped, "a standstill", timeout=3.0)


def test_a_hold_brings_a_trajectory_to_a_standstill_and_keeps_it_there(make_stack):
    stack = make_stack("trajectory")
    stack.drive_until(lambda msg: len(msg.points) == 2, "motion", advance=0.004)
    stack.robot.forget()
    stack.drive_until(lambda msg: len(msg.points) == 1, "a standstill", hold=True)
    [point] = stack.commanded[-1].points
    assert list(point.velocities) == [0.0, 0.0]
    stack.report((0.5, 0.5))
    stack.robot.forget()
    stack.drive_until(lambda msg: True, "another command", hold=True)
    assert stack.commanded[-1].points[0].positions == point.positions


def test_without_commands_the_joints_are_told_to_stand_still(make_stack):
    stack = make_stack()
    stack.wait(lambda: len(stack.commanded) > 3, "commands")
    assert all(list(msg.data) == [0.0, 0.0] for msg in stack.commanded)


def test_an_old_command_moves_nothing(make_stack):
    stack = make_stack()
    old = stack.robot.now()
    old.stamp.sec -= 1
    for _ in range(5):
        stack.report()
        stack.command(advance=0.004, header=old)
    stack.wait(lambda: len(stack.commanded) > 10, "commands")
    assert all(list(msg.data) == [0.0, 0.0] for msg in stack.commanded)


@pytest.mark.parametrize("velocity", [math.nan, math.inf, 1.0])
def test_a_velocity_that_cannot_be_meant_is_a_fault_until_a_hold(make_stack, velocity):
    stack = make_stack()
    stack.command(advance=velocity)

    def reported(fault):
        stack.report()
        return stack.states and stack.states[-1].fault == fault

    stack.wait(lambda: reported(True), "the fault")
    stack.command(hold=True)
    stack.wait(lambda: reported(False), "its end")
    assert all(list(msg.data) == [0.0, 0.0] for msg in stack.commanded)


def test_every_joint_state_becomes_a_state_of_the_robot_with_its_stamp(make_stack):
    stack = make_stack()
    headers = [stack.report((0.01 * i, 0.001), (0.0, 0.002 * (i % 2)), name=NAMES) for i in range(3)]
    stack.wait(lambda: len(stack.states) == 3, "the states")
    assert [msg.header.stamp for msg in stack.states] == [header.stamp for header in headers]
    assert [msg.advance for msg in stack.states] == [0.0, 0.01, 0.02]
    assert [msg.moving for msg in stack.states] == [False, True, False]


def test_a_message_whose_arrays_do_not_belong_together_is_refused_and_the_next_one_taken(make_stack):
    stack = make_stack()
    stack.report((0.01,), ())
    last = stack.report((0.02, 0.003))
    stack.wait(lambda: stack.states, "a state")
    assert [msg.header.stamp for msg in stack.states] == [last.stamp]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (JointState(name=NAMES, position=[0.1]), "2 names but 1 values of position"),
        (JointState(name=NAMES, position=[0.1, 0.2], velocity=[0.1] * 3), "2 names but 3 values of velocity"),
        (JointState(name=NAMES), "the position of a joint is missing"),
        (JointState(name=NAMES, position=[0.1, math.nan]), "is no number"),
        (JointState(name=NAMES[:1], position=[0.1]), "it has no joint capsule_retraction"),
    ],
)
def test_what_does_not_say_where_both_joints_are_is_refused_in_a_sentence(message, reason):
    with pytest.raises(ValueError, match=reason):
        joints.joints(message, NAMES)


def test_joints_are_found_by_name_among_others():
    message = JointState(name=["table", NAMES[1], NAMES[0]], position=[9.0, 0.2, 0.1])
    found = joints.joints(message, NAMES)
    assert found.positions == (0.1, 0.2) and all(map(math.isnan, found.velocities))
    assert joints.joints(JointState(name=["table"], position=[1.0]), NAMES) is None


@given(places, velocities, st.floats(0.02, 1.0))
def test_every_trajectory_ends_at_a_standstill_it_can_slow_down_to_evenly(positions, velocity, horizon):
    msg = joints.moving_trajectory(NAMES, positions, velocity, horizon)
    going, last = msg.points
    assert (msg.header, list(last.velocities)) == (Header(), [0.0, 0.0])
    slowing = seconds(last.time_from_start) - seconds(going.time_from_start)
    for start, end, v in zip(going.positions, last.positions, going.velocities, strict=True):
        assert end - start == pytest.approx(v * slowing / 2, abs=1e-9)


def test_the_shipped_description_and_controllers_have_the_joints_of_the_bridge_in_its_order():
    folder = share_directory() / "config" / "robot"
    described = ElementTree.parse(folder / "delivery_robot.urdf").getroot()
    for joints_of in ("joint", "ros2_control/joint"):
        assert tuple(joint.get("name") for joint in described.findall(joints_of)) == NAMES
    controllers = yaml.safe_load((folder / "controllers.yaml").read_text())
    for name in ("delivery_velocity_controller", "delivery_trajectory_controller"):
        assert tuple(controllers[name]["ros__parameters"]["joints"]) == NAMES


def test_one_name_for_both_joints_is_refused():
    with pytest.raises(ValueError, match="name two joints"):
        RobotBridgeConfig(advance_joint="capsule_retraction")
