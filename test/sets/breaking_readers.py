"""Readers that do to their process what a reader must not do, for some of their inputs."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from pathlib import Path

from fuzzing.choices import Choices
from fuzzing.target import Target

ONE_IN = 3


def _make(_: None, choices: Choices, __: Path) -> bool:
    return choices.chance(ONE_IN)


def _target(harm: Callable[[], object]) -> Target:
    def read(harmful: bool) -> None:
        if harmful:
            harm()

    return Target("breaking", (), lambda _: None, _make, read)


def _spin() -> None:
    while True:
        pass


HARMLESS = _target(lambda: None)
CRASHING = _target(lambda: ctypes.string_at(0))
SPINNING = _target(_spin)
WAITING = _target(lambda: time.sleep(1e6))
