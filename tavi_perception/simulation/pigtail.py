"""The pigtail catheter in the non-coronary sinus and the pre-shaped wire in the ventricle, as curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from tavi_perception.simulation.patient import FloatArray, Patient
from tavi_perception.simulation.route import Route


@dataclass(frozen=True)
class Pigtail:
    """A pigtail catheter at rest.

    Attributes:
        points: (n, 2) pixels along the catheter, from outside the image to its end in the loop.
        tip: (2,) pixel of PT, the loop's lowest point.
        width: outer diameter (mm).
        wall, lumen: attenuations.
    """

    points: FloatArray
    tip: FloatArray
    width: float
    wall: float
    lumen: float


def draw_pigtail(rng: np.random.Generator, patient: Patient, route: Route) -> Pigtail:
    """A random pigtail with its loop near AA1 (15–45 px, so up to 7.5 mm, on the published frames)."""
    scale = patient.scale
    hinge = patient.root_points[0]
    offset = rng.uniform(1.0, 7.0) * _direction(rng.normal(np.radians(-80), 0.7))
    tip = hinge + offset * scale
    loop = _loop(rng, patient.normal_angle) * scale
    loop += tip - loop[np.argmax(loop[:, 1])]
    shaft = _shaft(rng, patient, route, loop)
    lumen = rng.uniform(0.05, 0.16)
    return Pigtail(np.concatenate([shaft, loop]), tip, rng.uniform(1.67, 2.0), rng.uniform(0.13, 0.26), lumen)


def draw_wire(rng: np.random.Generator, scale: float) -> FloatArray:
    """(n, 2) shape of the wire beyond the nose cone: starts at the origin along +x, curls up (px)."""
    straight, radius = rng.uniform(5, 26), rng.uniform(7, 16)
    turns = rng.choice([-1, 1], p=[0.75, 0.25]) * rng.uniform(0.4, 1.7)
    step = 1.5
    count = int(abs(turns) * 2 * np.pi * radius / step)
    grow = np.linspace(1.0, rng.uniform(0.6, 1.1), count)
    bends = np.concatenate(
        [rng.normal(0, 0.01, int(straight / step)), np.sign(turns) * step / (radius * grow)]
    )
    heading = np.cumsum(bends)
    steps = step * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    squeeze = np.array([1.0, rng.uniform(0.6, 1.0)])
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)]) * squeeze * scale


def place_wire(shape: FloatArray, start: FloatArray, heading: float) -> FloatArray:
    """The wire's shape turned and moved so that it leaves ``start`` (px) in direction ``heading`` (rad)."""
    cos, sin = np.cos(heading), np.sin(heading)
    return start + shape @ np.array([[cos, sin], [-sin, cos]])


def _loop(rng: np.random.Generator, normal_angle: float) -> FloatArray:
    """A foreshortened loop (n, 2) in mm about its centre, entered at the aortic side."""
    radius = rng.uniform(4.0, 6.5)
    turns = rng.uniform(0.6, 1.15)
    sense = rng.choice([-1, 1], p=[0.75, 0.25])
    angle = np.linspace(-0.4, turns * 2 * np.pi, 48)
    shrink = np.linspace(1.0, rng.uniform(0.7, 0.95), 48)[:, None]
    squeeze = -sense * rng.uniform(0.5, 1.0)
    across = np.stack([squeeze * np.cos(angle), np.sin(angle)], axis=-1) * radius * shrink
    down = normal_angle + rng.normal(0.25, 0.25)
    turned = np.array([[np.sin(down), -np.cos(down)], [np.cos(down), np.sin(down)]])
    return across @ turned


def _shaft(rng: np.random.Generator, patient: Patient, route: Route, loop: FloatArray) -> FloatArray:
    """From the arch, beside the delivery route, into the loop's first point."""
    entry = loop[0]
    direction = (loop[0] - loop[2]) / np.linalg.norm(loop[0] - loop[2])
    beside = np.array([rng.uniform(-2, 5), rng.uniform(-4, 4)])
    far = route.at(np.linspace(route.distance[0], -95 - rng.uniform(0, 30), 24))
    far = far + beside * patient.scale
    half_way = (entry + far[-1]) / 2 + route.lateral_at(-60.0) * -rng.uniform(1, 9) * patient.scale
    near = entry + direction * 9 * patient.scale
    knots = np.concatenate([far, [half_way, near, entry]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    return np.asarray(CubicSpline(length, knots)(np.linspace(0, length[-1], 160)))


def _direction(angle: float) -> FloatArray:
    return np.array([np.cos(angle), np.sin(angle)])
