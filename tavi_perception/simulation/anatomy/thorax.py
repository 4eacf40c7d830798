"""The soft parts of the chest: wall, lungs, heart and great vessels, diaphragm, as quadrics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.anatomy.config import AnatomyConfig
from tavi_perception.simulation.anatomy.solids import CYLINDER, ELLIPSOID, Grid, Plane, Solid, covered
from tavi_perception.simulation.view import FloatArray, unit

_ALONG_Y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
_FAR = 1000.0


@dataclass(frozen=True)
class Shadows:
    """Path lengths (side, side) in mm.

    Attributes:
        wall: through the whole chest.
        emptied: air that would be there without the moving organs.
        air: air that is there.
        gas: gas in the stomach.
    """

    wall: Plane
    emptied: Plane
    air: Plane
    gas: Plane


@dataclass(frozen=True)
class Thorax:
    """Solids in patient axes (mm).

    Attributes:
        wall: the outside of the chest.
        lungs: right and left.
        still: soft organs within the lungs' hulls that breathing does not move.
        moving: those that it does: heart, great vessels, domes of the diaphragm.
        gas: gas in the stomach, if any.
    """

    wall: Solid
    lungs: tuple[Solid, Solid]
    still: tuple[Solid, ...]
    moving: tuple[Solid, ...]
    gas: Solid | None

    def project(self, grid: Grid) -> Shadows:
        """Path lengths of the rays of a grid."""
        near, far = grid.span(self.wall)
        fixed = [grid.span(solid) for solid in self.still]
        shifting = [grid.span(solid) for solid in self.moving]
        emptied, air, gas = (np.zeros_like(near) for _ in range(3))
        for lung in self.lungs:
            span = grid.span(lung)
            emptied += span[1] - span[0] - covered(span, fixed)
            air += span[1] - span[0] - covered(span, fixed + shifting)
        if self.gas is not None:
            grid.add(gas, self.gas, 1.0)
        return Shadows(far - near, emptied, air, gas)


def draw_thorax(
    rng: np.random.Generator, config: AnatomyConfig, annulus: FloatArray, bodies: FloatArray, size: float
) -> Thorax:
    """Organs around the annulus (3,) mm and the vertebral bodies (n, 3) mm."""
    draw = _Draw(rng, size)
    middle = bodies[len(bodies) // 2]
    hull = np.array([middle[0], annulus[1], middle[2] + 45 * size])
    wall = Solid(hull, np.array([192.0, 118.0, _FAR]) * size, _ALONG_Y, CYLINDER)
    lungs = _lungs(draw, hull, config.lung_depth.draw(rng))
    spine = tuple(
        Solid(draw.at(body, 0, 0, -12, 1.0), draw.radii(23.0, 24.0, 30.0, spread=0.05)) for body in bodies
    )
    aorta = _column(draw.at(middle, 19, 0, 6, 3.0), draw.radii(13.0, 13.0, 1.0), rng)
    between = np.array([(annulus[0] + hull[0]) / 2, annulus[1], annulus[2]])
    core = Solid(draw.at(between, 0, -70, -8, 3.0), draw.radii(29.0, 240.0, 60.0), draw.axes(0.0, 1.0, 0.0))
    scale = config.heart.draw(rng)
    heart = _heart(draw, annulus, between, scale)
    cava = Solid(draw.at(annulus, -30, -75, 4, 3.0), draw.radii(10.0, 90.0, 11.0))
    domes = _domes(draw, np.array([hull[0], annulus[1], hull[2]]), config.diaphragm.draw(rng))
    gas = _gas(rng, domes[1]) if config.gas.draw(rng) else None
    ventricles = heart[0]
    apex = ventricles.centre + ventricles.axes[0] * 52 * scale + np.array([6.0, 14.0, 0.0])
    pad = Solid(apex, draw.radii(28.0, 26.0, 30.0))
    return Thorax(wall, lungs, (*spine[2:-2:2], aorta, core, cava), (*heart, pad, *domes), gas)


@dataclass(frozen=True)
class _Draw:
    """Draws where an organ lies and how large it is; ``size`` is the patient's, relative to the usual."""

    rng: np.random.Generator
    size: float

    def at(self, origin: FloatArray, x: float, y: float, z: float, spread: float = 5.0) -> FloatArray:
        """(3,) about that far from an origin (mm)."""
        offset = np.array([x, y, z]) + self.rng.normal(0, spread, 3)
        return np.asarray(origin + offset * self.size)

    def radii(self, *values: float, spread: float = 0.09) -> FloatArray:
        """(3,) about these (mm)."""
        return np.array(values) * self.size * self.rng.normal(1, spread, 3).clip(0.7, 1.3)

    def axes(self, x: float, y: float, z: float) -> FloatArray:
        """(3, 3) of a body along about this direction."""
        return _tilted(np.array([x, y, z]), self.rng)


