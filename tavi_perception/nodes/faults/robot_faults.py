"""Faults of the robot, and of the machine on which it and its controller run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import cycle

from sensor_msgs.msg import JointState
from tavi_msgs.msg import DeliveryState

from tavi_perception.nodes import qos
from tavi_perception.nodes.faults.cast import fault
from tavi_perception.nodes.faults.controller_faults import FOR, STUTTER, moving
from tavi_perception.nodes.faults.robot_scene import CONTROLLER, ROBOT, STOPS, RobotScene
from tavi_perception.nodes.faults.world import NS
from tavi_perception.nodes.robot_bridge_settings import RobotBridgeConfig
from tavi_perception.nodes.session_graph import node_program

SILENCE = 0.4
"""s after which a controller that hears nothing of its robot holds: 0.3, and a deviation."""

UNHEARD = "nothing is heard of the robot"
"""What it says then."""

TRAVELLED = 0.006
"""m of the drive after which a robot that counts from 0 again cannot be taken for one that has not moved."""

LEAPT = "the robot's travel has leapt"
"""And of one that was started again, or whose travel is impossible."""

BROKEN = "the catheter does not do what its drives do"
"""What the controller says of a robot that does something else."""


@contextmanager
def held(scene: RobotScene) -> Iterator[None]:
    """The robot is not heard of meanwhile, and the controller holds, or is kept waiting by the middleware."""
    begin = scene.world.now()
    yield
    if scene.spoke(begin + round(NS * SILENCE)):
        scene.expect_said(UNHEARD, begin)
    scene.expect_hold(begin + round(NS * (SILENCE + scene.late)))


def replaced(scene: RobotScene) -> AbstractContextManager[None]:
    """The robot's process is stopped meanwhile: somebody else reports in its place, or nobody."""
    return scene.stopped(ROBOT)


def aborts(scene: RobotScene, because: str) -> None:
    """The controller gives up; a person begins anew."""
    scene.wait(scene.aborted, "that the controller aborts")
    scene.expect_said(because, scene.begun)
    scene.afresh()


# Off and stuck --------------------------------------------------------------------------------------


@fault
def robot_killed(scene: RobotScene) -> None:
    scene.wait(lambda: abs(scene.deviations.advance) > TRAVELLED, "travel")
    scene.graph.kill(ROBOT)
    with held(scene):
        scene.world.sleep(FOR)
    back = scene.starts(ROBOT, lambda begun: any(at > begun for at, _ in scene.states))
    aborts(scene, LEAPT)
    first = next(msg for at, msg in scene.states if at > back)
    scene.expect(not first.moving, "The robot moves as soon as it is there.")


@fault
def robot_stopped(scene: RobotScene) -> None:
    with replaced(scene), held(scene):
        scene.world.sleep(FOR)


@fault
def axis_sticks(scene: RobotScene) -> None:
    scene.deviations.follows = 0.0
    aborts(scene, BROKEN)


# Garbage and wrong ----------------------------------------------------------------------------------


@fault
def nan_travel(scene: RobotScene) -> None:
    with replaced(scene), held(scene):
        scene.plant(lambda stamp: scene.report(stamp, math.nan), FOR)


NAMES = (RobotBridgeConfig.advance_joint, RobotBridgeConfig.retraction_joint)
BRIDGE, BRIDGED = "bridge", "/bridge/state"
"""The bridge's name in the graph, and where it tells the state of its robot: beside the simulated one."""

GARBAGE = (
    JointState(name=NAMES, position=[0.1]),
    JointState(name=NAMES, position=[0.1, 0.2], velocity=[0.1] * 3),
    JointState(name=NAMES),
    JointState(name=NAMES, position=[0.1, math.nan]),
    JointState(name=NAMES[:1], position=[0.1]),
)


