"""The part of ``tavi evaluate`` that simulates whole procedures."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from benchmarks.answers import describe_bundle
from benchmarks.machine import describe_machine
from tavi_perception.inference.bundle import default_bundle, load_bundle
from tavi_perception.simulation.dataset.folder import simulator_hash
from tavi_perception.simulation.seeds import BENCHMARK_START
from training.evaluation.numbers import write_json
from training.evaluation.procedures.numbers import figures_of
from training.evaluation.procedures.observing import Course, observe_all
from training.evaluation.procedures.report import tables, write_report
from training.evaluation.procedures.tracked import joined, track


def add_course(group: argparse._ArgumentGroup) -> None:
    """The options that say which procedures are simulated."""
    group.add_argument("--duration", type=float, default=Course.duration, help="of each, in s (50)")
    group.add_argument("--frame-rate", type=float, default=Course.frame_rate, help="frames a second (15)")
    group.add_argument(
        "--first-seed", type=int, default=BENCHMARK_START, help="default: the first of the benchmark's"
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
        "course": asdict(course),
        "simulator": simulator_hash(),
        "model": describe_bundle(bundle),
        "machine": describe_machine(),
    }
    print(f"{bundle.name} {bundle.version} over {arguments.procedures} simulated procedures")
    print(f"\n{tables(figures)}")
    if arguments.out:
        write_report(arguments.out, figures, frames)
        print(f"report and figures: {arguments.out}")
    if arguments.json:
        write_json(arguments.json, figures)
    return 0
