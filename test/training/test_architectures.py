"""Where the network looks again, and in which precision it says where."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.architectures import Network, build
from training.layers import Expectation
from training.refinement import PATCH, Corner, Cut

SIZE = 128


@pytest.fixture
def bfloat16() -> Iterator[None]:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy("float32")


def test_positions_stay_in_single_precision_where_the_rest_is_in_half(
    miniature: Network, bfloat16: None
) -> None:
    model = build(miniature, SIZE)
    rng = np.random.default_rng(0)
    inputs = {"image": rng.random((1, SIZE, SIZE, 1)), "jitter": np.zeros((1, 11, 2))}
    outputs = model({name: value.astype(np.float32) for name, value in inputs.items()})
    assert {value.dtype.name for value in outputs.values()} == {"float32"}
    assert model.get_layer("landmark").compute_dtype == "bfloat16"


@pytest.mark.parametrize("estimate", [(-50.0, 3.0), (64.0, 64.0), (127.0, 200.0)])
def test_patch_lies_inside_the_image_and_as_near_as_possible(estimate: tuple[float, float]) -> None:
    wanted = np.tile(np.array(estimate, np.float32), (1, 11, 1))
    corner = np.asarray(Corner(SIZE)([wanted, np.zeros_like(wanted)]))[0, 0]
    assert ((corner >= 0) & (corner <= SIZE - PATCH)).all()
    middle = np.clip(np.array(estimate) - PATCH / 2 + 0.5, 0, SIZE - PATCH)
    assert np.abs(corner - middle).max() <= 4.0


def test_jitter_moves_the_patch() -> None:
    estimate = np.full((1, 11, 2), 64.0, np.float32)
    still = np.asarray(Corner(SIZE)([estimate, np.zeros_like(estimate)]))
    moved = np.asarray(Corner(SIZE)([estimate, np.full_like(estimate, 8.0)]))
    assert (moved - still == 8.0).all()


def test_window_is_cut_where_its_corner_says() -> None:
    rows, columns = np.mgrid[:16, :16]
    maps = np.stack([columns, rows], axis=-1)[None].astype(np.float32)
    corner = np.zeros((1, 11, 2), np.float32)
    corner[0, 3] = (32.0, 64.0)
    windows = np.asarray(Cut(8, 8)([maps, corner]))
    assert windows.shape == (11, 8, 8, 2)
    assert tuple(windows[3, 0, 0]) == (4.0, 8.0)
    assert tuple(windows[3, 7, 7]) == (11.0, 15.0)


def test_expectation_of_a_sharp_heat_map_is_its_cell() -> None:
    heat = np.full((1, 11, 256), -40.0, np.float32)
    heat[..., 5 * 16 + 9] = 0.0
    xy, covariance = Expectation(16, 4)(heat)
    assert np.asarray(xy)[0, 0] == pytest.approx([9 * 4 + 1.5, 5 * 4 + 1.5], abs=1e-3)
    assert np.asarray(covariance) == pytest.approx(0.0, abs=1e-2)
