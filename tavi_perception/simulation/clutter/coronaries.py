"""A coronary angiogram without a valve: vessels filled with contrast medium and their catheter."""

from __future__ import annotations

import numpy as np

from tavi_perception.simulation.clutter.shapes import Bundle, Bystanders, Strand
from tavi_perception.simulation.route import smooth
from tavi_perception.simulation.view import FloatArray, unit

_HEART = np.array([40.0, 22.0, 18.0])
"""Centre of the surface the vessels run on, from the annulus (mm)."""
_RADII = np.array([56.0, 46.0, 44.0])


def draw_coronary_tree(rng: np.random.Generator, annulus: FloatArray) -> Bystanders:
    """One filled coronary artery with its branches, and its catheter, near the annulus (3,) mm."""
    opacity = rng.uniform(0.2, 0.8)
    left = bool(rng.random() < 0.6)
    ostium = annulus + np.array([12.0 if left else -10.0, -10.0, 8.0]) + rng.normal(0, 3, 3)
    vessels = draw_vessels(rng, annulus, ostium, left, opacity)
    course = np.array([[-4.0, -24, 2], [-8, -70, 8], [8, -98, -12], [24, -70, -38], [22, 160, -42]])
    catheter = smooth(np.concatenate([ostium[None], annulus + course + rng.normal(0, 4, (5, 3))]))
    dark = opacity * rng.uniform(0.3, 0.7)
    tube = Strand(
        catheter,
        rng.uniform(1.6, 2.4),
        dark,
        dark * 0.7,
        np.linspace(1.0, 0.0, len(catheter), dtype=np.float64),
    )
    return Bystanders((), (vessels, tube))


def draw_vessels(
    rng: np.random.Generator, annulus: FloatArray, ostium: FloatArray, left: bool, opacity: float
) -> Bundle:
    """The left or the right coronary artery with its branches.

    Args:
        annulus, ostium: (3,) mm, patient axes.
        opacity: attenuation of a wide vessel.
    """
    strands: list[Strand] = []
    for _ in range(int(rng.integers(2, 4)) if left else 1):
        heading = unit(np.array([0.6 if left else -0.8, rng.uniform(0.2, 1.0), 0.5]) + rng.normal(0, 0.45, 3))
        _branch(rng, strands, annulus + _HEART, ostium, heading, rng.uniform(2.4, 4.4), opacity, 0)
    return Bundle(tuple(strands))


def _branch(
    rng: np.random.Generator,
    strands: list[Strand],
    centre: FloatArray,
    start: FloatArray,
    heading: FloatArray,
    width: float,
    opacity: float,
    depth: int,
) -> None:
    """A vessel that runs over the heart's surface, thins out and sends off smaller ones."""
    count = int(rng.integers(9, 22)) - 2 * depth
    points, headings = [start], [heading]
    bend = rng.normal(0, 0.10, 3)
    for _ in range(count):
        outward = unit((points[-1] - centre) / _RADII**2)
        height = np.linalg.norm((points[-1] - centre) / _RADII) - 1.0
        bend = 0.7 * bend + rng.normal(0, 0.10, 3)
        ahead = headings[-1] + bend
        ahead = unit(ahead - (ahead @ outward) * outward - 0.5 * height * outward)
        points.append(points[-1] + ahead * rng.uniform(3.5, 6.0))
        headings.append(ahead)
    for index in range(0, count - 1, 4):
        section = np.array(points[index : index + 5])
        thin = width * (1 - 0.6 * index / count) * rng.uniform(0.85, 1.1)
        dark = opacity * min(1.0, 0.45 + thin / 4.0)
        strands.append(Strand(smooth(section, 9), thin, dark, dark, np.ones(9)))
    if depth < 2 and width > 0.8:
        for _ in range(int(rng.integers(2 - depth, 5 - 2 * depth))):
            at = int(rng.integers(1, count))
            aside = unit(headings[at] + unit(rng.normal(0, 1, 3)) * rng.uniform(0.6, 1.3))
            _branch(
                rng, strands, centre, points[at], aside, width * rng.uniform(0.4, 0.7), opacity, depth + 1
            )
