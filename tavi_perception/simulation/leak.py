"""Contrast medium that leaves the root: back into the ventricle, and on into the coronary arteries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.clutter import Bundle, draw_vessels
from tavi_perception.simulation.distributions import Chance, Uniform
from tavi_perception.simulation.patient import Root


@dataclass(frozen=True)
class LeakConfig:
    """Where else medium goes (unsourced, set by eye); nowhere in procedures as they are drawn by default."""

    ventricle: Chance = Chance(0.0)
    """It runs into the ventricle, past an insufficient valve or the device that holds it open."""
    ventricle_share: Uniform = Uniform(0.15, 0.8)
    """Attenuation there, relative to that of the root."""
    plume: Uniform = Uniform(12.0, 40.0)
    """How far below the annulus it reaches (mm)."""
    coronaries: Chance = Chance(0.0)
    """A coronary artery fills."""
    coronary_share: Uniform = Uniform(0.2, 0.9)
    """Attenuation of its stem, relative to that of the root."""


@dataclass(frozen=True)
class Leak:
    """What of one patient's medium leaves the root.

    Attributes:
        ventricle: attenuation below the annulus, relative to the root's; 0: none gets there.
        plume: how far below the annulus it reaches (mm).
        coronaries: attenuation of a coronary artery's stem, relative to the root's; 0: none fills.
        seed: of that artery's course.
    """

    ventricle: float
    plume: float
    coronaries: float
    seed: int

    def vessels(self, root: Root, attenuation: float) -> Bundle:
        """The artery, where the root has this ``attenuation``; it leaves a sinus two thirds up its height."""
        rng = np.random.default_rng(self.seed)
        left = rng.random() < 0.6
        turn = rng.uniform(-0.8, 0.8) + (0.0 if left else np.pi)
        outwards = np.cos(turn) * root.axes[0] + np.sin(turn) * root.axes[2]
        ostium = (root.diameter / 2 + 0.6 * root.bulge) * outwards - 0.65 * root.junction_height * root.normal
        return draw_vessels(rng, np.zeros(3), ostium, left, self.coronaries * attenuation)


def draw_leak(rng: np.random.Generator, config: LeakConfig) -> Leak:
    """What leaks in a random patient."""
    leaks, fills = config.ventricle.draw(rng), config.coronaries.draw(rng)
    ventricle, coronaries = config.ventricle_share.draw(rng), config.coronary_share.draw(rng)
    return Leak(
        ventricle if leaks else 0.0,
        config.plume.draw(rng),
        coronaries if fills else 0.0,
        int(rng.integers(2**63)),
    )
