"""What is fuzzed: a reader, valid inputs for it, and how it may refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzzing.choices import Choices


@dataclass(frozen=True)
class Target:
    """A reader under test.

    Attributes:
        name: as the command line has it.
        refusals: what it says that it raises; anything else is a finding.
        prepare: makes valid inputs, in a folder of their own where they are files; called once.
        make: an input from what was prepared, by a recipe; files go into the folder given, which is empty.
        read: reads what was made, to the end.
        tests: inputs that the project's tests try.
    """

    name: str
    refusals: tuple[type[Exception], ...]
    prepare: Callable[[Path], Any]
    make: Callable[[Any, Choices, Path], Any]
    read: Callable[[Any], object]
    tests: int = 200