@fault
def garbage_joints(scene: RobotScene) -> None:
    witness, commanded, words = scene.witness, "joint_commands", cycle(GARBAGE)
    publisher = witness.create_publisher(JointState, "joint_states", qos.OUTPUT)
    heard = witness.listen(JointState, commanded), witness.listen(DeliveryState, BRIDGED)

    def driven(since: int) -> bool:
        """The joints, which say where they are, are told to move after a time (ns)."""
        publisher.publish(JointState(name=NAMES, position=[0.0, 0.0]))
        return any(at > since and any(msg.velocity) for at, msg in witness.heard(commanded))

    with bridge(scene):
        scene.wait(lambda: driven(0), "motion of the joints")
        begin = scene.world.now()
        scene.plant(lambda _: publisher.publish(next(words)), FOR)
        rests = begin + round(NS * (STOPS + scene.late))
        moving = [msg for at, msg in witness.heard(commanded) if at > rests and any(msg.velocity)]
        states = [msg for at, msg in witness.heard(BRIDGED) if at > rests]
        scene.expect(not moving, f"{len(moving)} commands still move the joints.")
        scene.expect(not states, f"{len(states)} states were made of it.")
        again = scene.world.now()
        scene.wait(lambda: driven(again), "motion of the joints afterwards")
        log = scene.graph.log(BRIDGE).read_text(encoding="utf-8")
        scene.expect("joint_states: it has 2 names but 1 values of position" in log, f"It said: {log[-500:]}")
    witness.destroy_publisher(publisher)
    for subscription in heard:
        witness.destroy_subscription(subscription)


@contextmanager
def bridge(scene: RobotScene) -> Iterator[None]:
    """A bridge obeys the controller too meanwhile, with joints of its own."""
    timeout = RobotBridgeConfig.command_timeout * scene.world.slower
    words = ["-r", f"__ns:={scene.namespace}", "-r", f"/delivery/state:={BRIDGED}"]
    words += ["-p", "output:=joint_state", "-p", f"command_timeout:={timeout}"]
    command = [*node_program("robot_bridge"), "--ros-args", *words, *scene.clock_words]
    scene.graph.start(BRIDGE, command, scene.out / f"{BRIDGE}.log")
    try:
        yield
    finally:
        scene.graph.stop(BRIDGE)


@fault
def runs_backwards(scene: RobotScene) -> None:
    scene.deviations.follows = -1.0
    aborts(scene, BROKEN)


@fault
def overshoots(scene: RobotScene) -> None:
    scene.deviations.follows = 2.0
    aborts(scene, BROKEN)


@fault
def impossible_travel(scene: RobotScene) -> None:
    with replaced(scene):
        scene.plant(lambda stamp: scene.report(stamp, 5.0), 0.3)
    aborts(scene, LEAPT)


@fault
def robot_fault(scene: RobotScene) -> None:
    with replaced(scene):
        scene.plant(lambda stamp: scene.report(stamp, fault=True), 1.5)
    aborts(scene, "the robot reports a fault")


# Slow, delayed, intermittent ------------------------------------------------------------------------


@fault
def slow_reports(scene: RobotScene) -> None:
    with replaced(scene):
        begin = scene.world.now()
        scene.plant(scene.report, 2.0, period=1.0)
    scene.expect_said(UNHEARD, begin)


@fault
def late_reports(scene: RobotScene) -> None:
    with replaced(scene), held(scene):
        scene.plant(lambda stamp: scene.report(stamp - NS), FOR)


@fault
def stuttering_robot(scene: RobotScene) -> None:
    stutters(scene, ROBOT)
    scene.expect_said(UNHEARD, scene.begun)


@fault
def stuttering_machine(scene: RobotScene) -> None:
    stutters(scene, CONTROLLER, ROBOT)


def stutters(scene: RobotScene, *names: str) -> None:
    for _ in range(3):
        with scene.stopped(*names):
            scene.world.sleep(STUTTER)
        moving(scene, scene.world.now())


@fault
def all_stop(scene: RobotScene) -> None:
    with scene.stopped(CONTROLLER, ROBOT):
        scene.world.sleep(1.0)
