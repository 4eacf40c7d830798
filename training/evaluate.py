"""Measures a bundle on labelled frames that it has never seen, or what a bag recorded."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.answers import Answer, AnsweringModel, describe_bundle
from benchmarks.machine import describe_machine
from tavi_perception.bags import BagError
from tavi_perception.imaging import SourceError
from tavi_perception.inference.bundle import ModelBundle, ModelContractError, default_bundle, load_bundle
from tavi_perception.simulation.dataset import DatasetError
from training import data
from training.annotations import AnnotationError, open_annotated
from training.annotations.command import add_reading, reading_options
from training.evaluation.bag import open_bag
from training.evaluation.judged import Judged, Labelled, judge
from training.evaluation.numbers import calibration_of, figures_of, for_json, write_json
from training.evaluation.procedures.command import add_course, over_procedures
from training.evaluation.report import write_report
from training.evaluation.sources import (
    BENCHMARK_FRAMES,
    BENCHMARK_PROCEDURES,
    Source,
    annotated,
    benchmark,
    patients,
)
from training.evaluation.tables import headline, landmark_table, stage_table
from training.evaluation.worst import WorstFrames

__all__ = ["evaluate", "main", "table"]

table = landmark_table


def main(argv: Sequence[str] | None = None) -> int:
    """Errors of visible points, presence and calibration of a bundle, or of what a bag recorded."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except (AnnotationError, BagError, DatasetError, ModelContractError, SourceError, OSError) as error:
        print(f"tavi evaluate: {error}", file=sys.stderr)
        return 1


def evaluate(bundle: ModelBundle, seeds: Sequence[int], size: int) -> dict[str, Any]:
    """Figures of ``bundle`` on fresh patients of ``seeds``: together, by landmark and by stage.

    Distances are px at an image side of 1000.
    """
    source = patients(seeds, size)
    return for_json({**source.about, **figures_of(judge(_answered(bundle, source, "litert")))})


def _run(arguments: argparse.Namespace) -> int:
    if arguments.procedures is not None:
        return over_procedures(arguments)
    worst = WorstFrames(arguments.worst)
    recorded = arguments.bag is not None and arguments.model is None
    bundle = None if recorded else load_bundle(arguments.model) if arguments.model else default_bundle()
    about, answered = _chosen(arguments, bundle)
    judged = judge(answered, worst)
    figures = {
        **about,
        **figures_of(judged),
        "calibration": calibration_of(judged),
        "worst": worst.listed,
        "model": None if bundle is None else describe_bundle(bundle),
        "runtime": None if bundle is None else arguments.runtime,
        "machine": describe_machine(),
    }
    print(_text(figures, judged))
    if arguments.out:
        write_report(arguments.out, figures, judged, worst)
        print(f"report and figures: {arguments.out}")
    if arguments.json:
        write_json(arguments.json, figures)
    return 0


def _chosen(
    arguments: argparse.Namespace, bundle: ModelBundle | None
) -> tuple[dict[str, Any], Iterable[tuple[Labelled, Answer]]]:
    """What is measured, in words, and its frames with their answers."""
    if arguments.bag is not None:
        bag = open_bag(arguments.bag)
        if bundle is None:
            return bag.about, tqdm(bag.recorded(), unit="frame", disable=None)
        source = Source(bag.about, len(bag.truth), bag.frames)
    elif arguments.data is not None:
        source = annotated(open_annotated(arguments.data, **reading_options(arguments)))
    elif arguments.benchmark is not None:
        source = benchmark(
            arguments.benchmark, BENCHMARK_FRAMES, arguments.size, arguments.cache, arguments.workers
        )
    else:
        source = patients(data.test_seeds(arguments.patients), arguments.size)
    assert bundle is not None
    return source.about, _answered(bundle, source, arguments.runtime)


def _answered(bundle: ModelBundle, source: Source, runtime: str) -> Iterable[tuple[Labelled, Answer]]:
    model = AnsweringModel(bundle, runtime)
    for frame in tqdm(source.frames(), total=source.count, unit="frame", desc="evaluating", disable=None):
        assert frame.image is not None
        yield frame, model.answer(frame.image)


def _text(figures: dict[str, Any], judged: Judged) -> str:
    model = figures["model"]
    what = f"{model['name']} {model['version']}" if model else "recorded keypoints"
    parts = [f"{what} on {figures['data']}, {len(judged)} frames", landmark_table(figures)]
    if figures["stages"]:
        parts.append(stage_table(figures))
    return "\n\n".join([*parts, headline(figures)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tavi evaluate", description=main.__doc__)
    parser.add_argument("--model", type=Path, help="folder of a bundle; default: the shipped one")
    parser.add_argument("--runtime", choices=("litert", "tensorflow"), default="litert")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--patients",
        type=int,
        default=75,
        help=f"fresh synthetic patients, {data.FRAMES} frames of each (75)",
    )
    chosen.add_argument(
        "--benchmark", type=int, nargs="?", const=BENCHMARK_PROCEDURES, metavar="N",
        help=f"{BENCHMARK_FRAMES} frames of each of N benchmark procedures ({BENCHMARK_PROCEDURES}), "
        "kept for the next time",
    )  # fmt: skip
    chosen.add_argument(
        "--procedures", type=int, metavar="N",
        help="network and tracker over N whole simulated procedures: errors of the deviation",
    )  # fmt: skip
    chosen.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="folder of ./tavi simulate, Supervisely project or COCO file",
    )
    chosen.add_argument(
        "--bag", type=Path,
        help="bag with the simulator's truth: its recorded keypoints, or --model run anew on its images",
    )  # fmt: skip
    parser.add_argument("--size", type=int, default=1000, help="side of synthetic frames (px)")
    parser.add_argument(
        "--cache", type=Path, help="folder of what is kept for the next time; default: in ~/.cache"
    )
    parser.add_argument("--out", type=Path, help="folder for report.md and its figures")
    parser.add_argument(
        "--worst", type=int, default=12, help="how many of the worst frames are pictured (12)"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    add_course(parser.add_argument_group("procedures", "which are simulated; see docs/evaluation.md"))
    add_reading(parser.add_argument_group("data sets", "how --data is read; see docs/evaluation.md"))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
