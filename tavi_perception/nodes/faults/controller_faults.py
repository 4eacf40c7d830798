"""Faults of the deviations that a controller gets, and of the controller."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, cycle

from tavi_perception.estimates import Reason
from tavi_perception.nodes.faults.cast import fault
from tavi_perception.nodes.faults.deviations import Word, word
from tavi_perception.nodes.faults.robot_scene import CONTROLLER, COUNTED, RobotScene
from tavi_perception.nodes.faults.world import NS

FOR = 1.1
"""s that most faults last: until the robot rests, and some frames."""

STUTTER = 0.4
"""s for which a process is stopped again and again."""

SPEED = 0.003
"""m/s of commands that are planted: no leap for a controller that does not hear of it."""


# Deviations -----------------------------------------------------------------------------------------


@contextmanager
def rests(scene: RobotScene, because: str) -> Iterator[None]:
    """What goes wrong meanwhile makes the controller hold, and say why, and the robot rest."""
    begin = scene.world.now()
    yield
    scene.expect_said(because, begin)
    scene.expect_rest(begin)


@fault
def deviations_stop(scene: RobotScene) -> None:
    with rests(scene, "no deviation to act on has come"), scene.deviations.through(lambda *_: []):
        scene.world.sleep(FOR)


@fault
def garbage_deviations(scene: RobotScene) -> None:
    garbage: list[dict[str, object]] = [
        {"depth": math.nan}, {"depth": math.inf}, {"depth": 0.5}, {"depth": -3.0}, {"depth_sigma": math.nan},
        {"depth_sigma": math.inf}, {"extraction": 3.0}, {"stent_tilt": -2.0}, {"stage": 99},
    ]  # fmt: skip
    fields = cycle(garbage)

    def spoilt(depth: float, stamp: int) -> list[Word]:
        return [word(depth, stamp, good=False, **next(fields))]

    with rests(scene, "none that a device has"), scene.deviations.through(spoilt):
        scene.world.sleep(FOR)


@fault
def slow_deviations(scene: RobotScene) -> None:
    before, scene.deviations.period = scene.deviations.period, 1.0
    begin = scene.world.now()
    scene.world.sleep(2.2)
    scene.deviations.period = before
    scene.expect_said("no deviation to act on has come", begin)
    still = [msg for _, msg in scene.states if not msg.moving]
    scene.expect(still, "The robot does not rest between two.")


@fault
def old_deviations(scene: RobotScene) -> None:
    def old(depth: float, stamp: int) -> list[Word]:
        return [word(depth, stamp - NS // 2)]

    with rests(scene, "s old"), scene.deviations.through(old):
        scene.world.sleep(FOR)


@fault
def flickering_validity(scene: RobotScene) -> None:
    numbers = count()

    def every_other(depth: float, stamp: int) -> list[Word]:
        return [word(depth, stamp) if next(numbers) % 2 else not_valid(depth, stamp)]

    with rests(scene, "valid deviations in a row that agree"), scene.deviations.through(every_other):
        scene.world.sleep(FOR)


def not_valid(depth: float, stamp: int) -> Word:
    return word(depth, stamp, valid=False, reasons=int(Reason.LOW_CONFIDENCE))


# Controller -----------------------------------------------------------------------------------------


@fault
def controller_killed(scene: RobotScene) -> None:
    scene.graph.kill(CONTROLLER)
    killed = scene.world.now()
    scene.expect_stop(killed)
    scene.world.sleep(FOR)
    scene.expect_rest(killed)
    scene.starts(CONTROLLER, lambda begun: any(at > begun for at, _ in scene.commands))


@fault
def controller_stopped(scene: RobotScene) -> None:
    with scene.stopped(CONTROLLER):
        stopped = scene.world.now()
        scene.expect_stop(stopped)
        scene.world.sleep(FOR)
        scene.expect_rest(stopped)


@fault
def stuttering_controller(scene: RobotScene) -> None:
    for _ in range(3):
        with scene.stopped(CONTROLLER):
            stopped = scene.world.now()
            scene.expect_stop(stopped)
            scene.world.sleep(STUTTER)
        moving(scene, scene.world.now())


def moving(scene: RobotScene, since: int) -> None:
    scene.wait(lambda: scene.recovered(since), "motion between two of the faults")


@fault
def nan_command(scene: RobotScene) -> None:
    mad(scene, math.nan)


@fault
def mad_command(scene: RobotScene) -> None:
    mad(scene, 1.0)


def mad(scene: RobotScene, velocity: float) -> None:
    """A command that cannot be meant, in the controller's place, and then ones that can."""
    with scene.stopped(CONTROLLER):
        begin = scene.world.now()
        scene.command(scene.world.told(), velocity * scene.world.slower)
        scene.expect_told(f"a command of {velocity:g} m/s advance", begin)
        scene.plant(lambda stamp: scene.command(stamp, SPEED), 0.5)
        scene.expect_told("it has stopped for a fault", begin)
        reports = [msg for _, msg in scene.states[-5:]]
        scene.expect(all(msg.fault for msg in reports), "It reports no fault.")
        scene.expect(not any(msg.moving for msg in reports), "It moves.")
        again = scene.world.now()
    scene.wait(lambda: scene.recovered(again) or scene.aborted(), "that the controller goes on, or gives up")
    if scene.aborted():
        scene.expect_said("the robot reports a fault", again)
        scene.afresh()


@fault
def lawless_commands(scene: RobotScene) -> None:
    with scene.deviations.through(lambda depth, stamp: [not_valid(depth, stamp)]), scene.stopped(CONTROLLER):
        scene.world.sleep(FOR)
        with scene.provoked():
            scene.plant(lambda _: scene.command(scene.deviations.last, SPEED, COUNTED), 0.4)
        end = scene.world.now()
        scene.expect(any(msg.moving for _, msg in scene.states[-20:]), "The robot has not followed.")
        scene.expect_stop(end)
        scene.world.sleep(FOR)
        scene.expect_rest(end)


@fault
def future_commands(scene: RobotScene) -> None:
    not_followed(scene, lambda stamp: scene.command(stamp + 3600 * NS, SPEED))


@fault
def old_commands(scene: RobotScene) -> None:
    not_followed(scene, lambda stamp: scene.command(stamp - NS, SPEED))


def not_followed(scene: RobotScene, send: Callable[[int], object]) -> None:
    with scene.stopped(CONTROLLER):
        begin = scene.world.now()
        scene.plant(send, FOR)
        scene.expect_told("a command is ", begin)
        scene.expect_rest(begin)


@fault
def slow_commands(scene: RobotScene) -> None:
    with scene.stopped(CONTROLLER):
        begin = scene.world.now()
        scene.expect_stop(begin)
        for _ in range(2):
            sent = scene.world.now()
            scene.command(scene.deviations.last, SPEED, COUNTED)
            scene.wait(partial(scene.follows, sent), "motion by a command")
            scene.expect_told("no command for", sent)
            scene.world.sleep(1.0)
            scene.expect_rest(sent)
