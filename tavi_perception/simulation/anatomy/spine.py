"""The spine: waisted vertebral bodies with end plates, pedicles and processes along a bent line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.anatomy.solids import CYLINDER, Grid, Plane, Solid
from tavi_perception.simulation.view import FloatArray, unit

CANCELLOUS = 0.0030
"""Excess over soft tissue, after scatter and display, 1/mm; likewise below."""
CORTICAL = 0.013
PLATE = 0.0095


@dataclass(frozen=True)
class Bone:
    """A solid of bone: its excess attenuation (1/mm) and the thickness of its wall (mm; 0 = massive)."""

    solid: Solid
    attenuation: float
    wall: float = 0.0


@dataclass(frozen=True)
class Spine:
    """Bones of the spine and the middle of its bodies (n, 3) mm, cranial first."""

    bones: tuple[Bone, ...]
    bodies: FloatArray

    def add_to(self, plane: Plane, grid: Grid, contrast: float) -> None:
        """Add the attenuation of all bones to a plane (side, side)."""
        for bone in self.bones:
            grid.add(plane, bone.solid, contrast * bone.attenuation, bone.wall)


def draw_spine(rng: np.random.Generator, middle: FloatArray, size: float, scoliosis: float) -> Spine:
    """A spine through ``middle`` (3,) mm, at the height of the annulus."""
    pitch = rng.uniform(25.0, 30.0) * size
    half = np.array([rng.uniform(15.5, 19.5), rng.uniform(13.5, 16.5)]) * size
    disc = rng.uniform(3.5, 6.0) * size
    first = rng.uniform(0, pitch)
    y = first + pitch * np.arange(-7, 7)
    bodies = middle + np.stack(
        [
            scoliosis * np.sin(y / rng.uniform(70, 130) + rng.uniform(-2, 2)),
            y,
            0.0009 * rng.uniform(0.4, 1.6) * (y - rng.uniform(-40, 20)) ** 2,
        ],
        axis=-1,
    )
    tangents = unit(np.gradient(bodies, axis=0))
    bones: list[Bone] = []
    for level, (centre, caudal) in enumerate(zip(bodies, tangents, strict=True)):
        axes = _axes(caudal + rng.normal(0, 0.03, 3))
        growth = 1.0 + 0.018 * (level - 7)
        height = (pitch - disc) / 2 * rng.normal(1.0, 0.02)
        bones += _vertebra(rng, centre, axes, half * growth, height, size)
    return Spine(tuple(bones), bodies)


def _axes(caudal: FloatArray) -> FloatArray:
    """(3, 3) rows: patient's left, anterior, caudal along the spine."""
    down = unit(caudal)
    left = unit(np.array([1.0, 0.0, 0.0]) - down[0] * down)
    return np.stack([left, np.cross(down, left) * -1.0, down])


def _vertebra(
    rng: np.random.Generator,
    centre: FloatArray,
    axes: FloatArray,
    half: FloatArray,
    height: float,
    size: float,
) -> list[Bone]:
    if axes[1, 2] < 0:
        axes = axes * np.array([[1.0], [-1.0], [1.0]])
    place = _Place(centre, axes)
    body = Solid(centre, np.array([*half, height]), axes, -rng.uniform(0.2, 0.42))
    bones = [Bone(body, CANCELLOUS), Bone(body, CORTICAL, 0.5)]
    for side in (-1.0, 1.0):
        bones += _plate(rng, place, half, side, height)
    return bones + _arch(rng, place, half, height, size)


@dataclass(frozen=True)
class _Place:
    """Where a vertebra is: centre (3,) mm and axes (3, 3) to the left, to the front and along the spine."""

    centre: FloatArray
    axes: FloatArray

    def at(self, x: float, y: float, z: float) -> FloatArray:
        return np.asarray(self.centre + np.array([x, y, z]) @ self.axes)


def _plate(
    rng: np.random.Generator, place: _Place, half: FloatArray, side: float, height: float
) -> list[Bone]:
    """The end plate at one side of a body, its rim, and now and then an osteophyte at a corner."""
    a, b = half
    tilt = _axes(place.axes[2] + rng.normal(0, 0.045, 3))
    outer = np.array([a + 0.9, b + 0.9, rng.uniform(0.6, 1.0)])
    rim = Solid(place.at(0, 0, side * (height - 0.6)), outer, tilt, CYLINDER)
    inner = np.array([a - 2, b - 2, 0.45])
    plate = Solid(place.at(0, 0, side * (height - rng.uniform(1.0, 2.4))), inner, tilt, CYLINDER)
    bones = [Bone(rim, PLATE * rng.uniform(0.5, 1.2), 2.6), Bone(plate, PLATE * rng.uniform(0.5, 1.3))]
    if rng.random() < 0.35:
        corner = place.at(side * a, rng.uniform(-4, 6), rng.choice([-1, 1]) * height)
        bones.append(Bone(Solid(corner, rng.uniform(1.5, 4.5, 3), tilt), 0.007))
    return bones


def _arch(
    rng: np.random.Generator, place: _Place, half: FloatArray, height: float, size: float
) -> list[Bone]:
    """What lies behind a body: pedicles, laminae, processes and joints."""
    (a, b), axes = half, place.axes
    turned = _axes(axes[2] + rng.normal(0, 0.12, 3))
    backward = np.stack([turned[0], turned[2], -turned[1]])
    lean = rng.normal(0, 1.0, 8) * size
    pedicles = rng.uniform(0.003, 0.011)
    bones = []
    for side in (-1.0, 1.0):
        pedicle = Solid(
            place.at(side * a * rng.uniform(0.6, 0.72), -b - 5, -height * 0.4),
            np.array([3.6, 5.6, 8.0]) * size,
            backward,
            CYLINDER,
        )
        lamina = Solid(place.at(side * 8, -b - 19, 3 + lean[0]), np.array([9.0, 4.0, 11.0]) * size, axes)
        process = Solid(
            place.at(side * (a + 9), -b - 15, -3 + lean[1]), np.array([13.0, 4.5, 5.0]) * size, axes
        )
        joint = Solid(
            place.at(side * 12 + lean[2], -b - 15, height + 1), np.array([4.5, 5.0, 8.0]) * size, axes
        )
        bones += [
            Bone(pedicle, pedicles * rng.uniform(0.5, 1.2), 1.2),
            Bone(lamina, 0.0045, 2.0),
            Bone(process, 0.0055, 1.6),
            Bone(joint, 0.0060, 1.6),
        ]
    spinous = place.at(lean[3], -b - 32, height * 0.8 + lean[4])
    return [*bones, Bone(Solid(spinous, np.array([3.2, 13.0, 8.0]) * size, axes), 0.0050, 1.3)]
