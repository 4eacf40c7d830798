"""One patient's chest: drawn from a configuration, projected to the attenuation behind the devices."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import rotation
from tavi_perception.simulation.anatomy.config import AnatomyConfig
from tavi_perception.simulation.anatomy.lungs import Vessels, add_vessels, draw_vessels
from tavi_perception.simulation.anatomy.ribs import Rib, add_ribs, draw_ribs
from tavi_perception.simulation.anatomy.solids import Grid, Plane
from tavi_perception.simulation.anatomy.spine import Spine, draw_spine
from tavi_perception.simulation.anatomy.texture import Bend, fractal, onto, strands
from tavi_perception.simulation.anatomy.thorax import Thorax, draw_thorax
from tavi_perception.simulation.view import FloatArray, View

_DEEP, _FRONT = np.array([-150.0, -150.0, -70.0]), np.array([-140.0, -130.0, 65.0])
"""Corners (mm, from the annulus) of the planes that carry the textures of back and chest wall."""
_INNER = np.array([-160.0, -140.0, 5.0])


@dataclass(frozen=True)
class Anatomy:
    """One patient's chest in patient axes (mm); contrasts as in ``AnatomyConfig``.

    Attributes:
        annulus: (3,) mm, what everything was placed around.
        thorax, spine, ribs, vessels: its parts.
        seed: of the textures.
        soft, bone, rib, vessel, mottle, tissue, strand, fringe, bend: drawn from the configuration.
    """

    annulus: FloatArray
    thorax: Thorax
    spine: Spine
    ribs: tuple[Rib, ...]
    vessels: tuple[Vessels, ...]
    seed: int
    soft: float
    bone: float
    rib: float
    vessel: float
    mottle: float
    tissue: float
    strand: float
    fringe: float
    bend: float


@dataclass(frozen=True)
class Backdrop:
    """Attenuation (size, size) behind the devices, log units of the detected signal, never negative.

    Attributes:
        still: what breathing does not move: chest wall, spine, ribs, mediastinum.
        moving: what it moves: heart and its border, diaphragm, vessels of the lungs.
    """

    still: NDArray[np.float32]
    moving: NDArray[np.float32]


def draw_anatomy(rng: np.random.Generator, config: AnatomyConfig, annulus: FloatArray) -> Anatomy:
    """A random patient around the centre of the annulus (3,) mm."""
    size = config.size.draw(rng)
    behind = np.array([config.spine_across.draw(rng), 0.0, -config.spine_depth.draw(rng)])
    turn = rotation(np.radians(config.turn.draw(rng)), 0.0)
    spine = draw_spine(rng, annulus + behind @ turn, size, config.scoliosis.draw(rng))
    thorax = draw_thorax(rng, config, annulus, spine.bodies, size)
    chest = np.array([thorax.wall.radii[0] - 22, thorax.wall.radii[1] - 20, thorax.wall.centre[2]])
    hila = [annulus + np.array([side * 42.0 - 4, -34.0, -12.0]) for side in (-1, 1)]
    return Anatomy(
        annulus=np.asarray(annulus, dtype=np.float64),
        thorax=thorax,
        spine=spine,
        ribs=draw_ribs(rng, spine.bodies, chest, size),
        vessels=tuple(draw_vessels(rng, lung, h) for lung, h in zip(thorax.lungs, hila, strict=True)),
        seed=int(rng.integers(2**31)),
        soft=config.soft.draw(rng),
        bone=config.bone.draw(rng),
        rib=config.rib.draw(rng),
        vessel=config.vessels.draw(rng),
        mottle=config.mottle.draw(rng),
        tissue=config.tissue.draw(rng),
        strand=config.strand.draw(rng),
        fringe=config.fringe.draw(rng),
        bend=config.bend.draw(rng),
    )


def project_anatomy(anatomy: Anatomy, view: View, size: int) -> Backdrop:
    """The patient seen in ``view``, as an image of ``size`` px a side; the same input, the same bytes."""
    grid, at = Grid(view, (size + 1) // 2), anatomy.annulus
    still, moving, air = _soft_parts(anatomy, grid)
    bones = np.zeros_like(still)
    anatomy.spine.add_to(bones, grid, anatomy.bone)
    bones = Bend(view, grid.side, anatomy.seed + 2, at + _DEEP, 1.2, 18.0)(bones)
    density = onto(fractal(anatomy.seed + 13, 9.0, 60, 1.2), view, grid.side, at + _DEEP, 0.8)
    bones *= np.clip(1 + np.float32(0.38) * density, 0.2, 2.0)
    add_ribs(bones, grid, anatomy.ribs, anatomy.bone * anatomy.rib)
    branches = np.zeros_like(still)
    for vessels in anatomy.vessels:
        add_vessels(branches, grid, vessels, anatomy.soft * anatomy.vessel)
    aerated = air / np.float32(110.0)
    still = still * np.float32(anatomy.soft) + bones
    still += _still_texture(anatomy, view, grid.side, bones)
    moving = _fringed(moving * np.float32(anatomy.soft), anatomy.fringe, 2.0 * grid.mm)
    moving += branches * np.minimum(aerated * 1.6, 1)
    moving += _lung_texture(anatomy, view, grid.side) * np.clip(aerated, 0.25, 1.3)
    return Backdrop(_finished(still, size), _finished(moving, size))


def _soft_parts(anatomy: Anatomy, grid: Grid) -> tuple[Plane, Plane, Plane]:
    """Path lengths (mm) of still and of moving tissue, and of air.

    The borders of still organs are soft, since fat lies around them; where a moving organ covers
    such a border it must vanish exactly, so the moving part is what the still one leaves.
    """
    shadows = anatomy.thorax.project(grid)
    bend = Bend(grid.view, grid.side, anatomy.seed, anatomy.annulus + _INNER, anatomy.bend, 45.0)
    emptied, air = bend(shadows.emptied), bend(shadows.air)
    soft = np.asarray(cv2.GaussianBlur(emptied, (0, 0), 1.8 * grid.mm), dtype=np.float32)
    covers = np.clip((emptied - air) / np.float32(8.0), 0, 1)
    return shadows.wall - soft, covers * (soft - air) - shadows.gas, air


def _still_texture(anatomy: Anatomy, view: View, side: int, bones: Plane) -> Plane:
    seed, at = anatomy.seed, anatomy.annulus
    back = onto(fractal(seed + 10, 4.0, 70, 1.0, 1.5, 0.9), view, side, at + _DEEP, 0.6)
    wall = onto(fractal(seed + 11, 4.0, 70, 1.0, 2.4, -0.5), view, side, at + _FRONT, 0.6)
    trabeculae = onto(fractal(seed + 12, 2.0, 14, 0.5, 1.8, np.pi / 2), view, side, at + _DEEP, 0.45)
    texture = (back + wall) * np.float32(anatomy.tissue)
    texture += trabeculae * np.minimum(bones, 0.15) * np.float32(0.12)
    return np.asarray(texture, dtype=np.float32)


def _lung_texture(anatomy: Anatomy, view: View, side: int) -> Plane:
    seed, at = anatomy.seed, anatomy.annulus
    mottle = onto(fractal(seed + 20, 5.0, 60, 1.1), view, side, at + _INNER, 0.55)
    texture = mottle * np.float32(anatomy.mottle)
    for index, angle in enumerate((-0.7, 0.2, 0.9)):
        lines = strands(seed + 30 + 2 * index, 5.0, 2.4, angle, 0.4)
        texture -= onto(lines, view, side, at + _INNER + index * 7, 0.6) * np.float32(anatomy.strand)
    return np.asarray(texture, dtype=np.float32)


def _fringed(plane: Plane, share: float, width: float) -> Plane:
    """Borders with the bright and dark line that the display's edge enhancement gives them."""
    soft = cv2.GaussianBlur(plane, (0, 0), max(width, 0.5))
    return np.asarray(plane + np.float32(share) * (plane - soft), dtype=np.float32)


def _finished(plane: Plane, size: int) -> Plane:
    """At the image's size, lifted so that nothing is negative (exposure is automatic)."""
    fine = cv2.resize(plane, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine - min(float(fine.min()), 0.0), dtype=np.float32)
