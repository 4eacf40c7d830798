"""How configuration dataclasses become ROS parameters, and are read back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from tavi_perception.parameters import ParameterInfo, parameters_of

Config = TypeVar("Config")
LARGEST = 1e9
"""Bound of a one-sided range: rclpy knows only ranges with two ends."""


def node_parameters(config: type) -> list[ParameterInfo]:
    """What a node declares of a configuration dataclass: everything but its constants."""
    return [info for info in parameters_of(config) if not info.constant]


def declare(node: Node, config: type) -> None:
    """Declares the parameters of a configuration dataclass as parameters of the node."""
    for info in node_parameters(config):
        node.declare_parameter(info.name, info.default, _descriptor(info))


def read(node: Node, config: type[Config], changed: Mapping[str, object] = MappingProxyType({})) -> Config:
    """The configuration from the node's parameters, with the given ones, by their names, replaced.

    Raises:
        ValueError: a value, or a combination of values, is not allowed.
    """
    values = {
        info.field: changed[info.name] if info.name in changed else node.get_parameter(info.name).value
        for info in node_parameters(config)
    }
    return config(**values)


def _descriptor(info: ParameterInfo) -> ParameterDescriptor:
    unit = f" [{info.unit}]" if info.unit else ""
    descriptor = ParameterDescriptor(
        description=info.description + unit,
        additional_constraints=info.range_text if info.choices else "",
        read_only=info.read_only,
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
