"""Runs cases scene by scene, each scene a graph of its own, and tells what came of each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tavi_perception.faults import matrix
from tavi_perception.faults.matrix import Case
from tavi_perception.faults.outcome import Outcome, Verdict
from tavi_perception.nodes.faults import (
    controller_faults,
    image_faults,
    input_faults,
    isolated,
    process_faults,
    robot_faults,
)
from tavi_perception.nodes.faults.cast import FAULTS
from tavi_perception.nodes.faults.perception_scene import PerceptionScene
from tavi_perception.nodes.faults.robot_scene import RobotScene
from tavi_perception.nodes.faults.scene import Scene, broken
from tavi_perception.nodes.graph import Graph

CAST = (image_faults, input_faults, process_faults, controller_faults, robot_faults, isolated)
"""What has put its cases into ``FAULTS``."""

SCENES: dict[matrix.Scene, type[Scene]] = {
    matrix.Scene.PERCEPTION: PerceptionScene,
    matrix.Scene.ROBOT: RobotScene,
}
"""In the order in which they are played; the one in a network of its own comes last."""


def campaign(cases: Iterable[Case], scale: float = 1.0, slower: float = 1.0) -> Iterator[Outcome]:
    """The outcome of each case, as it ends.

    Args:
        scale, slower: see ``Scene`` and ``World``.
    """
    cases = list(cases)
    with tempfile.TemporaryDirectory(prefix="tavi-faults-") as folder:
        for name, scene in SCENES.items():
            waiting = [case for case in cases if case.scene is name]
            while waiting:
                yield from play(scene, waiting, Path(folder), scale, slower)
    apart = [case for case in cases if case.scene is matrix.Scene.NAMESPACE]
    if apart:
        yield from isolated.isolated(apart, scale, slower)


def play(
    scene_class: type[Scene], waiting: list[Case], out: Path, scale: float, slower: float
) -> Iterator[Outcome]:
    """Runs what waits until all is done, or a case has failed: the next is to have a graph that is well.

    What has run waits no more. Nothing that goes wrong in a case or between two of them ends the campaign.
    """
    begun, last = time.monotonic(), waiting[0]
    try:
        with Graph() as graph, scene_class(graph, out, scale, slower) as scene:
            while waiting:
                begun, last = time.monotonic(), waiting[0]
                outcome = scene.run(last, FAULTS[last.name])
                waiting.pop(0)
                yield outcome
                if outcome.verdict is Verdict.FAILED:
                    return
    except Exception as error:
        well = "before the case" if last in waiting else "after the case"
        if last in waiting:
            waiting.remove(last)
        sentence = f"the graph was not well {well}: {broken(error)}"
        yield Outcome(last.name, Verdict.FAILED, (sentence,), time.monotonic() - begun)
