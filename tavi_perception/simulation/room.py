"""Moves of table and C-arm during a procedure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tavi_perception.simulation.distributions import Chance, Uniform
from tavi_perception.simulation.view import FloatArray, View


@dataclass(frozen=True)
class RoomConfig:
    """Moves of table and C-arm; times in s, lengths in mm, angles in degrees (unsourced)."""

    table: Chance = Chance(0.15)
    """The table is moved once during positioning …"""
    table_pan: Uniform = Uniform(3.0, 15.0)
    """… by so much."""
    carm: Chance = Chance(0.08)
    """The C-arm is turned once during positioning …"""
    carm_turn: Uniform = Uniform(3.0, 10.0)
    """… by so much of its primary angle …"""
    carm_limit: float = 30.0
    """… but not beyond this angle."""
    lasts: Uniform = Uniform(0.8, 1.6)
    """How long either takes."""


@dataclass(frozen=True)
class Room:
    """The view over time: at most one pan of the table and one turn of the C-arm.

    Attributes:
        first: the view at the beginning.
        pan: (3,) by which the table carries the patient (mm). turn: of the primary angle (rad).
        pan_span, turn_span: begin and end (s); infinite where nothing is moved.
    """

    first: View
    pan: FloatArray
    pan_span: tuple[float, float]
    turn: float
    turn_span: tuple[float, float]

    @property
    def last(self) -> View:
        """The view after the C-arm's turn, the table where it was."""
        return self._turned(1.0)

    def turned_share(self, time: float) -> float:
        """How much of the C-arm's turn is done at ``time`` (s), 0…1."""
        return _share(time, self.turn_span)

    def view(self, time: float) -> View:
        turned = self._turned(self.turned_share(time))
        return replace(turned, centre=turned.centre - _share(time, self.pan_span) * self.pan)

    def _turned(self, share: float) -> View:
        if share == 0.0 or self.turn == 0.0:
            return self.first
        geometry = self.first.geometry
        return replace(
            self.first, geometry=replace(geometry, primary_angle=geometry.primary_angle + share * self.turn)
        )


def still(view: View) -> Room:
    """A room in which nothing is moved."""
    never = (float("inf"), float("inf"))
    return Room(view, np.zeros(3), never, 0.0, never)


def draw_room(rng: np.random.Generator, config: RoomConfig, view: View, duration: float) -> Room:
    """Random moves during the positioning of a procedure of ``duration`` (s)."""
    room = still(view)
    if config.table.draw(rng):
        aside = rng.uniform(0.0, 2 * np.pi)
        right, down, _ = view.rotation
        pan = config.table_pan.draw(rng) * (np.cos(aside) * right + np.sin(aside) * down)
        room = replace(room, pan=pan, pan_span=_span(rng, config, duration))
    if config.carm.draw(rng):
        limit = np.radians(config.carm_limit)
        turn = np.radians(config.carm_turn.draw(rng)) * rng.choice([-1, 1])
        turn = float(np.clip(view.geometry.primary_angle + turn, -limit, limit) - view.geometry.primary_angle)
        room = replace(room, turn=turn, turn_span=_span(rng, config, duration))
    return room


def _span(rng: np.random.Generator, config: RoomConfig, duration: float) -> tuple[float, float]:
    begin = rng.uniform(0.16, 0.34) * duration
    return begin, begin + config.lasts.draw(rng)


def _share(time: float, span: tuple[float, float]) -> float:
    if time <= span[0]:
        return 0.0
    linear = min(1.0, (time - span[0]) / (span[1] - span[0]))
    return linear * linear * (3.0 - 2.0 * linear)
