"""The commands of ./tavi and the environment each runs in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Where(Enum):
    """Where a command runs."""

    RUNTIME = "runtime"
    """ROS 2 and the perception, no TensorFlow."""
    TRAINING = "training"
    """TensorFlow, no ROS."""
    TEST = "test"
    """Both, one after the other, with the development tools."""


@dataclass(frozen=True)
class Command:
    where: Where
    summary: str


COMMANDS = {
    "demo": Command(Where.RUNTIME, "a simulated procedure through the whole ROS 2 graph"),
    "run": Command(
        Where.RUNTIME, "the perception node on a DICOM file, a video, a folder of images or a bag"
    ),
    "predict": Command(Where.RUNTIME, "keypoints of single images, without ROS"),
    "simulate": Command(Where.RUNTIME, "ground-truth data sets and pictures of synthetic procedures"),
    "record": Command(Where.RUNTIME, "record topics into a bag"),
    "play": Command(Where.RUNTIME, "play a bag"),
    "audit": Command(Where.RUNTIME, "recount from a bag that a robot moved with leave alone"),
    "train": Command(Where.TRAINING, "train a model"),
    "screen": Command(Where.TRAINING, "train and compare the networks of the paper"),
    "export": Command(Where.TRAINING, "write a trained model as a bundle"),
    "evaluate": Command(
        Where.RUNTIME, "estimates against truth, on frames, bags and procedures, and the closed loop"
    ),
    "bench": Command(Where.RUNTIME, "latency and memory of models and nodes, against the naive way"),
    "faults": Command(Where.RUNTIME, "the fault campaign: every unit by every failure, as a table"),
    "test": Command(Where.TEST, "lint, types and all tests; takes the arguments of pytest"),
}


def usage() -> str:
    """What ./tavi --help prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: ./tavi <command> [arguments]",
            "",
            "Prepares what the command needs on first use, then runs it.",
            "",
            *lines,
            "",
            "./tavi <command> --help explains a command. TAVI_HOME names the folder for everything that is",
            "prepared, which clones may share; by default it is .tavi beside this script.",
        ]
    )
