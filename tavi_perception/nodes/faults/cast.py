"""Who carries out which case: functions by the names of the cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FAULTS: dict[str, Callable[[Any], object]] = {}
"""By the name of the case: what goes wrong in a scene, from its beginning to its end."""


def fault(function: Callable[[Any], object]) -> Callable[[Any], object]:
    """The function carries out the case of its name."""
    FAULTS[function.__name__] = function
    return function
