"""The part of ``tavi evaluate`` that simulates whole procedures."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tavi_perception.evaluation.answers import describe_bundle
from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.evaluation.numbers import write_json
from tavi_perception.evaluation.procedures.numbers import figures_of
from tavi_perception.evaluation.procedures.observing import Course, observe_all
from tavi_perception.evaluation.procedures.report import tables, write_report
from tavi_perception.evaluation.procedures.tracked import Tracked, joined, track
from tavi_perception.inference.bundle import default_bundle, load_bundle
from tavi_perception.output import write_all, writing
from tavi_perception.simulation.dataset.folder import simulator_hash
from tavi_perception.simulation.seeds import BENCHMARK, range_of_all


def add_course(group: argparse._ArgumentGroup) -> None:
    """The options that say which procedures are simulated."""
    group.add_argument("--duration", type=float, default=Course.duration, help="of each, in s (50)")
    group.add_argument("--frame-rate", type=float, default=Course.frame_rate, help="frames a second (15)")
    group.add_argument(
        "--first-seed", type=int, default=BENCHMARK.start, help="default: the first of the benchmark's"
    )
    group.add_argument(
        "--frames", type=Path, metavar="FILE", help="write every frame's errors here, for evaluation.compare"
    )


def over_procedures(arguments: argparse.Namespace) -> int:
    """Print the figures of network and tracker over simulated procedures, and write what is asked for."""
    bundle = load_bundle(arguments.model) if arguments.model else default_bundle()
    course = Course(arguments.duration, arguments.frame_rate, arguments.size)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.procedures)
    observed = observe_all(seeds, course, bundle.folder, arguments.cache, arguments.workers)
    frames = joined([track(each) for each in observed])
    figures: dict[str, Any] = {
        **figures_of(frames),
        "data": "synthetic procedures",
        "first_seed": arguments.first_seed,
        "seeds": range_of_all(arguments.first_seed, arguments.procedures),
        "course": asdict(course),
        "simulator": simulator_hash(),
        "model": describe_bundle(bundle),
        "machine": describe_machine(),
    }
    print(
        f"{bundle.name} {bundle.version} over {arguments.procedures} simulated procedures, "
        f"{figures['seeds']} seeds from {arguments.first_seed}"
    )
    print(f"\n{tables(figures)}")
    writers: list[Callable[[], None]] = []
    if arguments.out:
        writers.append(partial(write_report, arguments.out, figures, frames))
    if arguments.frames:
        writers.append(partial(_write_frames, arguments.frames, frames))
    if arguments.json:
        writers.append(partial(write_json, arguments.json, figures))
    write_all(*writers)
    if arguments.out:
        print(f"report and figures: {arguments.out}")
    return 0


def _write_frames(file: Path, frames: Tracked) -> None:
    with writing(file):
        np.savez_compressed(file, **vars(frames))
