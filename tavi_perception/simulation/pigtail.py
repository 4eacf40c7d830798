"""The pigtail catheter in the non-coronary sinus and the pre-shaped wire in the ventricle, in 3-D."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.distributions import Chance, Normal, Uniform
from tavi_perception.simulation.patient import Root
from tavi_perception.simulation.route import Route, smooth
from tavi_perception.simulation.view import FloatArray, View, unit

_LOOP_POINTS = 160


@dataclass(frozen=True)
class PigtailConfig:
    """Pigtail and wire; lengths in mm, angles in degrees, attenuations in log units."""

    width: Uniform = Uniform(1.67, 2.0)
    """5 to 6 Fr."""
    offset: Uniform = Uniform(1.0, 7.0)
    """PT from AA1 (15–45 px on the published frames), in the image plane."""
    offset_depth: Normal = Normal(0.0, 2.0, -5.0, 5.0)
    """The same along the beam."""
    radius: Uniform = Uniform(4.0, 6.5)
    """Of the loop."""
    turns: Uniform = Uniform(0.6, 1.15)
    """Of the loop (1 = a full circle)."""
    slant: Uniform = Uniform(0.0, 60.0)
    """Of the loop's plane out of the image plane."""
    wall: Uniform = Uniform(0.15, 0.30)
    """Of the catheter's wall."""
    lumen: Uniform = Uniform(0.05, 0.16)
    """Along its middle."""
    wire_radius: Uniform = Uniform(7.0, 16.0)
    """Of the curl in the ventricle."""
    wire_straight: Uniform = Uniform(5.0, 26.0)
    """Length from the nose cone to the curl."""
    wire_turns: Uniform = Uniform(0.4, 1.7)
    """Of the curl."""
    wire_width: Uniform = Uniform(0.40, 0.75)
    """Diameter; 0.89 mm (0.035 inch) with a core that is thinner, about 0.5 mm on the published frames."""
    wire_dark: Uniform = Uniform(0.14, 0.34)
    """Of the wire, inside the catheter as beyond it."""
    wire_bead: Chance = Chance(0.35)
    """A short darker place on the wire beyond the nose cone; there is one on the published frames."""


@dataclass(frozen=True)
class Pigtail:
    """A pigtail catheter at rest.

    Attributes:
        points: (n, 3) along the catheter, from outside the image to its end in the loop (mm).
        loop: (m, 3) the loop alone, densely.
        follows: (n,) share of the root's motion that each point takes part in.
        width: outer diameter (mm).
        wall, lumen: attenuations.
    """

    points: FloatArray
    loop: FloatArray
    follows: FloatArray
    width: float
    wall: float
    lumen: float

    def lowest(self, view: View) -> FloatArray:
        """(3,) PT: the point of the loop that is lowest in the image of ``view`` (mm)."""
        return np.asarray(self.loop[np.argmax(view.project(self.loop)[:, 1])])


def draw_pigtail(
    rng: np.random.Generator, config: PigtailConfig, root: Root, route: Route, view: View
) -> Pigtail:
    """A random pigtail with its loop near AA1."""
    right, down, beam = view.rotation
    aside = rng.normal(np.radians(-80), 0.7)
    offset = config.offset.draw(rng) * (np.cos(aside) * right + np.sin(aside) * down)
    tip = root.points[0] + offset + config.offset_depth.draw(rng) * beam
    loop = _loop(rng, config, view)
    loop += tip - loop[np.argmax(loop @ down)]
    shaft = _shaft(rng, route, loop, view)
    # The loop sits in the sinus; its shaft lies in the aorta.
    follows = np.concatenate([np.linspace(0.15, 1.0, len(shaft)) ** 0.5, np.ones(len(loop))])
    return Pigtail(
        np.concatenate([shaft, loop]), loop, follows, config.width.draw(rng), config.wall.draw(rng),
        config.lumen.draw(rng),
    )  # fmt: skip


