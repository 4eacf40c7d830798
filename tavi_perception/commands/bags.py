"""record and play: rosbag2 bags, where ros2 bag is missing too."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tavi_perception.commands.options import positive

if TYPE_CHECKING:
    from tavi_perception.commands.options import Commands


def add_record(commands: Commands) -> None:
    parser = commands.add_parser("record", help="record topics of a running graph into a rosbag2 bag")
    parser.add_argument("bag", type=Path, help="folder to make")
    parser.add_argument("--topics", nargs="+", default=[], help="topics; all if not given")
    parser.add_argument("--duration", type=positive, default=None, help="stop after this long (s)")
    parser.set_defaults(run=_record)


def add_play(commands: Commands) -> None:
    parser = commands.add_parser("play", help="publish the messages of a rosbag2 bag")
    parser.add_argument("bag", type=Path, help="bag folder, or .mcap or .db3 file")
    parser.add_argument("--topics", nargs="+", default=[], help="topics; all if not given")
    parser.add_argument("--rate", type=positive, default=1.0, help="times the recorded speed")
    parser.add_argument("--clock", action="store_true", help="publish the recorded time on /clock")
    parser.set_defaults(run=_play)


def _record(arguments: argparse.Namespace) -> int:
    from tavi_perception.nodes.bag_commands import record

    return record(arguments.bag, arguments.topics, arguments.duration)


def _play(arguments: argparse.Namespace) -> int:
    from tavi_perception.nodes.bag_commands import play

    return play(arguments.bag, arguments.topics, arguments.rate, arguments.clock)
