"""Which delivery systems can be in the field: ours, and those that have a profile in ``config/devices``."""

from __future__ import annotations

from pathlib import Path

from tavi_perception.resources import share_directory

OWN = "own"
"""The make that is placed here, and that models know."""


def profiles_folder() -> Path:
    """Where the profiles of other makes lie."""
    return share_directory() / "config" / "devices"


def foreign_makes() -> tuple[str, ...]:
    """Names of the other makes."""
    return tuple(sorted(file.stem for file in profiles_folder().glob("*.yaml")))
