"""Configuration fields that describe themselves: the one source of declarations, checks and documentation.

A configuration is a frozen dataclass whose fields are made with ``parameter`` or ``constant``. The nodes
declare ROS parameters from the former, and the parameter reference in docs/ is written from both.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ParameterInfo:
    """What must be known to set a field of a configuration.

    Attributes:
        field: the dataclass field.
        minimum, maximum: inclusive; None: no bound.
        choices: the allowed words.
        read_only: it can be set only when the node starts.
        source: where the default comes from.
        group: parameters that belong together share one.
        constant: no parameter of a node; who develops what it configures changes it in the code.
    """

    field: str
    default: Any
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False
    source: str = ""
    group: str = ""
    constant: bool = False

    @property
    def name(self) -> str:
        """As users write it: ``diameter_min`` of the group ``annulus`` is ``annulus.diameter_min``."""
        return f"{self.group}.{self.name_in_group}" if self.group else self.field

    @property
    def name_in_group(self) -> str:
        """The field's name, in which the group is not said twice: ``annulus_diameter_min`` there."""
        return self.field.removeprefix(f"{self.group}_")

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


def parameter(default: Any, description: str, **facts: Any) -> Any:
    """A dataclass field that a node's user may set; ``facts`` are further attributes of ``ParameterInfo``."""
    return _field(ParameterInfo("", default, description, **facts))


def constant(default: Any, description: str, **facts: Any) -> Any:
    """A dataclass field that is described and checked like a parameter, but is none of a node."""
    return _field(ParameterInfo("", default, description, constant=True, **facts))


def _field(info: ParameterInfo) -> Any:
    return dataclasses.field(default=info.default, metadata={"parameter": info})


def parameters_of(config: Any) -> Iterator[ParameterInfo]:
    """The parameters and constants of a configuration class or instance, in order of declaration."""
    for item in dataclasses.fields(config):
        yield dataclasses.replace(item.metadata["parameter"], field=item.name)


def check_parameters(config: Any) -> None:
    """Raises ValueError for the first value that is not allowed; call it from ``__post_init__``."""
    for info in parameters_of(config):
        info.check(getattr(config, info.field))
