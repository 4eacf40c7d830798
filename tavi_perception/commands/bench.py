"""bench: what the models cost, and what nodes do in a graph."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tavi_perception.commands.options import add_threads, positive

if TYPE_CHECKING:
    from tavi_perception.commands.options import Commands

# The benchmarks are no part of an installation, so that their own names are not at hand here.
ARMS = ("node", "naive", "tensorflow", "litert", "naive-litert")
COMPANIES = ("alone", "recorder", "overlay", "recorder+overlay")


def add_bench(commands: Commands) -> None:
    parser = commands.add_parser(
        "bench",
        help="latency, throughput and memory of the models, against the naive pipeline in the same run",
        description="Times the whole predictor and its parts, call by call in turn with straightforward "
        "pipelines, back to back and at the rate at which frames come, and the tracker. With --graph: nodes "
        "in a real graph, from process to process. What else is measured has modules of its own, to be run "
        "with python -m: benchmarks.rendering (how fast frames are simulated), benchmarks.realism (whether "
        "they are like a real one) and benchmarks.real_frames (how a model copes with real images); see "
        "docs/benchmarks.md. How right the deviation is over procedures: tavi evaluate --procedures.",
    )
    parser.add_argument(
        "--model",
        type=Path,
        nargs="+",
        default=[],
        help="folders of bundles; else all that are shipped, with --graph the default one",
    )
    parser.add_argument("--rounds", type=int, default=200, help="calls of each pipeline that are timed")
    parser.add_argument("--size", type=int, default=1000, help="side of the grey frames (px)")
    parser.add_argument(
        "--rate", type=positive, default=15.0, help="frames a second, for what is timed as frames come"
    )
    add_threads(parser)
    parser.add_argument("--json", type=Path, default=None, help="where to write the figures")
    _add_graph(parser)
    parser.set_defaults(run=_bench)


def _add_graph(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "graph", "this node, a naive one and others, one after the other in the same graph"
    )
    group.add_argument("--graph", action="store_true", help="measure nodes in a graph")
    group.add_argument("--quick", action="store_true", help="1000 px at 15 and 30 Hz only, 3 s each")
    group.add_argument("--arms", nargs="+", choices=ARMS, help="nodes; else all but naive-litert")
    group.add_argument("--rates", nargs="+", type=positive, metavar="HZ", help="frames a second")
    group.add_argument("--sizes", nargs="+", type=_side, metavar="PX", help="sides of the frames")
    group.add_argument("--seconds", type=positive, help="how long each rate and size is measured")
    group.add_argument(
        "--company", nargs="+", choices=COMPANIES, help="who else listens; else alone and recorder+overlay"
    )
    group.add_argument("--no-flood", action="store_true", help="leave out more frames than can be answered")
    group.add_argument(
        "--tensorflow-python", type=Path, help="a Python with TensorFlow; else that of the training commands"
    )
    group.add_argument("--out", type=Path, help="folder for table, figures, JSON and logs")


def _side(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of px")
    return value


def _bench(arguments: argparse.Namespace) -> int:
    if arguments.graph:
        return _bench_graph(arguments)
    from benchmarks.bench import bench

    return bench(
        arguments.model,
        arguments.rounds,
        arguments.size,
        arguments.threads,
        arguments.json,
        rate=arguments.rate,
    )


def _bench_graph(arguments: argparse.Namespace) -> int:
    from benchmarks.graph import plan
    from benchmarks.graph.arms import DEFAULT_ARMS
    from benchmarks.graph.bench import Options, bench_graph
    from tavi_perception.inference.bundle import ModelContractError, default_bundle, load_bundle

    if len(arguments.model) > 1:
        raise ModelContractError("--graph measures one model at a time: give one folder after --model")
    bundle = load_bundle(arguments.model[0]) if arguments.model else default_bundle()
    quick = arguments.quick
    wanted = plan.Plan(
        arms=arguments.arms or DEFAULT_ARMS,
        companies=[plan.Company(name) for name in arguments.company or ("alone", "recorder+overlay")],
        rates=arguments.rates or (plan.QUICK_RATES_HZ if quick else plan.RATES_HZ),
        sizes=arguments.sizes or (plan.QUICK_SIZES_PX if quick else plan.SIZES_PX),
        seconds=arguments.seconds or (plan.QUICK_SECONDS if quick else plan.SECONDS),
        flood=not arguments.no_flood,
    )
    out = arguments.out or Path("out") / f"bench-{datetime.now():%Y%m%d-%H%M%S}"
    return bench_graph(
        wanted, bundle, Options(out, arguments.json, arguments.threads, arguments.tensorflow_python)
    )
