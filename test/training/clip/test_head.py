"""The temporal head begins as the present frame's answer and learns to steady it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.clip.fitting import Examples, fit
from training.clip.head import build_head
from training.clip.memory import CELLS, Memory, Seen
from training.clip.steadiness import steadiness

RUNS, LENGTH = 6, 10


def noisy_runs(seed: int) -> tuple[Examples, np.ndarray]:
    """Landmarks that stand still at the middle of their patches, seen with noise; single-frame answers."""
    rng = np.random.default_rng(seed)
    centre = (np.arange(CELLS) + 0.5) * 4 - 0.5
    corner = np.full((11, 2), 64.0, np.float32)
    clips, answers = [], []
    for _ in range(RUNS):
        memory = Memory()
        for _ in range(LENGTH):
            place = 31.5 + rng.normal(0, 3.0, (11, 2))
            along = -((centre - place[..., None]) ** 2) / (2 * 3.0**2)
            heat = along[:, 1, :, None] + along[:, 0, None, :]
            heat -= np.log(np.exp(heat).sum(axis=(1, 2), keepdims=True))
            clips.append(memory.add(Seen(heat.astype(np.float32), corner)))
            answers.append(place + 64.0)
    count = len(clips)
    examples = Examples(
        np.stack(clips).astype(np.float16),
        np.tile(corner, (count, 1, 1)),
        np.full((count, 11, 2), 95.5, np.float32),
        np.ones((count, 11), np.float32),
    )
    return examples, np.stack(answers).astype(np.float32)


def test_untrained_head_answers_as_the_single_frame() -> None:
    examples, single = noisy_runs(0)
    found = build_head().predict_on_batch(examples.clips[:4].astype(np.float32))["offset"] + 64.0
    assert found == pytest.approx(single[:4], abs=0.3)


def test_head_learns_to_steady_points_that_stand_still() -> None:
    keras.utils.set_random_seed(0)
    head = build_head()
    examples, _ = noisy_runs(0)
    fit(head, examples, epochs=12, seed=0, batch=8)
    fresh, single = noisy_runs(1)
    clip = fresh.corner + head.predict_on_batch(fresh.clips.astype(np.float32))["offset"]
    shape = (RUNS, LENGTH, 11, 2)
    before, after = (
        steadiness(each.reshape(shape), fresh.xy.reshape(shape), fresh.visible.reshape(shape[:3]), 128)
        for each in (single, clip)
    )
    assert after.jitter_px < 0.7 * before.jitter_px
    assert after.mean_px < before.mean_px


def test_jitter_is_that_of_still_points_alone() -> None:
    truth = np.zeros((4, 11, 2), np.float32)
    truth[:, 1] += np.arange(4)[:, None] * 50.0
    estimate = truth.copy()
    estimate[:, 0, 0] += [0.0, 1.0, 0.0, 1.0]
    estimate[:, 1, 0] += [0.0, 9.0, 0.0, 9.0]
    visible = np.zeros((4, 11), np.float32)
    visible[:, :2] = 1
    found = steadiness([estimate], [truth], [visible], 1000)
    assert found.still == 3
    assert found.jitter_px == pytest.approx(np.sqrt(0.5))
