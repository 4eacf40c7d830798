"""An environment: what to prepare for it, and how to start a process in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from home import Home, Part

Variables = dict[str, str]


@dataclass(frozen=True)
class Prepared:
    """An environment that a process can run in once its parts are made.

    Attributes:
        home: the folder it lies in.
        folder: its virtual environment.
        parts: what to prepare, in order.
        variables: all environment variables of a process; complete once the parts are made.
    """

    home: Home
    folder: Path
    parts: tuple[Part, ...]
    variables: Callable[[], Variables]

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def become(self, arguments: Sequence[str]) -> NoReturn:
        """Prepare it, then replace this process by its Python with these arguments."""
        self.home.prepare(self.parts)
        os.execve(self.python, [str(self.python), *arguments], self.variables())


def joined(*items: Path | str | None) -> str:
    """A search path without its empty items."""
    return os.pathsep.join(str(item) for item in items if item)
