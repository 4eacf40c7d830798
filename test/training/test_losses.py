"""Coordinates count only where a landmark is visible."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.losses import Weights, distance_loss, foreign_loss, heat_loss, presence_loss, total  # noqa: E402

CELLS = 16
OURS = np.zeros(1, np.float32)
"""No device of another make is in the field."""


@pytest.fixture
def labels() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    xy = rng.uniform(5, 58, (3, 11, 2)).astype(np.float32)
    return xy, (rng.random((3, 11)) < 0.5).astype(np.float32)


@pytest.fixture
def heat() -> np.ndarray:
    logits = np.random.default_rng(1).normal(size=(3, 11, CELLS * CELLS)).astype(np.float32)
    return tf.nn.log_softmax(logits).numpy()


def test_heat_loss_ignores_where_absent_points_are_said_to_be(labels, heat) -> None:
    xy, visible = labels
    other = np.where(visible[..., None] > 0, xy, np.float32(np.nan))
    assert float(heat_loss(heat, other, visible, 4.0, 4)) == pytest.approx(
        float(heat_loss(heat, xy, visible, 4.0, 4))
    )


def test_distance_loss_ignores_absent_points(labels) -> None:
    xy, visible = labels
    far = np.where(visible[..., None] > 0, xy + 3, np.float32(1e9))
    near = xy + 3
    assert float(distance_loss(far, xy, visible, 4)) == pytest.approx(
        float(distance_loss(near, xy, visible, 4))
    )


def test_no_gradient_comes_from_absent_points(labels, heat) -> None:
    xy, visible = labels
    estimate = tf.Variable(xy + 5)
    with tf.GradientTape() as tape:
        loss = distance_loss(estimate, xy, visible, 4)
    gradient = tape.gradient(loss, estimate).numpy()
    assert (gradient[visible == 0] == 0).all()
    assert (np.abs(gradient[visible > 0]).sum(axis=-1) > 0).all()


def test_batch_without_any_visible_point_costs_nothing(labels, heat) -> None:
    xy, visible = labels
    assert float(heat_loss(heat, xy, visible * 0, 4.0, 4)) == 0.0


def test_heat_loss_is_least_at_the_landmark(labels) -> None:
    xy, visible = np.full((1, 11, 2), 29.5, np.float32), np.ones((1, 11), np.float32)
    centre = (np.arange(CELLS) + 0.5) * 4 - 0.5

    def loss_of_heat_at(x: float) -> float:
        row = -((centre - 29.5) ** 2) / 32
        column = -((centre - x) ** 2) / 32
        logits = (row[:, None] + column[None, :]).reshape(1, 1, -1).repeat(11, axis=1).astype(np.float32)
        return float(heat_loss(tf.nn.log_softmax(logits), xy, visible, 4.0, 4))

    assert loss_of_heat_at(29.5) < loss_of_heat_at(31.5) < loss_of_heat_at(37.5)


def test_presence_loss_is_small_for_right_answers(labels) -> None:
    _, visible = labels
    right = (visible * 2 - 1) * 10
    assert float(presence_loss(right, visible)) < 0.01 < float(presence_loss(-right, visible))


def test_patch_that_missed_its_landmark_costs_nothing() -> None:
    """Else a patch would be taught that the landmark lies at its edge."""
    xy, visible = np.full((1, 11, 2), 100.0, np.float32), np.ones((1, 11), np.float32)
    rng = np.random.default_rng(0)

    def cost_of_patches_at(corner: float) -> float:
        outputs = {
            "presence": tf.zeros((1, 11)),
            "heat": tf.nn.log_softmax(np.zeros((1, 11, 256), np.float32)),
            "coarse_xy": tf.constant(xy),
            "corner": tf.fill((1, 11, 2), corner),
            "patch_heat": tf.nn.log_softmax(rng.normal(size=(1, 11, 256)).astype(np.float32)),
            "xy": tf.constant(xy + 5),
        }
        nothing_else = Weights(presence=0.0, heat=0.0, distance=0.0)
        return float(total(outputs, xy, visible, OURS, nothing_else))

    assert cost_of_patches_at(64.0) > 0.0
    assert cost_of_patches_at(160.0) == cost_of_patches_at(0.0) == 0.0


def test_a_frame_of_which_the_make_is_not_known_costs_nothing() -> None:
    logits = np.array([[3.0], [-2.0], [50.0]], np.float32)
    known, unknown = np.array([1, 0], np.float32), np.array([1, 0, np.nan], np.float32)
    assert float(foreign_loss(logits, unknown)) == pytest.approx(float(foreign_loss(logits[:2], known)))


def test_no_gradient_comes_from_frames_of_which_the_make_is_not_known() -> None:
    logits = tf.Variable([[1.0], [1.0]])
    with tf.GradientTape() as tape:
        loss = foreign_loss(logits, np.array([1.0, np.nan], np.float32))
    gradient = tape.gradient(loss, logits).numpy()[:, 0]
    assert gradient[0] < 0.0 and gradient[1] == 0.0


def test_unknown_landmarks_cost_nothing_and_teach_nothing(labels, heat) -> None:
    xy, visible = labels
    unknown = np.zeros((3, 11), bool)
    unknown[:, 4:] = True
    presence = tf.Variable(np.random.default_rng(2).normal(size=(3, 11)).astype(np.float32))
    estimate = tf.Variable(xy + 5)
    outputs = {
        "heat": tf.nn.log_softmax(np.zeros((3, 11, 64), np.float32)),
        "corner": tf.zeros((3, 11, 2)),
        "patch_heat": tf.constant(heat),
    }
    with tf.GradientTape() as tape:
        outputs |= {"presence": presence, "coarse_xy": estimate + 0.0, "xy": estimate + 0.0}
        loss = total(outputs, xy, np.where(unknown, np.nan, visible).astype(np.float32), OURS, Weights())
    of_presence, of_place = tape.gradient(loss, [presence, estimate])
    assert np.isfinite(float(loss))
    assert (of_presence.numpy()[unknown] == 0).all() and (of_place.numpy()[unknown] == 0).all()
    assert (of_presence.numpy()[~unknown] != 0).all()


def test_unknown_landmarks_do_not_dilute_the_loss_of_known_ones() -> None:
    logits, visible = np.ones((2, 11), np.float32), np.zeros((2, 11), np.float32)
    outputs = {
        "presence": tf.constant(logits),
        "heat": tf.nn.log_softmax(np.zeros((2, 11, 64), np.float32)),
        "coarse_xy": tf.zeros((2, 11, 2)),
        "corner": tf.zeros((2, 11, 2)),
        "patch_heat": tf.nn.log_softmax(np.zeros((2, 11, 256), np.float32)),
        "xy": tf.zeros((2, 11, 2)),
    }
    partly = visible.copy()
    partly[:, 4:] = np.nan
    losses = [
        float(total(outputs, np.zeros((2, 11, 2)), each, OURS, Weights())) for each in (visible, partly)
    ]
    assert losses[0] == pytest.approx(losses[1])
