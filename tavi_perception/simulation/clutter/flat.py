"""Things in the field without a landmark: leads, other catheters, sternal wires, coronaries, a probe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.patient import REFERENCE_SIZE
from tavi_perception.simulation.view import FloatArray


def draw_clutter(rng: np.random.Generator, canvas: NDArray[np.uint8], layer: Layer, tip: FloatArray) -> None:
    """Add a random selection of bystanders to a canvas; some leads cross the device near ``tip`` (2,)."""
    unit = canvas.shape[0] / REFERENCE_SIZE
    if rng.random() < 0.7:
        _pacing_lead(rng, layer, unit, tip)
        layer.add_to(canvas)
    if rng.random() < 0.35:
        _second_catheter(rng, layer, unit)
        layer.add_to(canvas)
    if rng.random() < 0.25:
        _sternal_wires(rng, layer, unit)
        layer.add_to(canvas)
    if rng.random() < 0.12:
        _probe(rng, layer, unit)
        layer.add_to(canvas)
    for _ in range(int(rng.integers(0, 4))):
        _blob(rng, layer, unit)
        layer.add_to(canvas)


def draw_coronaries(rng: np.random.Generator, canvas: NDArray[np.uint8], layer: Layer) -> None:
    """Vessel trees filled with contrast medium, as in a coronary angiogram, and their catheter."""
    unit = canvas.shape[0] / REFERENCE_SIZE
    opacity = rng.uniform(0.2, 0.8)
    root = rng.uniform(250, 700, 2) * unit
    for _ in range(int(rng.integers(1, 4))):
        _branch(rng, layer, root, rng.uniform(-np.pi, np.pi), rng.uniform(14, 30) * unit, opacity, 0)
    arch = root + np.array([[0, 0], [-40, -120], [80, -420], [120, -900]]) * unit
    curve = CubicSpline(np.arange(4), arch)(np.linspace(0, 3, 40))
    layer.tube(curve, rng.uniform(10, 18) * unit, opacity * 0.6, opacity * 0.4)
    layer.add_to(canvas)


def _smooth(knots: FloatArray, count: int = 80) -> FloatArray:
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    return np.asarray(CubicSpline(length, knots)(np.linspace(0, length[-1], count)))


def _pacing_lead(rng: np.random.Generator, layer: Layer, unit: float, tip: FloatArray) -> None:
    """Down the superior vena cava, through the right atrium, into the apex, with two dark electrodes."""
    sway = rng.normal(0, 1, 8)
    knots = np.array(
        [[110 + 50 * sway[0], -60], [140 + 50 * sway[0], 250 + 30 * sway[1]],
         [60 + 70 * sway[2], 560 + 60 * sway[3]], [180 + 70 * sway[4], 790 + 40 * sway[5]],
         [480 + 60 * sway[6], 760 + 40 * sway[5]], [720 + 70 * sway[6], 700 + 60 * sway[7]]]
    )  # fmt: skip
    if rng.random() < 0.4:  # From below instead, through the inferior vena cava.
        knots[:3] = [[250 + 60 * sway[0], 1080], [230 + 40 * sway[1], 960], [220 + 40 * sway[2], 880]]
    if rng.random() < 0.4:  # Crosses the device, as in the reference frame.
        knots[4:] += tip / unit + rng.normal(0, 30, 2) - knots[4]
    curve = _smooth(knots * unit)
    dark = rng.uniform(0.10, 0.30)
    layer.tube(curve, rng.uniform(6, 12) * unit, dark, dark * rng.uniform(0.5, 1.0))
    layer.stroke(curve[-3:], 11 * unit, dark * 3)
    layer.stroke(curve[-9:-7], 10 * unit, dark * 1.8)


def _second_catheter(rng: np.random.Generator, layer: Layer, unit: float) -> None:
    """Any other tube or wire across the field."""
    start = np.array([rng.uniform(0, 1000), rng.choice([-40.0, 1040.0])])
    steps = rng.normal(0, 90, (4, 2))
    steps[:, 1] += 260 if start[1] < 0 else -260
    curve = _smooth(np.concatenate([start[None], start + np.cumsum(steps, axis=0)]) * unit)
    dark = rng.uniform(0.05, 0.25)
    layer.tube(curve, rng.uniform(3, 22) * unit, dark, dark * rng.uniform(0.4, 1.0))


def _sternal_wires(rng: np.random.Generator, layer: Layer, unit: float) -> None:
    """Twisted wire loops one below the other."""
    x, pitch = rng.uniform(150, 850), rng.uniform(110, 200)
    turn = np.linspace(0, 2 * np.pi, 30)
    for row in range(int(rng.integers(2, 6))):
        centre = np.array([x + rng.normal(0, 15), 60 + pitch * row + rng.normal(0, 15)])
        ring = centre + np.stack(
            [rng.uniform(15, 45) * np.cos(turn), rng.uniform(25, 45) * np.sin(turn)], axis=-1
        )
        layer.stroke(ring * unit, 5 * unit, rng.uniform(0.3, 0.6))
        twist = np.array([centre, centre + rng.normal(0, 22, 2)])
        layer.stroke(twist * unit, 8 * unit, 0.6)


def _probe(rng: np.random.Generator, layer: Layer, unit: float) -> None:
    """A transoesophageal probe: a wide tube with a dark head."""
    x = rng.uniform(300, 800)
    end = rng.uniform(250, 650)
    knots = np.array(
        [[x + rng.normal(0, 40), -80], [x + rng.normal(0, 40), end * 0.4], [x + rng.normal(0, 50), end]]
    )
    curve = _smooth(knots * unit)
    layer.tube(curve, rng.uniform(45, 65) * unit, rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.5))
    layer.stroke(curve[-14:], rng.uniform(55, 75) * unit, rng.uniform(0.5, 0.9))


def _blob(rng: np.random.Generator, layer: Layer, unit: float) -> None:
    """A soft round density: calcium, a nipple, a node."""
    turn = np.linspace(0, 2 * np.pi, 20)
    centre, axes = rng.uniform(50, 950, 2), rng.uniform(6, 40, 2)
    ring = centre + np.stack([axes[0] * np.cos(turn), axes[1] * np.sin(turn)], axis=-1)
    layer.polygon(ring * unit, rng.uniform(0.02, 0.12))


def _branch(
    rng: np.random.Generator, layer: Layer, start: FloatArray, heading: float, width: float, opacity: float,
    depth: int,
) -> None:  # fmt: skip
    count = int(rng.integers(8, 24))
    bends = heading + np.cumsum(rng.normal(0, 0.16, count))
    steps = 1.3 * width * np.stack([np.cos(bends), np.sin(bends)], axis=-1)
    points = np.concatenate([start[None], start + np.cumsum(steps, axis=0)])
    for index in range(0, count, 3):
        section = points[index : index + 5]
        layer.stroke(section, width * (1 - 0.5 * index / count), opacity * (1 - 0.06 * depth))
    if depth < 3 and width > 3:
        for _ in range(int(rng.integers(1, 4))):
            where = int(rng.integers(2, count))
            turn = rng.choice([-1, 1]) * rng.uniform(0.3, 1.2)
            _branch(rng, layer, points[where], float(bends[where - 1] + turn), width * rng.uniform(0.45, 0.8),
                    opacity, depth + 1)  # fmt: skip
