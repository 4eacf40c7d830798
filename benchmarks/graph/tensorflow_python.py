"""A Python that has both TensorFlow and this graph's ROS, for the nodes that need the two in one process."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REMEDY = "any training command prepares it (./tavi train --help), or name a Python with --tensorflow-python"

_PROBE = """
import importlib.util, json, sys
import rclpy, tavi_msgs.msg
from tavi_perception.evaluation.machine import describe_machine
if importlib.util.find_spec("tensorflow") is None:
    sys.exit("TensorFlow is not installed there")
print(json.dumps(describe_machine()["versions"]))
"""
"""TensorFlow itself is not imported, which takes long; ROS is, which was compiled for one Python only."""

_PROBE_TIMEOUT = 60.0
"""s, on a busy machine and from a cold disk."""


@dataclass(frozen=True)
class TensorFlowPython:
    """The words that start it, and the versions it has; no words where there is none, and ``missing`` why."""

    words: tuple[str, ...]
    versions: dict[str, str]
    missing: str = ""


def find(given: Path | None) -> TensorFlowPython:
    """The Python that was given, or this one, or that of the training environment beside it.

    The runtime's packages come first on its path, so that what both have is the same for all arms; TensorFlow
    comes from its own.
    """
    reason = "TensorFlow is not installed"
    for words in _candidates(given):
        try:
            versions = _versions(words)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            reason = f"{words[-1]} has no TensorFlow that works beside ROS ({_why(error)})"
            continue
        return TensorFlowPython(tuple(words), versions)
    return TensorFlowPython((), {}, f"{reason}; {REMEDY}")


def _candidates(given: Path | None) -> Iterator[list[str]]:
    if given is not None:
        yield _beside_ros(given)
        return
    if importlib.util.find_spec("tensorflow") is not None:
        yield [sys.executable]
    here = Path(sys.prefix)
    for folder in (here.parent, here.parent.parent):  # the second where ROS was sourced
        for python in sorted(folder.glob("training*/bin/python")):
            yield _beside_ros(python)


def _beside_ros(python: Path) -> list[str]:
    path = [os.environ.get("PYTHONPATH", ""), sysconfig.get_path("purelib")]
    return ["env", f"PYTHONPATH={os.pathsep.join(filter(None, path))}", str(python)]


def _versions(words: list[str]) -> dict[str, str]:
    done = subprocess.run(
        [*words, "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_TIMEOUT, check=True
    )
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def _why(error: Exception) -> str:
    """What a process that failed said last; of another failure, what it is."""
    said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else ""
    return said.splitlines()[-1] if said else str(error)
