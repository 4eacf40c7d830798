"""run: the perception node on recorded images, through ROS; and what demo has in common with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tavi_perception.commands.options import add_bits_stored, add_model, positive

if TYPE_CHECKING:
    from tavi_perception.commands.options import Commands
    from tavi_perception.imaging.source import FrameSource
    from tavi_perception.nodes.session_graph import SessionOptions

NOTICE = "Research software, not a medical device."


def add_run(commands: Commands) -> None:
    parser = commands.add_parser(
        "run", help="the perception node on a DICOM file, video, image folder or bag"
    )
    parser.add_argument("source", type=Path, help="DICOM file, video, image, folder of images, or bag")
    parser.add_argument("--out", type=Path, default=None, help="folder for the results")
    parser.add_argument(
        "--frame-rate", type=positive, default=None, help="frames a second, where unknown or wrong"
    )
    parser.add_argument(
        "--as-recorded",
        action="store_true",
        help="of a bag, play the images that were answered then, with their stamps: the answers come again",
    )
    add_bits_stored(parser)
    _add_calibration(parser)
    add_model(parser)
    parser.set_defaults(run=_run)


def _add_calibration(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("calibration", "above all that the file says; lengths in mm")
    group.add_argument("--pixel-size-mm", type=positive, help="size of a pixel at the patient")
    group.add_argument("--sid-mm", type=positive, help="source to detector (SID)")
    group.add_argument("--sod-mm", type=positive, help="source to patient (SOD)")
    group.add_argument(
        "--imager-pixel-spacing-mm", type=positive, help="pitch of the image's pixels at the detector"
    )


def _run(arguments: argparse.Namespace) -> int:
    from tavi_perception.calibration import UserCalibration
    from tavi_perception.carm import Calibration
    from tavi_perception.imaging.opening import open_source

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
        bits_stored=arguments.bits_stored,
        as_recorded=arguments.as_recorded,
    )
    if given != UserCalibration() and source.geometry.calibration is not Calibration.USER:
        print(
            f"tavi run: {source.name}: the given calibration is incomplete or implausible: give "
            "--pixel-size-mm, or --sid-mm, --sod-mm and --imager-pixel-spacing-mm together; only those that "
            "the file itself states may be left out",
            file=sys.stderr,
        )
        return 2
    return played(source, arguments, live=False)


def played(source: FrameSource, arguments: argparse.Namespace, *, live: bool) -> int:
    """Plays a source through the graph; the exit code."""
    from tavi_perception.nodes.session import run_session
    from tavi_perception.visualization.report import write_report

    options = session_options(arguments, live=live)
    _print_notes(source, source.notes)
    told = source.notes
    result = run_session(source, options)
    _print_notes(source, [note for note in source.notes if note not in told])
    _print_notes(source, source.losses)
    out = options.out
    print_results(write_report(out / "bag", out).headline, out)
    if result.failed:
        print(
            f"{source.name}: {result.failed} of {result.deviations} answers came without the model, which "
            f"was not ready or failed: the reason stands in {out / 'perception.log'}",
            file=sys.stderr,
        )
    if result.unusable:
        print(
            f"{source.name}: {len(result.unusable)} of {result.images} frames are not used; the first is "
            f"{result.unusable[0]}",
            file=sys.stderr,
        )
    answered = result.deviations >= result.images or (live and result.deviations > 0)
    usable = len(result.unusable) < result.images
    return 0 if answered and usable and not result.failed and not source.losses else 1


def session_options(arguments: argparse.Namespace, *, live: bool) -> SessionOptions:
    """How to run the session that is asked for; makes its folder."""
    from tavi_perception.inference.bundle import load_bundle
    from tavi_perception.nodes.session_graph import SessionOptions
    from tavi_perception.output import make_folder

    if arguments.model is not None:
        load_bundle(arguments.model)
    out = arguments.out or Path("out") / f"{arguments.command}-{datetime.now():%Y%m%d-%H%M%S}"
    make_folder(out)
    return SessionOptions(
        out=out,
        live=live,
        as_recorded=getattr(arguments, "as_recorded", False),
        model=str(arguments.model or ""),
        runtime=arguments.runtime,
        threads=arguments.threads,
        view=getattr(arguments, "view", False),
    )


def print_results(headline: str, out: Path) -> None:
    """What came out, and where it lies."""
    print(headline)
    for name in ("report.html", "summary.json", "bag"):
        print(f"  {out / name}")
    print(NOTICE)


def _print_notes(source: FrameSource, notes: Iterable[str]) -> None:
    for note in notes:
        print(f"{source.name}: {note}", file=sys.stderr)
