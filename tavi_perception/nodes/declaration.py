"""How configuration dataclasses become ROS parameters, and are read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from tavi_perception.parameter_file import is_of_ros, nearest
from tavi_perception.parameters import ParameterInfo, parameters_of

Config = TypeVar("Config")

_TYPE_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "a string"}

LARGEST = 1e9
"""Bound of a one-sided range: rclpy knows only ranges with two ends."""


def node_parameters(config: type) -> list[ParameterInfo]:
    """What a node declares of a configuration dataclass: everything but its constants."""
    return [info for info in parameters_of(config) if not info.constant]


def declare(node: Node, config: type) -> None:
    """Declares the parameters of a configuration dataclass as parameters of the node."""
    for info in node_parameters(config):
        node.declare_parameter(info.name, info.default, _descriptor(info))


def warn_of_undeclared(node: Node) -> list[str]:
    """A sentence on each parameter that was given to the node and that it does not have, logged too."""
    known = set(node._parameters)
    given = sorted(set(node._parameter_overrides) - known)
    sentences = [_unknown(name, known) for name in given if not is_of_ros(name)]
    for sentence in sentences:
        node.get_logger().warning(sentence)
    return sentences


def read(node: Node, config: type[Config], changed: Mapping[str, object] = MappingProxyType({})) -> Config:
    """The configuration from the node's parameters, with the given ones, by their names, replaced.

    Raises:
        ValueError: a value, or a combination of values, is not allowed.
    """
    values = {
        info.field: _value(
            info, changed[info.name] if info.name in changed else node.get_parameter(info.name).value
        )
        for info in node_parameters(config)
    }
    return config(**values)


def refuse_invalid(node: Node, *configs: type) -> Callable[[list[Parameter]], SetParametersResult]:
    """A callback that says whether parameters may be set together; it changes nothing yet."""

    def check(parameters: list[Parameter]) -> SetParametersResult:
        changed = {parameter.name: parameter.value for parameter in parameters}
        try:
            for config in configs:
                read(node, config, changed)
        except (ValueError, TypeError) as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    return check


def _value(info: ParameterInfo, value: object) -> object:
    """The value in the parameter's type: people write 3 for 3.0.

    Raises:
        ValueError: it is of another type.
    """
    wanted = type(info.default)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise ValueError(f"{info.name} is {value!r}; give {_TYPE_NAMES[wanted]}")
    return value


def _unknown(name: str, known: set[str]) -> str:
    near = nearest(name, known)
    meant = f"is {near} meant?" if near else "docs/nodes.md lists those there are"
    return f"there is no parameter {name}, what was given for it has no effect; {meant}"


def _descriptor(info: ParameterInfo) -> ParameterDescriptor:
    unit = f" [{info.unit}]" if info.unit else ""
    descriptor = ParameterDescriptor(
        description=info.description + unit,
        additional_constraints=info.range_text if info.choices else "",
        read_only=info.read_only,
        # ``_value`` takes an integer where a float is meant, and refuses the rest in a sentence.
        dynamic_typing=True,
    )
    if info.minimum is None and info.maximum is None:
        return descriptor
    low = -LARGEST if info.minimum is None else info.minimum
    high = LARGEST if info.maximum is None else info.maximum
    if isinstance(info.default, int):
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    elif info.default == info.default:  # a range would refuse NaN, which means unknown
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    return descriptor
