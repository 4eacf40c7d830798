"""Command-line options that say how an annotated data set is read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_reading(parser: argparse._ActionsContainer) -> None:
    """Adds the options of ``open_annotated``."""
    parser.add_argument(
        "--on-error", choices=("refuse", "skip"), default="refuse", help="skip leaves faulty frames out"
    )
    parser.add_argument(
        "--names", type=Path, default=None, help="YAML or JSON file: foreign name to landmark"
    )
    parser.add_argument(
        "--procedure-pattern", default=None, help="regular expression that finds the procedure in a file name"
    )
    parser.add_argument(
        "--empty",
        choices=("format", "refuse", "keep"),
        default="format",
        help="images with an empty annotation: true negatives (keep) or forgotten (refuse); format: kept "
        "from the simulator only",
    )
    parser.add_argument(
        "--hidden", choices=("absent", "visible"), default="absent", help="what COCO's v = 1 counts as"
    )
    parser.add_argument(
        "--origin",
        choices=("auto", "corner", "centre"),
        default="auto",
        help="where in a pixel foreign coordinates count from; auto: corner where any has a fraction",
    )
    parser.add_argument(
        "--stored-bits", type=int, default=None, help="low bits of 16-bit pixels that carry the grey level"
    )
    parser.add_argument(
        "--labelled",
        default=None,
        metavar="AA1,…",
        help="landmarks that the set labels, if not all it declares",
    )
    parser.add_argument(
        "--missing",
        choices=("absent", "unknown"),
        default=None,
        help="what a labelled landmark is where it is not marked; default: absent, with --folds unknown",
    )
    parser.add_argument(
        "--root-points", action="store_true", help="guess missing AA and STJ from the outline of the root"
    )
    parser.add_argument("--workers", type=int, default=2, help="threads that decode images")


def add_folds(parser: argparse._ActionsContainer, purpose: str) -> None:
    """Adds the options of patient-wise folds."""
    parser.add_argument(
        "--folds", type=Path, default=None, metavar="FOLDER", help="manifests of patient-wise folds of --data"
    )
    parser.add_argument("--fold", type=int, default=None, metavar="N", help=f"the fold that {purpose}")


def folds_error(arguments: argparse.Namespace) -> str | None:
    """What is wrong with options of folds, in a sentence."""
    if arguments.folds is not None and arguments.data is None:
        return "--folds needs the data set that it divides: give --data as well"
    if arguments.fold is not None and arguments.folds is None:
        return "--fold needs the manifests of the folds: give --folds as well"
    return None


def reading_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What ``add_reading`` has read, as ``open_annotated`` takes it."""
    names = (
        "on_error",
        "names",
        "procedure_pattern",
        "empty",
        "hidden",
        "origin",
        "stored_bits",
        "workers",
        "labelled",
        "root_points",
    )
    options = {name: getattr(arguments, name) for name in names}
    missing = arguments.missing or ("unknown" if getattr(arguments, "folds", None) else "absent")
    return {**options, "missing": missing}
