"""The part of ``tavi evaluate`` that studies the closed loop."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from tavi_perception.cache import OUTCOMES, cache_folder
from tavi_perception.evaluation.answers import describe_bundle
from tavi_perception.evaluation.closed_loop.loop import LoopOptions
from tavi_perception.evaluation.closed_loop.numbers import figures_of
from tavi_perception.evaluation.closed_loop.report import tables, title, write_report
from tavi_perception.evaluation.closed_loop.study import Pace, StudyError, run_all
from tavi_perception.evaluation.closed_loop.trial import PERCEPTIONS, Trial
from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.evaluation.numbers import write_json
from tavi_perception.inference.bundle import ModelBundle, default_bundle, load_bundle
from tavi_perception.output import write_all
from tavi_perception.simulation.dataset.folder import simulator_hash
from tavi_perception.simulation.seeds import range_of_all


def add_loop(group: argparse._ArgumentGroup) -> None:
    """The options of the closed loop."""
    group.add_argument(
        "--closed-loop", action="store_true",
        help="let the reference controller place the valve in each of the --procedures N",
    )  # fmt: skip
    group.add_argument("--faults", action="store_true", help="one thing goes wrong in each, by its seed")
    group.add_argument(
        "--perception", choices=tuple(PERCEPTIONS), default="tracked",
        help="tracked: the node's; naive: the network without tracker and validity; paper: the same with a "
        "network of the paper, which --model names (tracked)",
    )  # fmt: skip
    group.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="of a running Dask scheduler, whose workers are used; default: --workers processes here",
    )  # fmt: skip


def closed_loops(arguments: argparse.Namespace) -> int:
    """Print the figures of closed loops over simulated procedures, and write what is asked for."""
    if arguments.procedures is None or arguments.procedures < 1:
        raise StudyError("closed loop: it is not said of how many procedures; give --procedures N")
    bundle = _bundle(arguments)
    options = LoopOptions(frame_rate=arguments.frame_rate, size=arguments.size)
    trial = Trial(bundle.folder.resolve(), arguments.perception, arguments.faults, options)
    trial = replace(trial, asked=trial.fingerprint)
    folder = cache_folder(OUTCOMES, trial.asked, arguments.cache)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.procedures)
    try:
        outcomes, pace = run_all(seeds, trial, folder, arguments.workers, arguments.scheduler)
    except KeyboardInterrupt:
        print(
            "tavi evaluate: interrupted; what is finished is kept, and the same command goes on",
            file=sys.stderr,
        )
        return 130
    figures: dict[str, Any] = {
        "data": "synthetic closed loops",
        "first_seed": arguments.first_seed,
        "seeds": range_of_all(arguments.first_seed, arguments.procedures),
        "perception": arguments.perception,
        "faulty": arguments.faults,
        "options": asdict(options),
        **figures_of(outcomes),
        "simulator": simulator_hash(),
        "model": describe_bundle(bundle),
        "machine": describe_machine(),
    }
    print(f"{title(figures)}, {figures['seeds']} seeds from {arguments.first_seed}\n\n{tables(figures)}")
    if pace.procedures:
        print(f"\n{_told(pace)}")
    writers: list[Callable[[], None]] = []
    if arguments.out:
        writers.append(partial(write_report, arguments.out, figures, outcomes))
    if arguments.json:
        each = {"outcomes": [asdict(outcome) for outcome in outcomes]}
        writers.append(partial(write_json, arguments.json, {**figures, **each}))
    write_all(*writers)
    if arguments.out:
        print(f"report and figures: {arguments.out}")
    return 0


def _bundle(arguments: argparse.Namespace) -> ModelBundle:
    if arguments.model:
        return load_bundle(arguments.model)
    if arguments.perception == "paper":
        raise StudyError(
            "closed loop: none of the paper's networks is shipped; train one with ./tavi screen, make a "
            "bundle of it with ./tavi export, and name that with --model, or take --perception naive for the "
            "same with our network"
        )
    return default_bundle()


def _told(pace: Pace) -> str:
    return (
        f"{pace.procedures} procedures, {pace.simulated:.0f} s of their own time, in {pace.wall:.0f} s: "
        f"{pace.factor:.1f} times as fast as real time"
    )