def _lungs(draw: _Draw, hull: FloatArray, depth: float) -> tuple[Solid, Solid]:
    right, left = (
        Solid(
            draw.at(hull, side * 76, -38, -6),
            draw.radii(79.0, 160.0, 82.0 * depth, spread=0.05),
            draw.axes(side * 0.10, 1.0, 0.05),
        )
        for side in (-1.0, 1.0)
    )
    return right, left


def _heart(draw: _Draw, annulus: FloatArray, between: FloatArray, scale: float) -> tuple[Solid, ...]:
    """Ventricles first, whose first axis points to the apex; then atria and great vessels."""
    long = unit(np.array([0.74, 0.50, 0.45]) + draw.rng.normal(0, 0.10, 3))
    axes = np.stack([long, *_across(long)])
    ventricles = Solid(annulus + long * 30 * scale, draw.radii(76.0, 56.0, 52.0) * scale, axes)
    atrium = Solid(draw.at(annulus, -22, 14, -2), draw.radii(29.0, 44.0, 40.0) * scale)
    left_atrium = Solid(draw.at(annulus, 8, 6, -30), draw.radii(40.0, 32.0, 26.0) * scale)
    root = Solid(draw.at(annulus, -10, -40, 8), draw.radii(20.0, 55.0, 20.0), draw.axes(0.1, 1.0, 0.1))
    knob = Solid(draw.at(between, 18, -70, -16), draw.radii(22.0, 26.0, 32.0))
    trunk = Solid(draw.at(annulus, 26, -34, 14), draw.radii(28.0, 44.0, 28.0) * scale)
    return ventricles, atrium, left_atrium, root, knob, trunk


def _domes(draw: _Draw, middle: FloatArray, top: float) -> list[Solid]:
    """The diaphragm's right and left dome, the right one ``top`` mm below the annulus."""
    rng, size = draw.rng, draw.size
    domes = []
    for side in (-1.0, 1.0):
        lower = top + (0.0 if side < 0 else rng.normal(14, 9))
        height = rng.uniform(70, 110)
        centre = middle + np.array([side * rng.uniform(62, 80) * size, lower + height, -6.0])
        radii = np.array([rng.uniform(72, 92), height, rng.uniform(84, 100)]) * np.array([size, 1, size])
        domes.append(Solid(centre, radii))
    return domes


def _gas(rng: np.random.Generator, dome: Solid) -> Solid:
    """Gas in the stomach, under the left dome."""
    under = dome.centre + np.array([rng.normal(-15, 14), -dome.radii[1] + rng.uniform(28, 45), 10.0])
    return Solid(under, rng.uniform(12, 27, 3) * np.array([1.4, 0.8, 1.2]), form=ELLIPSOID)


def _column(centre: FloatArray, radii: FloatArray, rng: np.random.Generator) -> Solid:
    x, y, z = _tilted(np.array([0.0, 1.0, 0.0]), rng)
    return Solid(centre, np.array([radii[0], radii[1], _FAR]), np.stack([x, z, y]), CYLINDER)


def _across(axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    first = unit(np.asarray(np.cross(axis, [0.0, 0.0, 1.0]), dtype=np.float64))
    return first, np.asarray(np.cross(axis, first), dtype=np.float64)


def _tilted(axis: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(3, 3) axes whose second runs along ``axis``, a little off."""
    y = unit(axis + rng.normal(0, 0.05, 3))
    x = unit(np.array([1.0, 0.0, 0.0]) - y[0] * y)
    return np.stack([x, y, np.cross(x, y)])
