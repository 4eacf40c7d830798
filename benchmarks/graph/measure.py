"""One arm in a graph of its own: camera, node under test and company as processes, the watch in this one."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.graph.answers import Stopwatch
from benchmarks.graph.arms import Arm
from benchmarks.graph.camera import Order
from benchmarks.graph.camera_control import Camera
from benchmarks.graph.figures import Figures, figures_of
from benchmarks.graph.plan import Cell, Company, Plan
from benchmarks.graph.usage import Usage
from benchmarks.graph.viewer import TOPIC as OVERLAY
from tavi_perception.carm import CArmGeometry
from tavi_perception.inference.bundle import ModelBundle
from tavi_perception.nodes.graph import Graph, GraphError
from tavi_perception.nodes.session_graph import INPUTS, RESULTS, SETTLE, SHARED, START_TIMEOUT, VIEWS

WARM_UP = 0.5
"""s for which frames come at the new rate and size before they count."""

DRAIN = 1.0
"""s without a further answer after which the frames that have none are lost."""

_PROBE_HZ, _PROBE_SECONDS = 5.0, 0.4
"""Frames that are sent until the first answer comes."""

_NODE, _RECORDER, _VIEWER = "node under test", "recorder", "viewer"


@dataclass(frozen=True)
class Setting:
    """What is the same for all arms.

    Attributes:
        frames: folder of the camera's frames. geometry: of the C-arm.
        bundle: of the model. threads: of our node's inference.
        logs: folder for what the processes say.
        scratch: folder for what is deleted afterwards.
        patience: how long a node may take to its first answer (s).
    """

    frames: Path
    geometry: CArmGeometry
    bundle: ModelBundle
    threads: int
    logs: Path
    scratch: Path
    patience: float = START_TIMEOUT


def measured(
    name: str, arm: Arm, python: Sequence[str], company: Company, plan: Plan, setting: Setting
) -> Iterator[tuple[Cell, Figures]]:
    """Every cell of the plan for one arm, one after the other, by one process of the node.

    Raises:
        GraphError: a process has ended, or the node does not listen to images.
    """
    label, bag = f"{name}-{company.value}", setting.scratch / "bag"
    command = arm.command(python, setting.bundle, setting.threads, setting.scratch / f"{label}.yaml")
    try:
        with Graph() as graph:
            stopwatch = Stopwatch(arm.answer, setting.geometry)
            graph.add(stopwatch.node)
            with Camera(setting.frames, setting.logs / f"{label}-camera.log") as camera:
                graph.start(_NODE, command, setting.logs / f"{label}.log")
                if company.recorder:
                    graph.start(_RECORDER, _record(bag), setting.logs / f"{label}-recorder.log")
                if company.viewer:
                    viewer = [sys.executable, "-m", "benchmarks.graph.viewer"]
                    graph.start(_VIEWER, viewer, setting.logs / f"{label}-viewer.log")
                wake(camera, stopwatch, graph, min(plan.sizes), 1 + company.recorder, setting.patience)
                for cell in plan.cells(company):
                    yield cell, measure(camera, stopwatch, graph.pid(_NODE), cell)
                    graph.check()
                graph.stop_children()  # while the camera is there: what it has sent is in the bag
    finally:
        shutil.rmtree(bag, ignore_errors=True)


def wake(
    camera: Camera, stopwatch: Stopwatch, graph: Graph, size: int, listeners: int, patience: float
) -> None:
    """Sends a few frames a second until one is answered; a node that never does is measured all the same.

    Raises:
        GraphError: fewer than ``listeners`` have subscribed to the images after ``patience`` s.
    """
    deadline, found = time.monotonic() + patience, 0
    while (found < listeners or not stopwatch.count) and time.monotonic() < deadline:
        graph.check()
        found = camera.film(Order(size, _PROBE_HZ, _PROBE_SECONDS)).listeners
    if found < listeners:
        raise GraphError(
            f"{found} of {listeners} have subscribed to {INPUTS[0]} after {patience:.0f} s: see the logs"
        )
    time.sleep(SETTLE)


def measure(camera: Camera, stopwatch: Stopwatch, pid: int, cell: Cell, drain: float = DRAIN) -> Figures:
    """Sends the frames of a cell, waits for their answers, and counts; ``pid``: of the node's process."""
    stopwatch.take()
    stopwatch.take_stages()
    with Usage(pid) as usage:
        filmed = camera.film(Order(cell.size, cell.rate, cell.seconds, WARM_UP))
    stopwatch.settle(filmed.stamps, drain)
    stages = {stage.value: durations.median for stage, durations in stopwatch.take_stages().items()}
    return figures_of(
        filmed.stamps, stopwatch.take(), usage.samples, os.cpu_count() or 1, filmed.publish_ms, stages
    )


def _record(bag: Path) -> list[str]:
    """All topics that ``./tavi run`` records but the overlay, of which that takes two a second."""
    topics = [topic for topic in (*INPUTS, *RESULTS, *VIEWS, *SHARED) if topic != OVERLAY]
    return [sys.executable, "-m", "tavi_perception.cli", "record", str(bag), "--topics", *topics]
