"""A short synthetic procedure and random scenes, shared by the tests of the simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.scene import Contents, Scene
from tavi_perception.simulation.seeds import DEMO_SEED

SceneOf = Callable[..., Scene]


@pytest.fixture(scope="session")
def procedure() -> RenderedProcedure:
    return RenderedProcedure(DEMO_SEED, duration=8.0, frame_rate=5.0, size=500)


@pytest.fixture(scope="session")
def scene_of() -> SceneOf:
    """Makes the scene of a seed; its pictures are cast only when it is rendered."""

    def make(seed: int, size: int = 128, contents: Contents = Contents()) -> Scene:
        return Scene(np.random.default_rng(seed), size, SimulationConfig(), contents)

    return make