@dataclass(frozen=True)
class Wire:
    """The wire through the catheter and beyond its nose cone.

    Attributes:
        shape: (n, 2) of what is beyond, in its plane, from the origin along x (mm).
        turn: of that plane about x (rad).
        width: diameter (mm). dark: attenuation.
        bead: point of ``shape`` at which a short darker place begins; none where it is None.
    """

    shape: FloatArray
    turn: float
    width: float
    dark: float
    bead: int | None

    def placed(self, start: FloatArray, tangent: FloatArray, beam: FloatArray) -> FloatArray:
        """(n, 3) the wire as it leaves ``start`` along ``tangent`` (mm)."""
        side = unit(np.cross(tangent, beam))
        depth = np.cross(side, tangent)
        across = np.cos(self.turn) * -side + np.sin(self.turn) * depth
        return np.asarray(start + self.shape[:, :1] * tangent + self.shape[:, 1:] * across)


def draw_wire(rng: np.random.Generator, config: PigtailConfig) -> Wire:
    """A random pre-shaped wire: straight at first, then curled up in the ventricle."""
    straight, radius = config.wire_straight.draw(rng), config.wire_radius.draw(rng)
    sense = rng.choice([-1, 1], p=[0.75, 0.25])
    step = 1.5
    count = int(config.wire_turns.draw(rng) * 2 * np.pi * radius / step)
    grow = np.linspace(1.0, rng.uniform(0.6, 1.1), count)
    bends = np.concatenate([rng.normal(0, 0.01, int(straight / step)), sense * step / (radius * grow)])
    heading = np.cumsum(bends)
    steps = step * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    shape = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    bead = int(rng.integers(2, min(14, len(shape) - 2)))
    return Wire(
        shape, rng.uniform(-0.9, 0.9), config.wire_width.draw(rng), config.wire_dark.draw(rng),
        bead if config.wire_bead.draw(rng) else None,
    )  # fmt: skip


def _loop(rng: np.random.Generator, config: PigtailConfig, view: View) -> FloatArray:
    """A loop (n, 3) about the origin (mm), entered from the aorta's side, slanted out of the image plane."""
    right, down, beam = view.rotation
    radius, sense = config.radius.draw(rng), rng.choice([-1, 1], p=[0.75, 0.25])
    angle = np.linspace(-0.4, config.turns.draw(rng) * 2 * np.pi, _LOOP_POINTS)
    shrink = np.linspace(1.0, rng.uniform(0.7, 0.95), _LOOP_POINTS)[:, None]
    flat = np.stack([-sense * np.cos(angle), np.sin(angle)], axis=-1) * radius * shrink
    slant = np.radians(config.slant.draw(rng))
    towards = rng.normal(np.radians(60), 0.35)
    axis = np.cos(towards) * right + np.sin(towards) * down
    across = np.sin(towards) * right - np.cos(towards) * down
    across = np.cos(slant) * across + np.sin(slant) * rng.choice([-1, 1]) * beam
    return np.asarray(flat[:, :1] * across + flat[:, 1:] * axis)


def _shaft(rng: np.random.Generator, route: Route, loop: FloatArray, view: View) -> FloatArray:
    """From the arch, beside the delivery route, into the loop's first point."""
    entry = loop[0]
    direction = unit(loop[0] - loop[8])
    right, down, beam = view.rotation
    beside = rng.uniform(-2, 5) * right + rng.uniform(-4, 4) * down + rng.uniform(-4, 4) * beam
    far = route.at(np.linspace(route.distance[0], -95 - rng.uniform(0, 30), 24)) + beside
    aside = -unit(np.cross(route.tangent_at(-60.0), beam))
    half_way = (entry + far[-1]) / 2 + rng.uniform(1, 9) * aside
    knots = np.concatenate([far, [half_way, entry + direction * 9, entry]])
    return smooth(knots, 160)
