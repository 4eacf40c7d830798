"""Losses: presence where it is known, and coordinates that count only where a landmark is visible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from training.architectures import STRIDE
from training.refinement import PATCH, PATCH_STRIDE


@dataclass(frozen=True)
class Weights:
    """Weights of the parts of the loss, and the widths of the heat maps' targets (input px)."""

    presence: float = 2.0
    foreign: float = 0.5
    heat: float = 1.0
    distance: float = 0.4
    target_sigma: float = 8.0
    patch_heat: float = 1.0
    patch_distance: float = 0.8
    patch_sigma: float = 3.0


_MARGIN = 2.0
"""A landmark counts as inside a patch from this far within its edge (px)."""


def total(
    outputs: dict[str, tf.Tensor],
    xy: tf.Tensor,
    visible: tf.Tensor,
    foreign: tf.Tensor,
    weights: Weights,
    over_all: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
) -> tf.Tensor:
    """Scalar loss of a batch, or of a device's part of it.

    The loss of a patch counts where the landmark is visible and lies in it. A landmark that is unknown costs
    nothing.

    Args:
        outputs: of the network.
        xy, visible: labels, (b, 11, 2) input px and (b, 11), NaN where unknown.
        foreign: label (b,), NaN where unknown: there it costs nothing.
        weights: of the parts.
        over_all: sum of a number over all devices; their losses then add up to that of the whole batch.
    """
    known = tf.math.is_finite(visible)
    shown = tf.where(known, visible, tf.zeros_like(visible))
    seen = tf.maximum(over_all(tf.reduce_sum(shown)), 1.0)
    decisions = tf.maximum(over_all(tf.reduce_sum(tf.cast(known, tf.float32))), 1.0)
    heat = heat_loss(outputs["heat"], xy, shown, weights.target_sigma, STRIDE)
    distance = distance_loss(outputs["coarse_xy"], xy, shown, STRIDE)
    make: tf.Tensor | float = 0.0
    if "foreign" in outputs:
        judged = over_all(tf.reduce_sum(tf.cast(tf.math.is_finite(foreign), tf.float32)))
        make = foreign_loss(outputs["foreign"], foreign) / tf.maximum(judged, 1.0)
    return (
        weights.presence * presence_loss(outputs["presence"], visible) / decisions
        + weights.foreign * make
        + (weights.heat * heat + weights.distance * distance) / seen
        + patch_loss(outputs, xy, shown, weights, over_all)
    )


def patch_loss(
    outputs: dict[str, tf.Tensor],
    xy: tf.Tensor,
    visible: tf.Tensor,
    weights: Weights,
    over_all: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
) -> tf.Tensor:
    """The part of ``total`` that is about patches, from ``corner``, ``patch_heat`` and ``xy``."""
    place = xy - outputs["corner"]
    inside = tf.reduce_all((place >= _MARGIN) & (place <= PATCH - 1 - _MARGIN), axis=-1)
    in_patch = visible * tf.cast(inside, tf.float32)
    heat = heat_loss(outputs["patch_heat"], place, in_patch, weights.patch_sigma, PATCH_STRIDE)
    distance = distance_loss(outputs["xy"], xy, in_patch, PATCH_STRIDE)
    seen = tf.maximum(over_all(tf.reduce_sum(in_patch)), 1.0)
    return (weights.patch_heat * heat + weights.patch_distance * distance) / seen


def presence_loss(logits: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    """Binary cross entropy of the presence logits (b, 11), summed where ``visible`` is known."""
    return _cross_entropy(logits, visible)


def foreign_loss(logits: tf.Tensor, foreign: tf.Tensor) -> tf.Tensor:
    """Binary cross entropy of the logits (b, 1) of a foreign device, summed where the label (b,) is known."""
    return _cross_entropy(logits[:, 0], foreign)


def _cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Sum over labels that are known; NaN is unknown."""
    known = tf.math.is_finite(labels)
    told = tf.where(known, labels, tf.zeros_like(labels))
    loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=told, logits=logits)
    return tf.reduce_sum(tf.where(known, loss, tf.zeros_like(loss)))


def heat_loss(
    log_probability: tf.Tensor, xy: tf.Tensor, visible: tf.Tensor, sigma: float, stride: int
) -> tf.Tensor:
    """Cross entropy of heat maps (b, 11, cells) to a Gaussian around visible landmarks, summed.

    ``xy`` are px from the map's top left pixel, ``stride`` px a cell.
    """
    side = tf.cast(tf.sqrt(tf.cast(tf.shape(log_probability)[-1], tf.float32)), tf.int32)
    centre = (tf.cast(tf.range(side), tf.float32) + 0.5) * stride - 0.5
    # The Gaussian is separable: two softmaxes over an axis give its normalised weights.
    along_x = tf.nn.softmax(-((centre - xy[..., 0:1]) ** 2) / (2 * sigma**2))
    along_y = tf.nn.softmax(-((centre - xy[..., 1:2]) ** 2) / (2 * sigma**2))
    target = tf.reshape(along_y[..., :, None] * along_x[..., None, :], tf.shape(log_probability))
    return _sum_of_visible(-tf.reduce_sum(target * log_probability, axis=-1), visible)


def distance_loss(estimate: tf.Tensor, xy: tf.Tensor, visible: tf.Tensor, stride: int) -> tf.Tensor:
    """Distance of visible landmarks in heat-map cells, quadratic near zero, summed."""
    squared = tf.reduce_sum(((estimate - xy) / stride) ** 2, axis=-1)
    return _sum_of_visible(tf.sqrt(squared + 0.01) - 0.1, visible)


def _sum_of_visible(values: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
    # Multiplying would let a NaN or infinity of an absent landmark through.
    return tf.reduce_sum(tf.where(visible > 0, values, tf.zeros_like(values)))
