"""bench: what the models cost."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tavi_perception.commands.options import add_threads

if TYPE_CHECKING:
    from tavi_perception.commands.options import Commands


def add_bench(commands: Commands) -> None:
    parser = commands.add_parser(
        "bench",
        help="latency, throughput and memory of the models, against the naive pipeline in the same run",
        description="Times the whole predictor and its parts, call by call in turn with straightforward "
        "pipelines, and the tracker. What else is measured has modules of its own, to be run with "
        "python -m: benchmarks.rendering (how fast frames are simulated), benchmarks.realism (whether they "
        "are like a real one) and benchmarks.real_frames (how a model copes with real images); see "
        "docs/benchmarks.md. How right the deviation is over procedures: tavi evaluate --procedures.",
    )
    parser.add_argument(
        "--model", type=Path, nargs="+", default=[], help="folders of bundles; else all that are shipped"
    )
    parser.add_argument("--rounds", type=int, default=200, help="calls of each pipeline that are timed")
    parser.add_argument("--size", type=int, default=1000, help="side of the grey frames (px)")
    add_threads(parser)
    parser.add_argument("--json", type=Path, default=None, help="where to write the figures")
    parser.set_defaults(run=_bench)


def _bench(arguments: argparse.Namespace) -> int:
    from benchmarks.bench import bench

    return bench(arguments.model, arguments.rounds, arguments.size, arguments.threads, arguments.json)
