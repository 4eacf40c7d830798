"""A short synthetic procedure, shared by the tests of the simulation."""

from __future__ import annotations

import pytest

from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import BENCHMARK_START


@pytest.fixture(scope="session")
def procedure() -> RenderedProcedure:
    return RenderedProcedure(BENCHMARK_START, duration=4.0, frame_rate=10.0, size=500)
