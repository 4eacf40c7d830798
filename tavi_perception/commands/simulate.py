"""simulate: data sets with their truth, and pictures, of synthetic procedures."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tavi_perception.commands.options import add_sealed, positive

if TYPE_CHECKING:
    from tavi_perception.commands.options import Commands
    from tavi_perception.simulation.dataset.options import DatasetOptions


def add_simulate(commands: Commands) -> None:
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
    parser.add_argument("--duration", type=positive, default=20.0, help="length of a procedure (s)")
    parser.add_argument("--frame-rate", type=positive, default=15.0, help="frames a second")
    parser.add_argument("--size", type=int, default=1000, help="side of the images (px): 512, 1000, 1024, …")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8, help="of a grey level")
    parser.add_argument(
        "--split", default=None, help="shares of training, validation and test, by procedure: 0.8,0.1,0.1"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--json", type=Path, default=None, help="where to write the figures of the run")
    _add_pictures(parser)
    add_sealed(parser)
    parser.set_defaults(run=_simulate)


def _add_pictures(parser: argparse.ArgumentParser) -> None:
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


def _simulate(arguments: argparse.Namespace) -> int:
    from tavi_perception.output import write_all, write_json
    from tavi_perception.simulation.dataset.build import build_dataset
    from tavi_perception.simulation.dataset.options import (
        DatasetError,
        DatasetOptions,
        default_shares,
        shares_of,
    )

    split, first, count = arguments.split, arguments.seed, arguments.procedures
    options = DatasetOptions(
        procedures=count,
        seed=first,
        duration=arguments.duration,
        frame_rate=arguments.frame_rate,
        frames=arguments.frames,
        size=arguments.size,
        bits=arguments.bits,
        shares=default_shares(first, count) if split is None else shares_of(split),
    )
    sheet = _sheet_writer(arguments, options)
    if arguments.out is None and (sheet is None or arguments.json is not None):
        raise DatasetError("give --out for a data set, or --contact-sheet alone for a picture")
    writers: list[Callable[[], None]] = []
    if arguments.out is not None:
        summary = build_dataset(arguments.out, options, arguments.workers)
        print(f"{arguments.out}: {summary.headline}")
        if arguments.json is not None:
            writers.append(partial(write_json, arguments.json, summary.as_json()))
    if sheet is not None:
        writers.append(sheet)
    write_all(*writers)
    if sheet is not None:
        print(arguments.contact_sheet)
    return 0


def _sheet_writer(arguments: argparse.Namespace, options: DatasetOptions) -> Callable[[], None] | None:
    """What writes the picture that was asked for, its inputs checked before anything takes time."""
    from tavi_perception.imaging.files import read_image
    from tavi_perception.simulation.dataset import preview
    from tavi_perception.simulation.dataset.options import DatasetError

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
