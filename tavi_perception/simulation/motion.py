"""Cardiac and respiratory motion, without the drives: heart beat, rapid pacing and breathing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.distributions import Chance, Normal, Uniform
from tavi_perception.simulation.patient import Root
from tavi_perception.simulation.view import FloatArray


@dataclass(frozen=True)
class MotionConfig:
    """Motion of the root; lengths in mm from end to end, rates in Hz."""

    excursion: Normal = Normal(11.6, 2.9, 3.0, 19.0)
    """Of the annulus along its normal over a heart beat (s12872-018-0891-4)."""
    sideways: Uniform = Uniform(0.0, 0.3)
    """Share of it across the normal (unsourced)."""
    heart_rate: Uniform = Uniform(0.9, 1.6)
    """Without pacing (unsourced)."""
    pacing: Chance = Chance(0.75)
    """Rapid pacing during deployment."""
    pacing_rate: Uniform = Uniform(2.0, 3.0)
    """120 to 180 beats a minute."""
    pacing_share: Uniform = Uniform(0.15, 0.45)
    """Excursion under rapid pacing relative to that without (unsourced: "smaller")."""
    breath: Uniform = Uniform(0.5, 15.0)
    """Of the heart, mostly caudal (King et al.: up to 14–15 mm)."""
    breath_rate: Uniform = Uniform(0.15, 0.3)
    """12 to 18 breaths a minute, slower under sedation (unsourced)."""
    body_share: Uniform = Uniform(0.5, 1.0)
    """Motion of heart border and diaphragm behind, relative to the root's."""
    coupling: Uniform = Uniform(0.75, 0.98)
    """Share of the annulus' motion along its normal in which a catheter across it takes part (unsourced)."""
    pigtail_motion: Uniform = Uniform(0.0, 1.2)
    """Cardiac motion of the pigtail relative to the root (unsourced)."""


@dataclass(frozen=True)
class Shifts:
    """Displacements from rest at one moment, each (3,) in patient axes (mm).

    Attributes:
        root: the aortic root.
        device: the delivery system where it crosses the root.
        pigtail: the pigtail's loop.
        body: heart border, diaphragm and lungs behind them.
    """

    root: FloatArray
    device: FloatArray
    pigtail: FloatArray
    body: FloatArray


class Motion:
    """Heart and breathing of one patient, stepped through time; its phase is part of its state."""

    def __init__(self, rng: np.random.Generator, config: MotionConfig, root: Root) -> None:
        self._root = root
        self._excursion = config.excursion.draw(rng)
        self._sideways = config.sideways.draw(rng) * rng.choice([-1, 1])
        self._rate, self._paced_rate = config.heart_rate.draw(rng), config.pacing_rate.draw(rng)
        self._paced_share = config.pacing_share.draw(rng) if config.pacing.draw(rng) else 1.0
        self._breath, self._breath_rate = config.breath.draw(rng), config.breath_rate.draw(rng)
        self._body_share = config.body_share.draw(rng)
        self._coupling = config.coupling.draw(rng)
        self._pigtail_motion = config.pigtail_motion.draw(rng)
        self._pigtail_phase = rng.uniform(0.0, 2 * np.pi)
        self._heart_phase, self._breath_phase = rng.uniform(0.0, 2 * np.pi, 2)
        self._paced = 0.0

    def step(self, dt: float, pacing: bool) -> None:
        """Go on by ``dt`` (s); pacing takes about half a second to set in or to fade."""
        wanted = 1.0 if pacing and self._paced_share < 1.0 else 0.0
        self._paced += (wanted - self._paced) * (1.0 - np.exp(-dt / 0.25))
        rate = self._rate + (self._paced_rate - self._rate) * self._paced
        self._heart_phase += 2 * np.pi * rate * dt
        self._breath_phase += 2 * np.pi * self._breath_rate * dt

    def shifts(self, anchored: float) -> Shifts:
        """Displacements now; ``anchored`` (0…1): coupling of the device to the annulus by the stent."""
        across, normal, _ = self._root.axes
        share = 1.0 + (self._paced_share - 1.0) * self._paced
        # Systole is quicker than diastole: a second harmonic skews the wave.
        beat = 0.5 * (np.sin(self._heart_phase) + 0.25 * np.sin(2 * self._heart_phase + 0.6))
        heart = self._excursion * share * beat
        breath = 0.5 * self._breath * np.sin(self._breath_phase) * np.array([0.05, 0.95, 0.3])
        sideways = heart * self._sideways * across
        root = breath + heart * normal + sideways
        coupling = self._coupling + (1.0 - self._coupling) * anchored
        relative = 0.5 * self._pigtail_motion * share * np.sin(self._heart_phase + self._pigtail_phase)
        return Shifts(
            root=root,
            device=breath + coupling * heart * normal + sideways,
            pigtail=root + relative * (0.8 * normal + 0.6 * across),
            body=self._body_share * (breath + 0.3 * heart * normal),
        )
