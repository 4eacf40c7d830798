"""The executables: what a node needs takes seconds to import, and Ctrl-C may come meanwhile.

Nothing heavy is imported before the signals are taken care of.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys

INTERRUPTED = 130
"""Exit code of a process that SIGINT has ended, as shells tell it (128 + 2)."""


def perception_node() -> None:
    _run("perception_node")


def image_player() -> None:
    _run("image_player")


def simulator() -> None:
    _run("simulator_node")


def controller() -> None:
    _run("controller_node")


def robot_bridge() -> None:
    _run("robot_bridge")


def _run(module: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    importlib.import_module(f"tavi_perception.nodes.{module}").main()


def _leave(*_: object) -> None:
    """Ends the process where it stands: there is no thread and no file yet that could suffer."""
    os._exit(INTERRUPTED)


NODES = {
    "perception_node": perception_node,
    "image_player": image_player,
    "simulator": simulator,
    "controller": controller,
    "robot_bridge": robot_bridge,
}
"""By the names of the executables."""

if __name__ == "__main__":
    name = sys.argv.pop(1)
    NODES[name]()
