"""Labels follow what augmentation does to a picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training import deposits, wires
from training.augmentation import Order, augment, batches
from training.data import Samples


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("size", [256, 128])
def test_label_follows_a_drawn_dot(seed: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for hiding in (deposits, wires):
        monkeypatch.setattr(hiding, "_FRAMES", 0.0)
    image = np.full((256, 256), 40, dtype=np.uint8)
    cv2.circle(image, (150, 100), 6, 220, -1, cv2.LINE_AA)
    xy = np.tile(np.array([150.0, 100.0], np.float32), (11, 1))
    moved, label, visible = augment(image, xy, np.ones(11, np.float32), size, np.random.default_rng(seed))
    assert visible.all()
    x, y = np.round(label[0]).astype(int)
    reach = 8 * size // 128
    patch = moved[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].astype(float)
    weight = np.clip(cv2.GaussianBlur(patch, (0, 0), 1.0) - np.median(moved) - 20, 0, None)
    rows, columns = np.mgrid[y - reach : y + reach + 1, x - reach : x + reach + 1]
    centre = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
    assert centre == pytest.approx(label[0], abs=1.5)


def test_points_moved_out_of_the_picture_become_absent() -> None:
    image = np.zeros((64, 64), dtype=np.uint8)
    corners = np.array([[0, 0], [63, 0], [0, 63], [63, 63]] * 2 + [[32, 32]] * 3, np.float32)
    for seed in range(20):
        _, label, visible = augment(image, corners, np.ones(11, np.float32), 64, np.random.default_rng(seed))
        shown = label[visible > 0]
        assert ((shown >= 0) & (shown <= 63)).all()
        assert visible[8:].all()


def test_some_frames_are_emptied_and_show_neither_a_landmark_nor_a_device(samples: Samples) -> None:
    foreign = replace(samples, foreign=np.ones(len(samples), np.float32))
    whole = list(batches(foreign, 64, Order(16, seed=3), start=0, stop=12))
    empty = np.concatenate([batch.foreign for batch in whole]) == 0.0
    assert 0.0 < empty.mean() < 0.1
    assert not np.concatenate([batch.visible for batch in whole])[empty].any()
    contrast = np.concatenate([batch.images for batch in whole]).std(axis=(1, 2, 3))
    assert np.median(contrast[empty]) < np.median(contrast[~empty])


def test_batch_depends_on_its_number_and_seed_only(samples: Samples) -> None:
    """So that a resumed training goes on with the very batches it would have had."""
    whole = list(batches(samples, 64, Order(4, seed=3), start=0, stop=6))
    rest = list(batches(samples, 64, Order(4, seed=3), start=4, stop=6))
    for first, second in zip(whole[4:], rest, strict=True):
        assert all(np.array_equal(vars(first)[part], vars(second)[part]) for part in vars(first))


def test_workers_prepare_their_rows_of_the_batch_that_one_process_would_have(samples: Samples) -> None:
    (whole,) = batches(samples, 64, Order(4, seed=3), 2, 3)
    parts = [next(batches(samples, 64, Order(4, seed=3), 2, 3, rows)) for rows in (range(2), range(2, 4))]
    for name, value in vars(whole).items():
        assert np.array_equal(np.concatenate([vars(part)[name] for part in parts]), value)


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_fewer_frames_than_a_batch_are_shown_repeatedly(count: int, even: bool) -> None:
    order = Order(8, 0, np.ones(count) if even else None)
    for number in range(5):
        chosen, _ = order.frames(count, number)
        assert len(chosen) == 8
        assert even or set(chosen) == set(range(count))


def test_what_fails_while_batches_are_prepared_is_raised(samples: Samples) -> None:
    with pytest.raises(IndexError):
        list(batches(samples, 64, Order(4, 0), 0, 9, range(4, 5)))


def test_heavy_frames_are_shown_more_often(samples: Samples) -> None:
    weights = np.ones(len(samples))
    weights[0] = 5.0
    order = Order(4, 0, weights / weights.mean())
    shown = np.concatenate([order.frames(len(samples), number)[0] for number in range(400)])
    counts = np.bincount(shown, minlength=len(samples))
    assert counts[0] > 3 * counts[1:].mean()
