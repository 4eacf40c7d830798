"""One run of ``./tavi bench --graph``: frames, arms one after the other, table, figures and JSON."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from tqdm import tqdm

from benchmarks.graph.arms import ARMS
from benchmarks.graph.camera import write_frames
from benchmarks.graph.measure import Setting, measured
from benchmarks.graph.plan import Plan
from benchmarks.graph.plots import draw
from benchmarks.graph.results import Result, growths, times_of_naive
from benchmarks.graph.table import text
from benchmarks.graph.tensorflow_python import TensorFlowPython, find
from tavi_perception.carm import CArmGeometry
from tavi_perception.evaluation.answers import describe_bundle
from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.inference.bundle import INT8_FILE, ModelBundle
from tavi_perception.output import make_folder, write_json, write_text
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import TUNING

FRAMES = 24
"""Different frames of each size; they are shown there and back, so that nothing leaps."""

FRAME_RATE = 15.0
"""Frames a second of the procedure that they are taken from."""


@dataclass(frozen=True)
class Options:
    """How to run.

    Attributes:
        out: folder for logs, table, figures and JSON; made.
        json_file: where else to write the figures.
        threads: of our node's inference.
        tensorflow_python: for the nodes that need TensorFlow; None: looked for.
    """

    out: Path
    json_file: Path | None = None
    threads: int = 2
    tensorflow_python: Path | None = None


def bench_graph(plan: Plan, bundle: ModelBundle, options: Options) -> int:
    """Measure, print and write; 1 when a node gave no answer at all, or none could be measured.

    Raises:
        GraphError: a process of the graph does not start, or ends.
        OutputError: the results cannot be written.
    """
    make_folder(options.out)
    load, machine = os.getloadavg()[0], _machine()
    tensorflow = _tensorflow(plan, options)
    machine["versions"] = tensorflow.versions | machine["versions"]
    arms = [name for name in plan.arms if tensorflow.words or not ARMS[name].tensorflow]
    results: list[Result] = []
    with tempfile.TemporaryDirectory(dir=options.out, prefix="scratch-") as folder:
        scratch = Path(folder)
        geometry = _render(plan, scratch)
        setting = Setting(scratch, geometry, bundle, options.threads, options.out, scratch)
        total = len(arms) * sum(len(list(plan.cells(company))) for company in plan.companies)
        with tqdm(total=total, unit="row", disable=None) as progress:
            for company in plan.companies:
                for name in arms:
                    arm = ARMS[name]
                    progress.set_description(f"{arm.title}, {company.value}")
                    python = tensorflow.words if arm.tensorflow else (sys.executable,)
                    for cell, figures in measured(name, arm, python, company, plan, setting):
                        results.append(Result(name, company, cell, figures))
                        progress.update()
    grown = growths(results)
    content: dict[str, Any] = {
        "machine": machine,
        "load_before": load,
        "model": describe_bundle(bundle),
        "convolutions": _weights(bundle),
        "threads": options.threads,
        "seconds": plan.seconds,
        "arms": {name: ARMS[name].title for name in arms},
        "cells": [each.to_json() | {"times": times_of_naive(results, each)} for each in results],
        "growth": [each.to_json() for each in grown],
        "left_out": [f"{ARMS[name].title}: {tensorflow.missing}" for name in plan.arms if name not in arms],
    }
    printed = text(content, results, grown)
    print(printed)
    write_text(options.out / "table.txt", printed + "\n")
    for file in filter(None, (options.out / "figures.json", options.json_file)):
        write_json(file, content)
    if results:
        draw(results, options.out)
    print(f"table, figures, JSON and logs: {options.out}")
    silent = [name for name in arms if not any(r.figures.answered for r in results if r.arm == name)]
    for name in silent:
        print(f"tavi bench: {ARMS[name].title} gave no answer; see {options.out}", file=sys.stderr)
    return 0 if results and not silent else 1


def _tensorflow(plan: Plan, options: Options) -> TensorFlowPython:
    if any(ARMS[name].tensorflow for name in plan.arms):
        return find(options.tensorflow_python)
    return TensorFlowPython((), {})


def _render(plan: Plan, folder: Path) -> CArmGeometry:
    """Writes the camera's frames, and returns the geometry of the C-arm, which holds for every size."""
    for size in tqdm(sorted(set(plan.sizes)), desc="rendering", unit="size", disable=None):
        procedure = RenderedProcedure(TUNING.start, FRAMES / FRAME_RATE, FRAME_RATE, size)
        write_frames(folder, size, np.stack([procedure.frame(index).image for index in range(FRAMES)]))
    return procedure.geometry


def _machine() -> dict[str, Any]:
    return describe_machine() | {
        "ros": {
            "distribution": os.environ.get("ROS_DISTRO", "from wheels"),
            "middleware": rclpy.get_rmw_implementation_identifier(),
        }
    }


def _weights(bundle: ModelBundle) -> str:
    """What the convolutions of our node reckon with on a CPU."""
    return "int8" if bundle.lists(INT8_FILE) else "float32"
