"""Files of ROS parameters: written so that rcl reads what was meant, and searched for what no node hears."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tavi_perception.sentence import one_sentence
from tavi_perception.yaml_text import YamlTextError, read_yaml

_VALUES = "ros__parameters"
_OF_EVERY_NODE = ("use_sim_time", "start_type_description_service", "qos_overrides")
"""Parameters, or groups of them, that ROS itself declares."""


def parameters_text(values: Mapping[str, bool | int | float | str]) -> str:
    """The content of a file that sets parameters of any node, by name.

    Strings stand in quotation marks: on a command line, or where Python's YAML needs none, rcl would read
    ``123`` and ``1e3`` as numbers.
    """
    return yaml.dump({"/**": {_VALUES: dict(values)}}, Dumper=_QuotingDumper, width=float("inf"))


class _QuotingDumper(yaml.SafeDumper):
    """Writes every string in quotation marks, with escapes for all that YAML cannot hold."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_QuotingDumper.add_representer(str, _quoted)


def unknown_parameters(file: Path, declared: Collection[str], node: str) -> list[str]:
    """A sentence for everything in the file that is meant for the node and does not reach it.

    Sections of other nodes are left alone, unless none is for this one.

    Args:
        file: as ``--params-file`` takes it.
        declared: names of the node's parameters, groups with dots.
        node: its full name, as ``/tavi/perception``.

    Raises:
        ValueError: the file is missing, or is no file of parameters; in one sentence.
    """
    sections = list(_sections(_content(file)))
    ours = [values for name, values in sections if _matches(name, node)]
    if sections and not ours:
        named = ", ".join(name for name, _ in sections)
        return [one_sentence(f"{file}: none of its sections ({named}) is for {node}; name one {node} or /**")]
    return [
        one_sentence(f"{file}: {node} has no parameter {name}{_meant(name, declared)}")
        for values in ours
        for name in _names(values)
        if name not in declared and not is_of_ros(name)
    ]


def is_of_ros(name: str) -> bool:
    """The parameter is one that ROS itself declares, for some nodes only when it is needed."""
    return name.split(".")[0] in _OF_EVERY_NODE


def nearest(name: str, declared: Collection[str]) -> str:
    """The declared name that is most like another one; empty where none is."""
    return next(iter(difflib.get_close_matches(name, declared, n=1)), "")


def _content(file: Path) -> Mapping[Any, Any]:
    if not file.is_file():
        looked = "" if file.is_absolute() else f" in {Path.cwd()}"
        raise ValueError(f"{file}: there is no such file of parameters{looked}; check params_file")
    try:
        content = read_yaml(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, YamlTextError) as error:
        raise ValueError(f"{file}: it cannot be read as YAML ({error}); check params_file") from None
    if not isinstance(content, Mapping) or not all(isinstance(each, Mapping) for each in content.values()):
        raise ValueError(
            f"{file}: it is no file of ROS parameters; write the name of a node or /**, then {_VALUES}"
        )
    return content


def _sections(content: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Full names of nodes, or patterns of them, and what the file sets there."""
    for key, below in content.items():
        if key == _VALUES:
            yield above or "/", below if isinstance(below, Mapping) else {}
        elif isinstance(below, Mapping):
            yield from _sections(below, f"{above}/{str(key).strip('/')}")


def _matches(pattern: str, node: str) -> bool:
    """``*`` stands for one part of a name, ``**`` for any number of them."""
    parts = re.split(r"/(\*\*|\*)(?=/|$)", pattern)
    regex = "".join({"**": "(/[^/]+)*", "*": "/[^/]+"}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(regex, node) is not None


def _names(values: Mapping[Any, Any], above: str = "") -> Iterator[str]:
    for key, below in values.items():
        if isinstance(below, Mapping):
            yield from _names(below, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def _meant(name: str, declared: Collection[str]) -> str:
    near = nearest(name, declared)
    return f"; did you mean {near}?" if near else "; docs/parameters.md lists what there is"
