"""A shipped RViz layout, rewritten for other topics and frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml


def rewritten_layout(template: Path, names: Mapping[str, str]) -> str:
    """The layout with other names.

    Args:
        template: the .rviz file.
        names: by a topic, a namespace or a frame of the template, what takes its place; where several
            are the beginning of a topic, the longest counts.
    """

    def renamed(value: object) -> object:
        if isinstance(value, dict):
            return {key: renamed(below) for key, below in value.items()}
        if isinstance(value, list):
            return [renamed(below) for below in value]
        return _renamed(value, names) if isinstance(value, str) else value

    layout = yaml.safe_load(template.read_text(encoding="utf-8"))
    return yaml.safe_dump(renamed(layout), sort_keys=False)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """A topic by its whole name or its first parts; a frame by its whole name."""
    for name in sorted(names, key=len, reverse=True):
        if text == name or (name.startswith("/") and text.startswith(f"{name}/")):
            return names[name] + text[len(name) :]
    return text
