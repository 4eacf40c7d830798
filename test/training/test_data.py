"""The cache of rendered frames resumes, and its labels fit its images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.simulation.backdrop import Backgrounds
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT
from tavi_perception.simulation.seeds import VALIDATION
from training import data


def test_shards_that_exist_are_not_rendered_again(cache: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in cache.iterdir()}
    data.render(cache, data.training_seeds(2), 64)
    assert {file: file.stat().st_mtime_ns for file in cache.iterdir()} == before


def test_half_written_shard_is_not_taken_for_a_finished_one(tmp_path: Path) -> None:
    (file,) = data.render(tmp_path, range(2), 64, workers=1)
    file.with_suffix(".part").write_bytes(b"half")
    file.unlink()
    data.render(tmp_path, range(2), 64, workers=1)
    assert len(data.load([file])) == 2 * FRAMES_PER_PATIENT


def test_labels_of_visible_points_are_inside_the_input(samples: data.Samples) -> None:
    shown = samples.xy[samples.visible > 0]
    assert ((shown >= -0.5) & (shown <= 63.5)).all()
    assert (samples.xy[samples.visible == 0] == 0).all()


def test_each_picture_without_a_valve_is_shown_as_it_is_and_has_no_landmark(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (64, 48), dtype=np.uint8) for _ in range(10)]
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    pool = Backgrounds(tmp_path, "training")
    found = data.without_valve(pool, 64)
    assert not found.visible.any()
    assert not found.foreign.any()
    for picture in pool.pictures():
        shown = (found.images == fit_square(picture, 64)[0]).all(axis=(1, 2)).sum()
        assert shown * len(pool.files) == len(found)


def test_frames_with_a_delivery_system_of_another_make_can_be_left_out(samples: data.Samples) -> None:
    foreign = np.zeros(len(samples), np.float32)
    foreign[:2] = 1.0, np.nan
    found = data.without_foreign(replace(samples, foreign=foreign))
    assert np.array_equal(found.images, samples.images[1:])
    assert np.array_equal(found.xy, samples.xy[1:])


@pytest.mark.parametrize("wide", [True, False])
def test_half_of_the_patients_are_wider_unless_none_is_to_be(tmp_path: Path, wide: bool) -> None:
    files = data.training_shards(tmp_path, data.training_seeds(2), 32, None, wide)
    assert sum(file.name.startswith("wide_") for file in files) == wide


def test_a_training_can_go_on_with_other_patients() -> None:
    assert not set(data.training_seeds(10)) & set(data.training_seeds(10, first=10))
    assert not set(data.training_procedures(10)) & set(data.training_procedures(10, first=10))


def test_training_validation_and_test_seeds_are_disjoint() -> None:
    groups = [set(data.training_seeds(1000)), set(data.validation_seeds(1000)), set(data.test_seeds(1000))]
    assert len(set.union(*groups)) == 3000
    assert max(set.union(*groups)) < VALIDATION.stop


def test_rendering_is_the_same_each_time(tmp_path: Path, samples: data.Samples) -> None:
    again = data.load(data.render(tmp_path, data.training_seeds(1), 64, workers=1))
    assert np.array_equal(again.images, samples.images[:FRAMES_PER_PATIENT])
