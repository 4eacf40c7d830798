"""The paper's measures, on answers small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.data import Samples
from training.paper.frames import Partition, resized, targets
from training.paper.scores import outputs_of, score


@pytest.fixture
def truth() -> tuple[np.ndarray, np.ndarray]:
    """Two frames; landmarks 0 and 1 in the first, 0 in the second, at the middle of the frame."""
    visible = np.zeros((2, 11), np.float32)
    visible[0, :2] = visible[1, 0] = 1
    return visible, np.repeat(visible, 2, axis=1) * 0.5


def test_perfect_answers_have_no_errors(truth: tuple[np.ndarray, np.ndarray]) -> None:
    visible, wanted = truth
    scores = score(outputs_of(visible, wanted), visible, wanted)
    assert (scores.accuracy, scores.precision, scores.recall, scores.f1_micro) == (1, 1, 1, 1)
    assert (scores.mae, scores.mse, scores.rmse, scores.mean_px, scores.p95_px) == (0, 0, 0, 0, 0)


def test_f1_macro_counts_landmarks_that_never_occur_as_zero(truth: tuple[np.ndarray, np.ndarray]) -> None:
    visible, wanted = truth
    assert score(outputs_of(visible, wanted), visible, wanted).f1_macro == pytest.approx(2 / 11)


def test_presence_is_counted_over_all_landmarks_of_all_frames(truth: tuple[np.ndarray, np.ndarray]) -> None:
    visible, wanted = truth
    presence = np.zeros((2, 11), np.float32)
    presence[0, 0] = presence[0, 5] = 0.9
    scores = score(outputs_of(presence, wanted), visible, wanted)
    assert scores.accuracy == pytest.approx(19 / 22)
    assert scores.precision == pytest.approx(1 / 2)
    assert scores.recall == pytest.approx(1 / 3)
    assert scores.f1_micro == pytest.approx(2 / 5)


def test_published_error_counts_absent_landmarks_and_pixels_do_not(
    truth: tuple[np.ndarray, np.ndarray],
) -> None:
    visible, wanted = truth
    points = wanted.copy()
    points[0, 0] += 0.03  # x of a visible landmark
    points[1, 20:] = 0.2  # an absent one
    scores = score(outputs_of(visible, points), visible, wanted)
    assert scores.mae == pytest.approx((0.03 + 0.2 + 0.2) / 44)
    assert scores.rmse == pytest.approx(np.sqrt((0.03**2 + 2 * 0.2**2) / 44))
    assert scores.mean_px == pytest.approx(10.0)
    assert scores.median_px == pytest.approx(0.0, abs=1e-9)


def test_targets_do_not_depend_on_the_size_of_the_frame() -> None:
    visible = np.ones((1, 11), np.float32)
    large = np.random.default_rng(0).uniform(0, 511, (1, 11, 2)).astype(np.float32)
    small = (large + 0.5) * (128 / 512) - 0.5
    one, other = (
        targets(Samples(np.zeros((1, side, side), np.uint8), xy, visible, np.zeros(1, np.float32)))
        for side, xy in ((512, large), (128, small))
    )
    assert one == pytest.approx(other, abs=1e-6)


def test_bright_spot_stays_where_its_label_says_in_the_network_input() -> None:
    place = np.array([101.5, 301.5])
    y, x = np.indices((512, 512))
    # Wide against a pixel, or its centre would depend on how pixels cut it.
    spot = 255 * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * 15.0**2))
    image = spot.round().astype(np.uint8)[None]
    small = resized(image, 224)[0, ..., 0].astype(np.float64)
    rows, columns = np.indices(small.shape)
    centre = np.array([(columns * small).sum(), (rows * small).sum()]) / small.sum()
    assert (centre + 0.5) / 224 == pytest.approx((place + 0.5) / 512, abs=1e-4)


def test_limit_keeps_frames_from_the_whole_of_each_part(split: Partition) -> None:
    limited = split.limited(3)
    assert [len(part) for part in limited.parts.values()] == [3, 3, 3]
    assert np.array_equal(limited.training.images[[0, -1]], split.training.images[[0, -1]])
