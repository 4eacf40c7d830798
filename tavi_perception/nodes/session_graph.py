"""What all sessions have in common: the topics they record, and the perception node and RViz as children."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tavi_perception.nodes.graph import Graph, GraphError
from tavi_perception.parameter_file import parameters_text
from tavi_perception.resources import share_directory

START_TIMEOUT = 60.0
"""s for every node to start and find the others; a cold start with a GPU takes tens of seconds."""

SETTLE = 0.5
"""s between the recorder's having found all publishers and the first frame, at least: discovery is not
simultaneous."""

SETTLE_SHARE = 0.2
"""The same as a share of the time that everything took to start: on a busy machine discovery is slow too."""

INPUTS = ("/fluoro/image", "/fluoro/carm_geometry", "/fluoro/camera_info")
RESULTS = ("/tavi/keypoints", "/tavi/annulus", "/tavi/deviation")
VIEWS = ("/tavi/annulus_pose", "/tavi/markers", "/tavi/overlay", "/tavi/camera_info", "/tavi/model_info")
TRUTH = ("/truth/keypoints", "/truth/annulus", "/truth/deviation")
DIAGNOSTICS = "/diagnostics"
SHARED = ("/tf", "/tf_static", DIAGNOSTICS)

PERCEPTION = "perception node"
"""Its name in a session's graph."""

RECORDED_OVERLAYS_HZ = 2.0
"""Overlays a second in the bag; all of them would be most of it, and they can be drawn again."""

RECORDING_STALE_AFTER = 60.0
"""s; a recording is not live: it waits for its answers, however slow the machine."""


@dataclass(frozen=True)
class SessionOptions:
    """How to run a session.

    Attributes:
        out: existing folder for bag/ and the logs.
        live: frames come at their pace whether or not they are answered, as from a camera; otherwise each
            waits for the answer to the one before, and none is lost.
        as_recorded: the frames have stamps, which are the time of the graph.
        view: open RViz, and end with it.
        model, runtime, threads: as the perception node's parameters.
    """

    out: Path
    live: bool
    as_recorded: bool = False
    view: bool = False
    model: str = ""
    runtime: str = "auto"
    threads: int = 2


def start_perception(graph: Graph, options: SessionOptions, parameters: Path) -> None:
    """Starts the perception node, and RViz where it is wanted; ``parameters``: a file for theirs."""
    graph.start(
        PERCEPTION,
        [*node_program("perception_node"), *_perception_arguments(options, parameters)],
        options.out / "perception.log",
    )
    if options.view:
        graph.start("RViz", _rviz(), options.out / "rviz.log")


def node_program(executable: str) -> list[str]:
    """The words that start one of the nodes."""
    return [sys.executable, "-m", "tavi_perception.nodes.start", executable]


def incomplete(missing: set[str]) -> str:
    """Why a session cannot begin: topics of which nobody has been heard."""
    named = ", ".join(sorted(missing)) or "the perception node's image subscription"
    return f"the graph is incomplete: nothing heard of {named}"


def start_up(done: Callable[[], bool], graph: Graph, failure: Callable[[], str]) -> None:
    """Waits until everybody has found everybody; raises GraphError as ``wait_for`` does."""
    begun = time.monotonic()
    wait_for(done, START_TIMEOUT, graph, failure)
    time.sleep(max(SETTLE, SETTLE_SHARE * (time.monotonic() - begun)))


def wait_for(done: Callable[[], bool], timeout: float, graph: Graph, failure: Callable[[], str]) -> None:
    """Waits until something is done.

    Raises:
        GraphError: it was not in ``timeout`` s, whose ``failure`` in words it begins with; or as ``check``.
    """
    deadline = time.monotonic() + timeout
    while not done():
        graph.check()
        if time.monotonic() > deadline:
            raise GraphError(f"{failure()} (waited {timeout:.0f} s); see the logs beside the bag")
        time.sleep(0.02)


def _perception_arguments(options: SessionOptions, file: Path) -> list[str]:
    parameters: dict[str, bool | str | int | float] = {
        "use_sim_time": options.as_recorded,
        "runtime": options.runtime,
        "threads": options.threads,
        "overlay_rate": RECORDED_OVERLAYS_HZ,
    }
    if options.model:
        parameters["model"] = _as_parameter(options.model)
    if not options.live:
        parameters |= {"image_reliability": "reliable", "stale_after": RECORDING_STALE_AFTER}
    file.write_text(parameters_text(parameters), encoding="utf-8")
    remappings = {"__ns": "/tavi", "image": INPUTS[0], "carm_geometry": INPUTS[1]}
    return [
        "--ros-args",
        *("--params-file", str(share_directory() / "config" / "perception.yaml")),
        *("--params-file", str(file)),
        *(word for old, new in remappings.items() for word in ("-r", f"{old}:={new}")),
    ]


def _as_parameter(path: str) -> str:
    """The path from the root on: no such text is a number or a truth value in any dialect of YAML."""
    try:
        return str(Path(path).absolute()).encode().decode()
    except UnicodeEncodeError:
        raise GraphError(
            f"{path}: the model's path is not UTF-8, and parameters of ROS are: rename its folder"
        ) from None


def _rviz() -> list[str]:
    program = shutil.which("rviz2")
    if program is None:
        raise GraphError(
            "there is no rviz2 on the PATH: install RViz (ros-jazzy-rviz2) and source it, or run without "
            "--view and open report.html afterwards"
        )
    return [program, "-d", str(share_directory() / "config" / "rviz" / "tavi.rviz")]
