"""Contrast medium leaves the root where a patient's leaks say so, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tavi_perception.simulation.clutter import Strand
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.contrast import Contrast
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.distributions import Chance
from tavi_perception.simulation.leak import LeakConfig, draw_leak
from tavi_perception.simulation.scene import Contents, Scene, at_rest
from tavi_perception.simulation.wide import WIDE

FILLED = Contrast(sinus=0.4, root=0.4, reach=60.0)
EMPTY_FIELD = Contents(delivery=False, pigtail=False)
SEEDS = pytest.mark.parametrize("seed", [1, 2])


def scene_with(seed: int, **leak: Chance) -> Scene:
    config = replace(SimulationConfig(), leak=replace(LeakConfig(), **leak))
    return Scene(np.random.default_rng(seed), 128, config, EMPTY_FIELD)


def darkening(seed: int, contrast: Contrast, **leak: Chance) -> NDArray[np.int64]:
    """(128, 128) by how much a leak darkens the picture."""
    tight, leaking = (
        scene.render(at_rest(scene, DeviceState(0.0), contrast), np.random.default_rng(0)).astype(np.int64)
        for scene in (scene_with(seed), scene_with(seed, **leak))
    )
    return np.asarray(tight - leaking)


@SEEDS
def test_medium_in_the_ventricle_darkens_the_outflow_tract_against_the_aorta(seed: int) -> None:
    scene = scene_with(seed, ventricle=Chance(1.0))
    below, above = 0.5 * scene.leak.plume * scene.root.normal, -30.0 * scene.root.normal
    column, row = np.round(scene.view.project(np.stack([below, above]))).astype(int).T
    dark = darkening(seed, FILLED, ventricle=Chance(1.0))[row, column]
    # The exposure control brightens all of a darker picture.
    assert dark[0] > 3 + dark[1]


@SEEDS
def test_nothing_leaks_without_an_injection(seed: int) -> None:
    both = {"ventricle": Chance(1.0), "coronaries": Chance(1.0)}
    assert not darkening(seed, Contrast(), **both).any()


@SEEDS
def test_a_coronary_artery_fills_from_the_wall_of_a_sinus(seed: int) -> None:
    scene = scene_with(seed, coronaries=Chance(1.0))
    stem = scene.leak.vessels(scene.root, 0.4).parts[0]
    assert isinstance(stem, Strand)
    along, height = stem.points[0] @ scene.root.axes[[0, 2]].T, -stem.points[0] @ scene.root.normal
    assert np.hypot(*along) == pytest.approx(scene.root.diameter / 2, abs=scene.root.bulge)
    assert 0.0 < height < scene.root.junction_height
    assert darkening(seed, FILLED, coronaries=Chance(1.0)).max() > 3


def test_procedures_leak_nothing_and_wide_frames_at_times_do() -> None:
    def shares(config: SimulationConfig) -> tuple[float, float]:
        leaks = [draw_leak(np.random.default_rng(seed), config.leak) for seed in range(200)]
        return np.mean([leak.ventricle > 0 for leak in leaks]), np.mean(
            [leak.coronaries > 0 for leak in leaks]
        )

    assert shares(SimulationConfig()) == (0.0, 0.0)
    assert all(0.2 < share < 0.5 for share in shares(WIDE))
