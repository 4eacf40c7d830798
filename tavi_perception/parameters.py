"""Configuration fields that describe themselves: the one source of declarations, checks and documentation.

A configuration is a frozen dataclass whose fields are made with ``parameter``. The nodes declare ROS
parameters from it, and the parameter reference in docs/ is written from it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ParameterInfo:
    """What a user must know to set a parameter.

    ``minimum`` and ``maximum`` are inclusive; ``choices`` are the allowed words; ``read_only`` ones can be
    set only when the node starts; ``source`` is where the default comes from.
    """

    name: str
    default: Any
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    source: str = ""

    @property
    def range_text(self) -> str:
        """The allowed values in words; empty when everything is allowed."""
        if self.choices:
            return ", ".join(self.choices)
        if self.minimum is None and self.maximum is None:
            return ""
        return f"{'−∞' if self.minimum is None else f'{self.minimum:g}'} … " + (
            "∞" if self.maximum is None else f"{self.maximum:g}"
        )

    def check(self, value: Any) -> None:
        """Raises ValueError with one sentence when the value is not allowed; NaN means unknown and is."""
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name} is {value!r}; choose one of {self.range_text}")
        if isinstance(value, (int, float)) and not math.isnan(value):
            below = self.minimum is not None and value < self.minimum
            above = self.maximum is not None and value > self.maximum
            if below or above:
                raise ValueError(
                    f"{self.name} is {value:g} {self.unit}".rstrip() + f"; allowed: {self.range_text}"
                )


def parameter(
    default: Any,
    description: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    read_only: bool = False,
    source: str = "",
) -> Any:
    """A dataclass field with the description a parameter needs."""
    info = ParameterInfo("", default, description, unit, minimum, maximum, choices, read_only, source)
    return dataclasses.field(default=default, metadata={"parameter": info})


def parameters_of(config: Any) -> Iterator[ParameterInfo]:
    """The parameters of a configuration class or instance, in order of declaration."""
    for item in dataclasses.fields(config):
        yield dataclasses.replace(item.metadata["parameter"], name=item.name)


def check_parameters(config: Any) -> None:
    """Raises ValueError for the first value that is not allowed; call it from ``__post_init__``."""
    for info in parameters_of(config):
        info.check(getattr(config, info.name))
