"""Placeholder until the bystanders stand in 3-D."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClutterConfig:
    """Nothing yet."""


class Bystanders:
    """Nobody."""

    def paint_still(self, *_: object) -> None: ...

    def paint_moving(self, *_: object) -> None: ...


def draw_bystanders(*_: object) -> Bystanders:
    return Bystanders()


def draw_coronaries(*_: object) -> None: ...
