"""The commands behind ./tavi."""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tavi_perception.imaging.source import FrameSource
    from tavi_perception.simulation.dataset import DatasetOptions

NOTICE = "Research software, not a medical device."

TRAINING = {
    "train": "train a model",
    "screen": "train and compare the networks of the paper",
    "evaluate": "measure a model on fresh patients, the benchmark, a data set or a bag",
    "export": "turn a trained model into a bundle",
}
"""Commands that live in training/ and run in an environment with TensorFlow."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; 0 only on success, and one sentence on standard error otherwise."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in TRAINING:
        return _training(words[0], words[1:])
    arguments = _parser().parse_args(words)
    errors = _user_errors()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(arguments.run(arguments) or 0)
    except errors as error:
        print(f"tavi {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"tavi {arguments.command}: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tavi", description=f"ROS 2 perception for robotic TAVI. {NOTICE}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="a synthetic procedure through the whole ROS 2 graph")
    demo.add_argument("--seed", type=int, default=None, help="which synthetic patient and procedure")
    demo.add_argument("--duration", type=_positive, default=20.0, help="length of the procedure (s)")
    demo.add_argument("--frame-rate", type=_positive, default=15.0, help="frames a second")
    demo.add_argument("--out", type=Path, default=None, help="folder for the results")
    demo.add_argument("--view", action="store_true", help="watch it in RViz, where that is installed")
    _add_model(demo)
    demo.set_defaults(run=_demo)

    run = commands.add_parser("run", help="the perception node on a DICOM file, video, image folder or bag")
    run.add_argument("source", type=Path, help="DICOM file, video, image, folder of images, or bag")
    run.add_argument("--out", type=Path, default=None, help="folder for the results")
    run.add_argument(
        "--frame-rate", type=_positive, default=None, help="frames a second, where unknown or wrong"
    )
    _add_calibration(run)
    _add_model(run)
    run.set_defaults(run=_run)

    predict = commands.add_parser("predict", help="keypoints of single images, without ROS")
    predict.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="image or DICOM files")
    predict.add_argument("--json", type=Path, default=None, help="where to write the keypoints; else printed")
    predict.add_argument(
        "--overlay", type=Path, default=None, help="folder for the images with keypoints drawn"
    )
    _add_model(predict)
    predict.set_defaults(run=_predict)

    _add_simulate(commands)

    record = commands.add_parser("record", help="record topics of a running graph into a rosbag2 bag")
    record.add_argument("bag", type=Path, help="folder to make")
    record.add_argument("--topics", nargs="+", default=[], help="topics; all if not given")
    record.add_argument("--duration", type=_positive, default=None, help="stop after this long (s)")
    record.set_defaults(run=_record)

    play = commands.add_parser("play", help="publish the messages of a rosbag2 bag")
    play.add_argument("bag", type=Path, help="bag folder, or .mcap or .db3 file")
    play.add_argument("--topics", nargs="+", default=[], help="topics; all if not given")
    play.add_argument("--rate", type=_positive, default=1.0, help="times the recorded speed")
    play.add_argument("--clock", action="store_true", help="publish the recorded time on /clock")
    play.set_defaults(run=_play)

    _add_bench(commands)

    for name, help_text in TRAINING.items():
        commands.add_parser(name, help=help_text, add_help=False)
    return parser


def _add_simulate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "simulate",
        help="ground-truth data sets and pictures of synthetic procedures",
        description="Renders procedures; writes images and their truth as a Supervisely project and a table. "
        "An interrupted run goes on when the same command is given again.",
    )
    parser.add_argument("--out", type=Path, default=None, help="folder for the data set")
    parser.add_argument("--procedures", type=int, default=24, help="number of patients")
    parser.add_argument("--seed", type=int, default=0, help="the first one's; the next have the next numbers")
    parser.add_argument(
        "--frames", type=int, default=0, help="frames of each procedure, evenly spread; else all of them"
    )
    parser.add_argument("--duration", type=_positive, default=20.0, help="length of a procedure (s)")
    parser.add_argument("--frame-rate", type=_positive, default=15.0, help="frames a second")
    parser.add_argument("--size", type=int, default=1000, help="side of the images (px): 512, 1000, 1024, …")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8, help="of a grey level")
    parser.add_argument(
        "--split", default=None, help="shares of training, validation and test, by procedure: 0.8,0.1,0.1"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--json", type=Path, default=None, help="where to write the figures of the run")
    pictures = parser.add_argument_group("pictures", "with or without a data set")
    pictures.add_argument(
        "--contact-sheet",
        type=Path,
        default=None,
        metavar="FILE",
        help="one frame of each procedure, as .png or .jpg",
    )
    pictures.add_argument(
        "--beside",
        type=Path,
        default=None,
        metavar="IMAGE",
        help="in the contact sheet, show a frame of each procedure beside this real one at the same scale",
    )
    pictures.add_argument(
        "--at",
        type=float,
        default=None,
        metavar="SECONDS",
        help="moment that is shown; else various ones, and with --beside the one that shows most landmarks",
    )
    pictures.add_argument(
        "--landmarks", action="store_true", help="draw the landmarks into the contact sheet"
    )
    parser.set_defaults(run=_simulate)


def _add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the inference")
    parser.add_argument("--json", type=Path, default=None, help="where to write the figures")
    parser.set_defaults(run=_bench)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, default=None, help="folder of a model bundle; else the shipped one"
    )
    parser.add_argument("--runtime", choices=("auto", "litert", "tensorflow"), default="auto")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the inference")


def _add_calibration(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("calibration", "above all that the file says; lengths in mm")
    group.add_argument("--pixel-size-mm", type=_positive, help="size of a pixel at the patient")
    group.add_argument("--sid-mm", type=_positive, help="source to detector (SID)")
    group.add_argument("--sod-mm", type=_positive, help="source to patient (SOD)")
    group.add_argument(
        "--imager-pixel-spacing-mm", type=_positive, help="pitch of the image's pixels at the detector"
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _demo(arguments: argparse.Namespace) -> int:
    from tavi_perception.simulation.procedure import RenderedProcedure
    from tavi_perception.simulation.seeds import BENCHMARK_START

    seed = BENCHMARK_START if arguments.seed is None else arguments.seed
    source = RenderedProcedure(seed, arguments.duration, arguments.frame_rate)
    return _session(source, arguments, live=True)


def _run(arguments: argparse.Namespace) -> int:
    from tavi_perception.calibration import UserCalibration
    from tavi_perception.carm import Calibration
    from tavi_perception.imaging import open_source

    given = UserCalibration(
        pixel_size_mm=arguments.pixel_size_mm,
        source_to_detector_mm=arguments.sid_mm,
        source_to_patient_mm=arguments.sod_mm,
        imager_pixel_spacing_mm=arguments.imager_pixel_spacing_mm,
    )
    source = open_source(
        arguments.source,
        frame_rate=arguments.frame_rate,
        calibration=None if given == UserCalibration() else given,
    )
    if given != UserCalibration() and source.geometry.calibration is not Calibration.USER:
        print(
            f"tavi run: {source.name}: the given calibration is incomplete or implausible: give "
            "--pixel-size-mm, or --sid-mm, --sod-mm and --imager-pixel-spacing-mm together; only those that "
            "the file itself states may be left out",
            file=sys.stderr,
        )
        return 2
    return _session(source, arguments, live=False)


def _session(source: FrameSource, arguments: argparse.Namespace, *, live: bool) -> int:
    from tavi_perception.inference.bundle import load_bundle
    from tavi_perception.nodes.session import SessionOptions, run_session
    from tavi_perception.visualization.report import write_report

    if arguments.model is not None:
        load_bundle(arguments.model)
    _print_notes(source, source.notes)
    told = source.notes
    out = arguments.out or Path("out") / f"{arguments.command}-{datetime.now():%Y%m%d-%H%M%S}"
    out.mkdir(parents=True, exist_ok=True)
    options = SessionOptions(
        out=out,
        live=live,
        model=str(arguments.model or ""),
        runtime=arguments.runtime,
        threads=arguments.threads,
        view=getattr(arguments, "view", False),
    )
    result = run_session(source, options)
    _print_notes(source, [note for note in source.notes if note not in told])
    summary = write_report(out / "bag", out)
    print(summary.headline)
    for name in ("report.html", "summary.json", "bag"):
        print(f"  {out / name}")
    print(NOTICE)
    return 0 if result.deviations >= result.images or (live and result.deviations) else 1


def _print_notes(source: FrameSource, notes: Iterable[str]) -> None:
    for note in notes:
        print(f"{source.name}: {note}", file=sys.stderr)


def _predict(arguments: argparse.Namespace) -> int:
    from tavi_perception.predict import predict_files

    return predict_files(
        arguments.images,
        arguments.json,
        arguments.overlay,
        arguments.model,
        arguments.runtime,
        arguments.threads,
    )


def _simulate(arguments: argparse.Namespace) -> int:
    from tavi_perception.simulation import dataset

    split, first, count = arguments.split, arguments.seed, arguments.procedures
    options = dataset.DatasetOptions(
        procedures=count,
        seed=first,
        duration=arguments.duration,
        frame_rate=arguments.frame_rate,
        frames=arguments.frames,
        size=arguments.size,
        bits=arguments.bits,
        shares=dataset.default_shares(first, count) if split is None else dataset.shares_of(split),
    )
    sheet = _sheet_writer(arguments, options)
    if arguments.out is None and (sheet is None or arguments.json is not None):
        raise dataset.DatasetError("give --out for a data set, or --contact-sheet alone for a picture")
    if arguments.out is not None:
        summary = dataset.build_dataset(arguments.out, options, arguments.workers)
        print(f"{arguments.out}: {summary.headline}")
        if arguments.json is not None:
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
            arguments.json.write_text(json.dumps(summary.as_json(), indent=2) + "\n", encoding="utf-8")
    if sheet is not None:
        sheet()
        print(arguments.contact_sheet)
    return 0


def _sheet_writer(arguments: argparse.Namespace, options: DatasetOptions) -> Callable[[], None] | None:
    """What writes the picture that was asked for, its inputs checked before anything takes time."""
    from tavi_perception.imaging.files import read_image
    from tavi_perception.simulation.dataset import DatasetError, preview

    path, beside = arguments.contact_sheet, arguments.beside
    if path is None:
        if beside is not None or arguments.landmarks or arguments.at is not None:
            raise DatasetError("--beside, --at and --landmarks are about a picture: give --contact-sheet too")
        return None
    preview.check_picture_name(path)
    preview.check_moment(arguments.at, options)
    how: dict[str, Any] = {"at": arguments.at, "landmarks": arguments.landmarks}
    if beside is None:
        return partial(preview.write_sheet, path, options, arguments.workers, **how)
    real = read_image(beside)
    return partial(preview.write_beside, path, options, arguments.workers, real, beside.name, **how)


def _bench(arguments: argparse.Namespace) -> int:
    from benchmarks.bench import bench

    return bench(arguments.model, arguments.rounds, arguments.size, arguments.threads, arguments.json)


def _record(arguments: argparse.Namespace) -> int:
    from tavi_perception.nodes.bag_commands import record

    return record(arguments.bag, arguments.topics, arguments.duration)


def _play(arguments: argparse.Namespace) -> int:
    from tavi_perception.nodes.bag_commands import play

    return play(arguments.bag, arguments.topics, arguments.rate, arguments.clock)


def _training(command: str, words: list[str]) -> int:
    return int(importlib.import_module(f"training.{command}").main(words) or 0)


def _user_errors() -> tuple[type[Exception], ...]:
    """What the user can mend; everything else is a defect and keeps its traceback."""
    from tavi_perception.bags import BagError
    from tavi_perception.imaging import SourceError
    from tavi_perception.inference.bundle import ModelContractError
    from tavi_perception.simulation.dataset.options import DatasetError

    errors: tuple[type[Exception], ...] = (BagError, SourceError, ModelContractError, DatasetError, OSError)
    try:
        from tavi_perception.nodes.graph import GraphError
    except ImportError:  # predict needs no ROS
        return errors
    return (*errors, GraphError)


if __name__ == "__main__":
    sys.exit(main())
