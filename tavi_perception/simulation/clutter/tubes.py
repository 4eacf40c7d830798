"""Long objects in the field: pacing lead, second catheter or sheath, echo probe."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from tavi_perception.simulation.clutter.config import ClutterConfig
from tavi_perception.simulation.clutter.shapes import Part, Strand
from tavi_perception.simulation.route import smooth
from tavi_perception.simulation.view import FloatArray

_CROSSING_MM = 40.0
"""How far from the annulus a lead crosses the device: over the capsule, the nose cone or the wire."""


def pacing_lead(
    rng: np.random.Generator, config: ClutterConfig, annulus: FloatArray, route: FloatArray
) -> list[Part]:
    """Down the superior vena cava, through the right atrium, to the apex, with two dark electrodes."""

    def deviation(amount: float) -> FloatArray:
        return amount * np.array([config.deviation.draw(rng) for _ in range(3)])

    if config.lead_from_below.draw(rng):
        course = [[-22, 150, -15], [-26, 90, -14], [-34, 52, -8]]
    else:
        course = [[-34, -140, -8], [-38, -75, -4], [-40, -25, 0], [-54, 22, 6], [-24, 46, 20]]
    knots = [annulus + np.array(point, dtype=float) + deviation(6.0) for point in course]
    apex = annulus + np.array([58.0, 36.0, 34.0]) + deviation(10.0)
    if config.lead_crosses.draw(rng):
        # Anywhere along capsule and nose cone; over the cone's tip it hides where that ends.
        near = route[np.linalg.norm(route - annulus, axis=1) < _CROSSING_MM]
        knots.append(near[int(rng.integers(len(near)))] + np.array([4.0, 6.0, 18.0]))
    else:
        knots.append(annulus + np.array([20.0, 44.0, 30.0]) + deviation(7.0))
    curve = smooth(np.array([*knots, apex]), 48)
    follows = np.clip(np.linspace(-0.6, 0.75, len(curve)) + rng.uniform(-0.1, 0.1), 0, 0.9)
    width, dark = config.lead_diameter.draw(rng), config.lead_dark.draw(rng)
    spacing = rng.uniform(7.0, 12.0)
    back = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve[::-1], axis=0), axis=1))])
    along = CubicSpline(back, np.column_stack([curve, follows])[::-1])

    def electrode(behind: float, length: float, extra: float) -> Strand:
        """A ring whose middle lies ``behind`` mm from the tip."""
        at = along(behind + np.linspace(-0.5, 0.5, 3) * length)
        return Strand(at[:, :3], width * 1.1, dark * extra, dark * extra, np.clip(at[:, 3], 0, 1))

    return [
        Strand(curve, width, dark, dark * rng.uniform(0.5, 1.0), follows),
        electrode(1.3, 2.6, rng.uniform(2.0, 4.0)),
        electrode(1.3 + spacing, 2.0, rng.uniform(1.2, 2.5)),
    ]


def catheter(
    rng: np.random.Generator, config: ClutterConfig, annulus: FloatArray, route: FloatArray
) -> Strand:
    """Through the arch beside the device, over the spine, or anywhere across the field."""
    width, dark = config.catheter_diameter.draw(rng), config.catheter_dark.draw(rng)
    kind = rng.choice(["arch", "spine", "vein", "any"])
    if kind == "arch":
        drift = np.array([config.deviation.draw(rng) for _ in range(3)]) * 4.0
        keep = int(len(route) * rng.uniform(0.35, 0.8))
        far = np.argsort(-np.linalg.norm(route - annulus, axis=1))[:keep]
        curve = route[np.sort(far)[:: max(1, keep // 48)]] + drift + np.array([0.0, 0.0, 3.0])
        curve = curve + np.sin(np.linspace(0, rng.uniform(2, 7), len(curve)))[:, None] * rng.normal(0, 2.5, 3)
    elif kind == "spine":
        x = rng.normal(15, 12)
        knots = annulus + np.array([[x + rng.normal(0, 6), y, -42.0] for y in np.linspace(160, -140, 5)])
        curve = smooth(knots[: int(rng.integers(3, 6))])
    elif kind == "vein":
        end = np.array([rng.normal(20, 25), rng.normal(-20, 25), 20.0])
        knots = annulus + np.array(
            [
                [-24 + rng.normal(0, 5), 150, -14],
                [-28 + rng.normal(0, 6), 70, -8],
                [-20, 20 + rng.normal(0, 10), 6],
                end,
            ]
        )
        curve = smooth(knots)
    else:
        start = np.array([rng.uniform(-100, 100), rng.choice([-130.0, 130.0]), rng.uniform(-60, 60)])
        steps = rng.normal(0, 16, (4, 3)) + np.array([0.0, -np.sign(start[1]) * rng.uniform(30, 60), 0.0])
        curve = smooth(annulus + np.concatenate([start[None], start + np.cumsum(steps, axis=0)]))
    return Strand(curve, width, dark, dark * rng.uniform(0.4, 0.9), np.full(len(curve), 0.25))


def probe(rng: np.random.Generator, annulus: FloatArray) -> list[Part]:
    """In the oesophagus before the spine: a wide tube with joints and a dark head."""
    x, end = rng.normal(6, 10), rng.uniform(-60, 45)
    knots = annulus + np.array([[x + rng.normal(0, 5), y, -32.0] for y in (-190.0, (end - 190) / 2, end)])
    curve = smooth(knots)
    zero = np.zeros(len(curve))
    wide, dark = rng.uniform(8.5, 11.5), rng.uniform(0.15, 0.35)
    head = curve[-14:]
    parts: list[Part] = [
        Strand(curve, wide, dark, dark * rng.uniform(0.6, 1.0), zero),
        Strand(head, wide * 1.2, rng.uniform(0.2, 0.45), rng.uniform(0.2, 0.45), zero[-14:]),
    ]
    joint, pitch = rng.uniform(0.1, 0.25), int(rng.integers(3, 6))
    across = np.array([0.36 * wide, 0.0, 0.0])
    for middle in curve[4:62:pitch]:  # Links of the bending section.
        parts.append(Strand(np.array([middle - across, middle + across]), 0.9, joint, joint, zero[:2]))
    return parts
