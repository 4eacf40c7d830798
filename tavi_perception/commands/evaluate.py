"""evaluate: estimates against truth, on labelled frames or over whole procedures, and the closed loop."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tavi_perception.commands.errors import sentence, user_errors
from tavi_perception.commands.options import add_sealed
from tavi_perception.evaluation.answers import Answer, describe_bundle
from tavi_perception.evaluation.bag import open_bag
from tavi_perception.evaluation.closed_loop.command import add_loop, closed_loops
from tavi_perception.evaluation.closed_loop.study import StudyError
from tavi_perception.evaluation.closed_loop.trial import OtherCodeError
from tavi_perception.evaluation.fold_tables import fold_text
from tavi_perception.evaluation.folds import fold_figures
from tavi_perception.evaluation.judged import Judged, Labelled, judge
from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.evaluation.numbers import calibration_of, figures_of, write_json
from tavi_perception.evaluation.procedures.command import add_course, over_procedures
from tavi_perception.evaluation.report import write_report
from tavi_perception.evaluation.sources import Source, answered, patients
from tavi_perception.evaluation.tables import headline, landmark_table, stage_table
from tavi_perception.evaluation.worst import WorstFrames
from tavi_perception.inference.bundle import ModelBundle, default_bundle, load_bundle
from tavi_perception.inference.runtimes import RUNTIMES
from tavi_perception.output import write_all, write_text
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT
from tavi_perception.simulation.seeds import CARDS
from training.annotations import AnnotationError, open_annotated
from training.annotations.folds import FoldedSet, open_folds
from training.annotations.options import add_folds, add_reading, folds_error, reading_options
from training.annotations.scale import add_scale, stated_scale
from training.labelled import BENCHMARK_FRAMES, BENCHMARK_PROCEDURES, annotated, benchmark

_FINDINGS = 5
"""Of a kind that are printed of a folded data set."""


def main(argv: Sequence[str] | None = None) -> int:
    """Errors of a bundle or of a bag on frames, of the deviation over procedures, and of the closed loop."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if wrong := folds_error(arguments):
        parser.error(wrong)
    try:
        return _run(arguments)
    except user_errors(AnnotationError, StudyError, OtherCodeError) as error:
        print(f"tavi evaluate: {sentence(error)}", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    if arguments.closed_loop:
        return closed_loops(arguments)
    if arguments.procedures is not None:
        return over_procedures(arguments)
    worst = WorstFrames(arguments.worst)
    recorded = arguments.bag is not None and arguments.model is None
    bundle = None if recorded else load_bundle(arguments.model) if arguments.model else default_bundle()
    folded = _folded(arguments) if arguments.folds is not None else None
    about, frames = _chosen(arguments, bundle, folded)
    judged = judge(frames, worst)
    figures = {
        **about,
        **figures_of(judged),
        "calibration": calibration_of(judged),
        "worst": worst.listed,
        "model": None if bundle is None else describe_bundle(bundle),
        "runtime": None if bundle is None else arguments.runtime or bundle.cpu_runtime,
        "machine": describe_machine(),
    }
    writers: list[Callable[[], None]] = []
    if folded is not None:
        figures["by_fold"] = fold_figures(
            judged, {fold.name: {frame.name for frame in fold.validation} for fold in folded.folds}
        )
        if arguments.out:
            writers.append(
                partial(write_text, arguments.out / "folds.md", fold_text(figures["by_fold"]) + "\n")
            )
    print(_text(figures, judged))
    if arguments.out:
        writers.append(partial(write_report, arguments.out, figures, judged, worst))
    if arguments.json:
        writers.append(partial(write_json, arguments.json, figures))
    write_all(*writers)
    if arguments.out:
        print(f"report and figures: {arguments.out}")
    return 0


def _chosen(
    arguments: argparse.Namespace, bundle: ModelBundle | None, folded: FoldedSet | None
) -> tuple[dict[str, Any], Iterable[tuple[Labelled, Answer]]]:
    """What is measured, in words, and its frames with their answers."""
    if arguments.bag is not None:
        bag = open_bag(arguments.bag)
        if bundle is None:
            return bag.about, tqdm(bag.recorded(), unit="frame", disable=None)
        source = Source(bag.about, len(bag.truth), bag.frames)
    elif arguments.data is not None:
        dataset = folded or open_annotated(arguments.data, **reading_options(arguments))
        source = annotated(dataset, scale=stated_scale(arguments))
    elif arguments.benchmark is not None:
        source = benchmark(
            arguments.benchmark, BENCHMARK_FRAMES, arguments.size, arguments.cache, arguments.workers
        )
    else:
        source = patients(CARDS[: arguments.patients], arguments.size)
    assert bundle is not None
    return source.about, answered(bundle, source, arguments.runtime or bundle.cpu_runtime)


def _folded(arguments: argparse.Namespace) -> FoldedSet:
    """The validation frames of the folds; training frames are not looked at."""
    options = reading_options(arguments)
    folded = open_folds(arguments.data, arguments.folds, arguments.fold, ("validation",), **options)
    print(folded.report.text(_FINDINGS))
    return folded


def _text(figures: dict[str, Any], judged: Judged) -> str:
    model = figures["model"]
    what = f"{model['name']} {model['version']}" if model else "recorded keypoints"
    seeds = f", {figures['seeds']} seeds" if "seeds" in figures else ""
    parts = [f"{what} on {figures['data']}{seeds}, {len(judged)} frames", landmark_table(figures)]
    if figures["stages"]:
        parts.append(stage_table(figures))
    if "by_fold" in figures:
        parts.append(fold_text(figures["by_fold"]))
    return "\n\n".join([*parts, headline(figures)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tavi evaluate", description=main.__doc__)
    parser.add_argument("--model", type=Path, help="folder of a bundle; default: the shipped one")
    parser.add_argument("--runtime", choices=RUNTIMES[1:], help="default: the fastest without a GPU")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--patients",
        type=int,
        default=75,
        help=f"fresh synthetic patients, {FRAMES_PER_PATIENT} frames of each (75)",
    )
    chosen.add_argument(
        "--benchmark", type=int, nargs="?", const=BENCHMARK_PROCEDURES, metavar="N",
        help=f"{BENCHMARK_FRAMES} frames of each of N benchmark procedures ({BENCHMARK_PROCEDURES}), "
        "kept for the next time",
    )  # fmt: skip
    chosen.add_argument(
        "--procedures", type=int, metavar="N",
        help="network and tracker over N whole simulated procedures: errors of the deviation; with "
        "--closed-loop a robot places the valve in them",
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
    add_loop(parser.add_argument_group("closed loop", "controller, robot and faults; see docs/evaluation.md"))
    reading = parser.add_argument_group("data sets", "how --data is read; see docs/evaluation.md")
    add_folds(reading, "is evaluated")
    add_reading(reading)
    add_scale(reading)
    add_sealed(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
