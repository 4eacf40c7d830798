"""predict: the keypoints of single images, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tavi_perception.commands.options import add_bits_stored, add_model

if TYPE_CHECKING:
    from tavi_perception.commands.options import Commands


def add_predict(commands: Commands) -> None:
    parser = commands.add_parser("predict", help="keypoints of single images, without ROS")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="image or DICOM files")
    parser.add_argument("--json", type=Path, default=None, help="where to write the keypoints; else printed")
    parser.add_argument(
        "--overlay", type=Path, default=None, help="folder for the images with keypoints drawn"
    )
    add_bits_stored(parser)
    add_model(parser)
    parser.set_defaults(run=_predict)


def _predict(arguments: argparse.Namespace) -> int:
    from tavi_perception.predict import predict_files

    return predict_files(
        arguments.images,
        arguments.json,
        arguments.overlay,
        arguments.model,
        arguments.runtime,
        arguments.threads,
        arguments.bits_stored,
    )
