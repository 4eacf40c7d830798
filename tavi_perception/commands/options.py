"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tavi_perception.inference.runtimes import RUNTIMES
from tavi_perception.simulation.seeds import unseal

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
    """What a command is added to."""


def add_model(parser: argparse.ArgumentParser) -> None:
    """The model that runs, and how."""
    parser.add_argument(
        "--model", type=Path, default=None, help="folder of a model bundle; else the shipped one"
    )
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto")
    add_threads(parser)


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the inference")


def add_bits_stored(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bits-stored",
        type=int,
        default=None,
        help="low bits of 16-bit pixels that carry the grey level, 8…16",
    )


def add_sealed(parser: argparse.ArgumentParser) -> None:
    """The leave to open sealed seeds, which holds as soon as it is read."""
    parser.add_argument(
        "--sealed", action=_Unseal, nargs=0, help="allow sealed seeds, for the figures of a release"
    )


class _Unseal(argparse.Action):
    def __call__(self, *_: object) -> None:
        unseal()


def positive(text: str) -> float:
    """The type of an option that takes a positive number."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value
