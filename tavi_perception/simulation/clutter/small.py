"""Small objects in the field: sternal wires, clips, ECG electrodes, calcium."""

from __future__ import annotations

import numpy as np

from tavi_perception.simulation.clutter.config import ClutterConfig
from tavi_perception.simulation.clutter.shapes import Bundle, Part, Solid, Strand, disc, lump
from tavi_perception.simulation.route import smooth
from tavi_perception.simulation.view import FloatArray, unit


def sternal_wires(rng: np.random.Generator, annulus: FloatArray) -> list[Part]:
    """Twisted loops one below the other, in front of the heart."""
    x, pitch, dark = rng.normal(-6, 6), rng.uniform(20, 32), rng.uniform(0.2, 0.5)
    turn = np.linspace(0, 2 * np.pi, 30)
    parts: list[Part] = []
    for y in np.arange(-100, 60, pitch):
        centre = annulus + np.array([x, y, 62.0]) + rng.normal(0, 2, 3)
        wide, high, deep = rng.uniform(5, 9), rng.uniform(1.0, 4.0), rng.uniform(5, 8)
        lag = rng.uniform(-0.8, 0.8)
        ring = centre + np.stack(
            [wide * np.cos(turn), high * (np.sin(turn + lag) + 0.4 * np.sin(2 * turn)), deep * np.sin(turn)],
            -1,
        )
        twist = centre + np.array([np.zeros(3), rng.normal(0, 4, 3)]) + np.array([0.0, 0.0, deep])
        parts.append(Strand(ring, 0.75, dark, dark, np.zeros(30)))
        parts.append(Strand(twist, 1.3, dark, dark, np.zeros(2)))
    return parts


def clips(rng: np.random.Generator, annulus: FloatArray) -> list[Part]:
    """Small metal clips along a bypass."""
    along = unit(rng.normal(0, 1, 3)) * 9.0
    place = annulus + np.array([rng.uniform(-20, 60), rng.uniform(-80, 20), rng.uniform(20, 55)])
    parts: list[Part] = []
    for index in range(int(rng.integers(2, 9))):
        middle = place + along * index + rng.normal(0, 4, 3)
        arm = unit(rng.normal(0, 1, 3)) * rng.uniform(1.5, 3.0)
        fork = middle + arm + unit(rng.normal(0, 1, 3)) * 0.8
        dark = rng.uniform(0.3, 0.6)
        parts.append(Strand(np.array([middle + arm, middle - arm, fork]), 0.8, dark, dark, np.zeros(3)))
    return parts


def electrodes(rng: np.random.Generator, annulus: FloatArray) -> list[Part]:
    """Snap buttons on the skin with a cable that leaves the field."""
    parts: list[Part] = []
    for _ in range(int(rng.integers(1, 4))):
        z = rng.choice([-85.0, 95.0])
        place = annulus + np.array([rng.uniform(-95, 95), rng.uniform(-90, 90), z])
        dark = rng.uniform(0.05, 0.35)
        parts.append(disc(place, rng.uniform(4.0, 6.0), dark * 0.3))
        parts.append(disc(place, rng.uniform(1.6, 2.6), dark))
        away = place + np.cumsum(rng.normal(0, 14, (4, 3)) + unit(rng.normal(0, 1, 3)) * 45.0, axis=0)
        away[:, 2] = z
        cable = smooth(np.concatenate([place[None], away]), 50)
        parts.append(Strand(cable, rng.uniform(0.8, 1.8), dark * 0.7, dark * 0.7, np.zeros(50)))
    return parts


def calcium(
    rng: np.random.Generator, config: ClutterConfig, annulus: FloatArray, route: FloatArray
) -> list[Part]:
    """Irregular clusters on a ring around the annulus and flecks in the wall of the aorta."""
    nearest = int(np.argmin(np.linalg.norm(route - annulus, axis=1)))
    ahead, behind = route[min(nearest + 1, len(route) - 1)], route[max(nearest - 1, 0)]
    normal = unit(ahead - behind + 1e-6)
    first = unit(np.asarray(np.cross(normal, [0.31, 0.2, 0.93]), dtype=np.float64))
    second = np.cross(normal, first)
    dark = config.calcium_dark.draw(rng)
    deposits: list[Strand | Solid] = []
    for _ in range(int(rng.integers(1, config.calcium_clusters + 1))):
        phi = rng.uniform(0, 2 * np.pi)
        for _ in range(int(rng.integers(2, 9))):
            turn, radius = phi + rng.normal(0, 0.22), rng.uniform(6.5, 13.5)
            place = (
                annulus
                + radius * (np.cos(turn) * first + np.sin(turn) * second)
                + normal * rng.normal(0, 3.5)
            )
            deposits.append(lump(rng, place, rng.uniform(0.5, 2.4), dark * rng.uniform(0.4, 1.2), 1.0))
    for _ in range(int(rng.integers(0, 5))):
        index = int(rng.integers(len(route)))
        place = route[index] + unit(rng.normal(0, 1, 3)) * 14.0
        fleck = place + np.cumsum(rng.normal(0, 1.4, (4, 3)), axis=0)
        deposits.append(Strand(fleck, rng.uniform(0.6, 1.4), dark * 0.6, dark * 0.6, np.full(4, 0.4)))
    return [Bundle(tuple(deposits))] if deposits else []
