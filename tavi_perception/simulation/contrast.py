"""Contrast medium in the aortic root: how much there is at a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.distributions import Uniform
from tavi_perception.simulation.patient import Root
from tavi_perception.simulation.view import FloatArray


@dataclass(frozen=True)
class ContrastConfig:
    """Injections through the pigtail; times in s, attenuations in log units (unsourced, set by eye)."""

    opacity: Uniform = Uniform(0.18, 0.56)
    """Attenuation along the longest way through a filled sinus; 0.35 on the published frame."""
    root_share: Uniform = Uniform(0.7, 1.0)
    """Of the rest of the root relative to the pigtail's sinus."""
    duration: Uniform = Uniform(1.4, 2.6)
    """Duration of an injection."""
    wash_in: Uniform = Uniform(0.2, 0.45)
    """Time constant of wash-in."""
    wash_out_sinus: Uniform = Uniform(0.5, 1.3)
    """Time constant of wash-out of the sinus, which the beating heart clears last."""
    wash_out_root: Uniform = Uniform(0.35, 0.8)
    """The same of the rest of the root."""
    reach: Uniform = Uniform(1.3, 2.6)
    """How far up the medium gets, in heights of the STJ."""
    front: Uniform = Uniform(4.0, 12.0)
    """Length (mm) over which it fades out there."""
    rim: Uniform = Uniform(0.0, 0.6)
    """Share of the medium that lies along the wall of a sinus, where the flow clears it last."""


@dataclass(frozen=True)
class Contrast:
    """Contrast medium in the root at one moment.

    Attributes:
        sinus: attenuation of the non-coronary sinus, where the pigtail injects.
        root: attenuation of the rest of the root.
        reach: how far above the annulus the medium reaches (mm): half of it is left there.
        front: length over which it fades out at ``reach`` (mm).
    """

    sinus: float = 0.0
    root: float = 0.0
    reach: float = 0.0
    front: float = 4.0

    VISIBLE = 0.10
    """Attenuation from which on an expert can mark a border."""
    CLEAR = 0.18
    """Attenuation from which on it is plain."""

    @property
    def any(self) -> bool:
        return max(self.sinus, self.root) >= 0.01

    def at_landmarks(self, root: Root) -> FloatArray:
        """(4,) attenuation that shows AA1, AA2, STJ1, STJ2."""
        near, far = max(self.sinus, self.root), self.root
        low, high = self.left_at(np.array([0.0, root.junction_height]))
        return np.array([near * low, far * low, near * high, far * high])

    def left_at(self, height: NDArray[np.floating]) -> NDArray[np.floating]:
        """Share of the medium that is found ``height`` mm above the annulus."""
        return np.clip((self.reach - height) / self.front + 0.5, 0.0, 1.0)


@dataclass(frozen=True)
class Injector:
    """How one patient's root fills and clears; see ``ContrastConfig``."""

    opacity: float
    root_share: float
    duration: float
    wash_in: float
    wash_out_sinus: float
    wash_out_root: float
    reach: float
    front: float
    rim: float

    def contrast(self, ages: FloatArray | list[float], junction_height: float) -> Contrast:
        """What is in the root when injections began ``ages`` (s) ago; later ones top up earlier ones."""
        started = [age for age in ages if age >= 0.0]
        if not started:
            return Contrast()
        sinus = max(self._filling(age, self.wash_out_sinus) for age in started)
        root = max(self._filling(age, self.wash_out_root) for age in started)
        filled = max(self._filling(age, self.wash_out_root * 1.5) for age in started)
        reach = (0.4 + (self.reach - 0.4) * filled) * junction_height
        return Contrast(self.opacity * sinus, self.opacity * self.root_share * root, reach, self.front)

    def _filling(self, age: float, wash_out: float) -> float:
        """Share of the full concentration (0…1): first-order wash-in, then first-order wash-out."""
        full = 1.0 - np.exp(-min(age, self.duration) / self.wash_in)
        return float(full * np.exp(-max(age - self.duration, 0.0) / wash_out))


def draw_injector(rng: np.random.Generator, config: ContrastConfig) -> Injector:
    """A random patient's root and injector settings."""
    return Injector(
        opacity=config.opacity.draw(rng),
        root_share=config.root_share.draw(rng),
        duration=config.duration.draw(rng),
        wash_in=config.wash_in.draw(rng),
        wash_out_sinus=config.wash_out_sinus.draw(rng),
        wash_out_root=config.wash_out_root.draw(rng),
        reach=config.reach.draw(rng),
        front=config.front.draw(rng),
        rim=config.rim.draw(rng),
    )
