"""One procedure in closed loop: patient and robot, perception, controller, each a process; all recorded."""

from __future__ import annotations

import math
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from tavi_perception.bags.writer import BagWriter
from tavi_perception.control.decision import FINAL, Phase
from tavi_perception.nodes.graph import Graph, GraphError
from tavi_perception.nodes.onlooker import Onlooker
from tavi_perception.nodes.recorder import Recorder
from tavi_perception.nodes.session_graph import (
    INPUTS,
    PERCEPTION,
    RESULTS,
    SHARED,
    TRUTH,
    VIEWS,
    SessionOptions,
    incomplete,
    node_program,
    start_perception,
    start_up,
)
from tavi_perception.parameter_file import parameters_text
from tavi_perception.resources import share_directory
from tavi_perception.simulation.fault import NO_FAULT, RESTARTS, Fault, FaultKind
from tavi_perception.simulation.makes import OWN
from tavi_perception.visualization.closed_loop.live import phase_line, progress_line

DELIVERY = ("/delivery/command", "/delivery/state", "/delivery/joint_states", "/controller/state")

_LEFT = 6.0
"""s before the end at which the controller gives up, unless it is letting the stent go, as long."""

LONGEST = 72.0
"""s that a procedure may take."""

ALTOGETHER = 77.0
"""s for a session, so that it and its report are ready after 90 s."""

AFTERWARDS = {Phase.DONE: 3.0, Phase.ABORTED: 1.0}
"""s that are recorded after the controller's last word."""

LOOK_PERIOD = 0.1
"""s between two looks at how the procedure goes."""


@dataclass(frozen=True)
class ClosedLoop:
    """What takes part.

    Attributes:
        seed: patient, robot and staff.
        frame_rate: of the fluoroscopy (frames/s).
        size: of the images' side (px); 512, as many a C-arm has, lets two cores keep up with 15 frames/s.
        controller: Python file of a controller that runs in place of ours; None: ours.
        fault: what goes wrong; None: nothing.
        longest: time that the procedure may take (s).
        device: make of the delivery system.

    Raises:
        GraphError: the controller is no file.
    """

    seed: int
    frame_rate: float = 15.0
    size: int = 512
    controller: Path | None = None
    longest: float = LONGEST
    fault: Fault | None = None
    device: str = OWN

    def __post_init__(self) -> None:
        if self.controller is not None and not self.controller.is_file():
            raise GraphError(
                f"{self.controller}: there is no such file; give the Python file of a controller"
            )


def run_closed_loop(loop: ClosedLoop, options: SessionOptions) -> bool:
    """Runs one procedure to its end and records everything in ``options.out``/bag.

    Returns:
        Whether the controller came to an end; otherwise the time was up, and it was told to abort where it
        can be told.

    Raises:
        GraphError: a program did not start, or ended early.
        BagError: the bag cannot be written.
    """
    latest = time.monotonic() + ALTOGETHER
    topics = {*INPUTS, *RESULTS, *VIEWS, *TRUTH, *SHARED, *DELIVERY}
    with (
        BagWriter(options.out / "bag") as bag,
        tempfile.TemporaryDirectory(prefix="tavi-") as temporary,
        Graph() as graph,
    ):
        _start_controller(graph, loop, options.out)
        _start_simulator(graph, loop, Path(temporary) / "simulator.yaml", options.out)
        start_perception(graph, options, Path(temporary) / "perception.yaml")
        recorder, onlooker = Recorder(bag, topics), Onlooker()
        graph.add(recorder)
        graph.add(onlooker)
        start_up(
            lambda: recorder.connected >= topics and onlooker.began,
            graph,
            lambda: incomplete((topics - recorder.connected) or {"an answer to a frame"}),
        )
        if loop.controller is None:
            onlooker.start()
        longest = min(loop.longest, latest - time.monotonic())
        finished = _follow(onlooker, graph, longest, loop)
        if not finished:
            onlooker.abort()
            _tell_changes(onlooker)
        time.sleep(AFTERWARDS.get(onlooker.phase, 0.0))
        return finished


def _follow(onlooker: Onlooker, graph: Graph, longest: float, loop: ClosedLoop) -> bool:
    """Tells how the procedure goes until it is over; whether that was within ``longest`` s."""
    start = time.monotonic()
    restarts = _restart_at(loop.fault)
    with tqdm(bar_format="{desc}", disable=None, leave=False, dynamic_ncols=True) as line:
        while True:
            _tell_changes(onlooker)
            if onlooker.phase in FINAL:
                return True
            if time.monotonic() - start > longest:
                return False
            if onlooker.time > restarts:
                restarts = math.inf
                _restart(graph, loop)
            graph.check()
            line.set_description_str(progress_line(onlooker.time, onlooker.progress))
            time.sleep(LOOK_PERIOD)


def _restart_at(fault: Fault | None) -> float:
    """When a process is to be killed (s after the first frame)."""
    return fault.start if fault is not None and fault.kind in RESTARTS else math.inf


def _restart(graph: Graph, loop: ClosedLoop) -> None:
    if loop.fault is not None and loop.fault.kind is FaultKind.PERCEPTION_RESTARTS:
        graph.restart(PERCEPTION)
    else:
        graph.restart(_controller_name(loop), "-p", "start_at_once:=true")


def _controller_name(loop: ClosedLoop) -> str:
    return "controller" if loop.controller is None else f"controller {loop.controller}"


def _tell_changes(onlooker: Onlooker) -> None:
    """A line that stays for each phase that has begun."""
    for change in onlooker.changes():
        tqdm.write(phase_line(*change), file=sys.stdout)
        sys.stdout.flush()


def _start_controller(graph: Graph, loop: ClosedLoop, out: Path) -> None:
    words = ["--ros-args", "-r", "__ns:=/tavi"]
    if loop.controller is None:
        file = share_directory() / "config" / "controller.yaml"
        # It begins when everything is recorded.
        words += ["--params-file", str(file), "-p", "start_at_once:=false"]
        # It gives up by itself before its time is up.
        words += ["-p", f"abort.procedure_timeout:={max(loop.longest - _LEFT, 10.0):.1f}"]
        graph.start(_controller_name(loop), [*node_program("controller"), *words], out / "controller.log")
        return
    command = [sys.executable, str(loop.controller), *words]
    graph.start(_controller_name(loop), command, out / "controller.log")


def _start_simulator(graph: Graph, loop: ClosedLoop, parameters: Path, out: Path) -> None:
    given: dict[str, bool | str | int | float] = {
        "script": "none",
        "seed": loop.seed,
        "frame_rate": loop.frame_rate,
        "size": loop.size,
        "image_reliability": "reliable",
        "device": loop.device,
        "fault": loop.fault.kind.name.lower() if loop.fault is not None else NO_FAULT,
    }
    parameters.write_text(parameters_text(given), encoding="utf-8")
    words = ["--ros-args", "-r", "__ns:=/fluoro", "--params-file", str(parameters)]
    graph.start("simulator", [*node_program("simulator"), *words], out / "simulator.log")
