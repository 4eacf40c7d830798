"""The distributions that a simulation's configuration is made of; each draws one number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Uniform:
    """Evenly between ``low`` and ``high``."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class LogUniform:
    """Between ``low`` and ``high`` (> 0), each factor as likely as any other."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


@dataclass(frozen=True)
class Normal:
    """Around ``mean`` with standard deviation ``sd``, clipped to ``low`` … ``high``."""

    mean: float
    sd: float
    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        return float(np.clip(rng.normal(self.mean, self.sd), self.low, self.high))


@dataclass(frozen=True)
class Chance:
    """True with probability ``p``."""

    p: float

    def draw(self, rng: np.random.Generator) -> bool:
        return bool(rng.random() < self.p)


Distribution = Uniform | LogUniform | Normal
