"""Runs cases scene by scene, each scene a graph of its own, and tells what came of each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tavi_perception.faults import matrix
from tavi_perception.faults.matrix import Case
from tavi_perception.faults.outcome import Outcome, Verdict
from tavi_perception.nodes.faults import image_faults, input_faults, isolated, process_faults
from tavi_perception.nodes.faults.cast import FAULTS
from tavi_perception.nodes.faults.perception_scene import PerceptionScene
from tavi_perception.nodes.faults.scene import Scene
from tavi_perception.nodes.graph import Graph, GraphError

CAST = (image_faults, input_faults, process_faults, isolated)
"""What has put its cases into ``FAULTS``."""


def campaign(cases: Iterable[Case], scale: float = 1.0, slower: float = 1.0) -> Iterator[Outcome]:
    """The outcome of each case, as it ends.

    Args:
        scale, slower: see ``Scene`` and ``World``.
    """
    cases = list(cases)
    waiting = [case for case in cases if case.scene is matrix.Scene.PERCEPTION]
    with tempfile.TemporaryDirectory(prefix="tavi-faults-") as folder:
        while waiting:
            yield from play(PerceptionScene, waiting, Path(folder), scale, slower)
    apart = [case for case in cases if case.scene is matrix.Scene.NAMESPACE]
    if apart:
        yield from isolated.isolated(apart, scale, slower)


def play(
    scene_class: type[Scene], waiting: list[Case], out: Path, scale: float, slower: float
) -> Iterator[Outcome]:
    """Runs what waits until all is done, or a case has failed: the next is to have a graph that is well.

    What has run waits no more.
    """
    begun = time.monotonic()
    try:
        with Graph() as graph, scene_class(graph, out, scale, slower) as scene:
            while waiting:
                begun = time.monotonic()
                outcome = scene.run(waiting[0], FAULTS[waiting[0].name])
                waiting.pop(0)
                yield outcome
                if outcome.verdict is Verdict.FAILED:
                    return
    except GraphError as error:
        case = waiting.pop(0)
        sentence = f"the graph was not well before the case: {error}"
        yield Outcome(case.name, Verdict.FAILED, (sentence,), time.monotonic() - begun)
