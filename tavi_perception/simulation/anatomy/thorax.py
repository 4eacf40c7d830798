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
    middle = bodies[len(bodies) // 2]

    def at(origin: FloatArray, x: float, y: float, z: float, spread: float = 5.0) -> FloatArray:
        return np.asarray(origin + (np.array([x, y, z]) + rng.normal(0, spread, 3)) * size)

    def radii(*values: float, spread: float = 0.09) -> FloatArray:
        return np.array(values) * size * rng.normal(1, spread, 3).clip(0.7, 1.3)

    hull = np.array([middle[0], annulus[1], middle[2] + 45 * size])
    wall = Solid(hull, np.array([192.0, 118.0, _FAR]) * size, _ALONG_Y, CYLINDER)
    deep = config.lung_depth.draw(rng)
    lungs = tuple(
        Solid(
            at(hull, side * 76, -38, -6),
            radii(79.0, 160.0, 82.0 * deep, spread=0.05),
            _tilted(np.array([side * 0.10, 1.0, 0.05]), rng),
        )
        for side in (-1.0, 1.0)
    )
    spine = tuple(Solid(at(body, 0, 0, -12, 1.0), radii(23.0, 24.0, 30.0, spread=0.05)) for body in bodies)
    aorta = _column(at(middle, 19, 0, 6, 3.0), radii(13.0, 13.0, 1.0), rng)
    between = np.array([(annulus[0] + hull[0]) / 2, annulus[1], annulus[2]])
    core = Solid(
        at(between, 0, -70, -8, 3.0), radii(29.0, 240.0, 60.0), _tilted(np.array([0.0, 1.0, 0.0]), rng)
    )
    scale = config.heart.draw(rng)
    long = unit(np.array([0.74, 0.50, 0.45]) + rng.normal(0, 0.10, 3))
    axes = np.stack([long, *_across(long)])
    ventricles = Solid(annulus + long * 30 * scale, radii(76.0, 56.0, 52.0) * scale, axes)
    atrium = Solid(at(annulus, -22, 14, -2), radii(29.0, 44.0, 40.0) * scale)
    left_atrium = Solid(at(annulus, 8, 6, -30), radii(40.0, 32.0, 26.0) * scale)
    root = Solid(at(annulus, -10, -40, 8), radii(20.0, 55.0, 20.0), _tilted(np.array([0.1, 1.0, 0.1]), rng))
    knob = Solid(at(between, 18, -70, -16), radii(22.0, 26.0, 32.0))
    trunk = Solid(at(annulus, 26, -34, 14), radii(28.0, 44.0, 28.0) * scale)
    cava = Solid(at(annulus, -30, -75, 4, 3.0), radii(10.0, 90.0, 11.0))
    top = config.diaphragm.draw(rng)
    domes = []
    for side in (-1.0, 1.0):
        lower = top + (0.0 if side < 0 else rng.normal(14, 9))
        height = rng.uniform(70, 110)
        domes.append(
            Solid(
                np.array(
                    [hull[0] + side * rng.uniform(62, 80) * size, annulus[1] + lower + height, hull[2] - 6]
                ),
                np.array([rng.uniform(72, 92), height, rng.uniform(84, 100)]) * np.array([size, 1, size]),
            )
        )
    gas = None
    if config.gas.draw(rng):
        under = domes[1].centre + np.array(
            [rng.normal(-15, 14), -domes[1].radii[1] + rng.uniform(28, 45), 10.0]
        )
        gas = Solid(under, rng.uniform(12, 27, 3) * np.array([1.4, 0.8, 1.2]), form=ELLIPSOID)
    pad = Solid(ventricles.centre + long * 52 * scale + np.array([6.0, 14.0, 0.0]), radii(28.0, 26.0, 30.0))
    moving = (ventricles, pad, atrium, left_atrium, root, knob, trunk, *domes)
    return Thorax(wall, (lungs[0], lungs[1]), (*spine[2:-2:2], aorta, core, cava), moving, gas)


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
