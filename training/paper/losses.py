"""The paper's loss: cross-entropy of presence and log-cosh of coordinates, weighted."""

from __future__ import annotations

from typing import Any

from keras import ops

from training.paper.configuration import Configuration

_EPSILON = 1e-7
"""Probabilities are kept this far from 0 and 1, as Keras does."""


def loss(configuration: Configuration, presence: Any, points: Any, visible: Any, targets: Any) -> Any:
    """The scalar loss of a batch.

    Args:
        configuration: its weights of the two parts, and whether absent landmarks are masked.
        presence: (n, 11) predicted probability.
        points: (n, 22) predicted shares of the side.
        visible: (n, 11) 1 or 0.
        targets: (n, 22) shares of the side, 0 where absent.
    """
    entropy = cross_entropy(presence, visible)
    if configuration.mask_absent:
        distance = log_cosh(points, targets, ops.repeat(visible, 2, axis=1))
    else:
        distance = log_cosh(points, targets, ops.ones_like(targets))
    return configuration.presence_weight * entropy + configuration.point_weight * distance


def cross_entropy(presence: Any, visible: Any) -> Any:
    """Mean binary cross-entropy of probabilities."""
    sure = ops.clip(presence, _EPSILON, 1.0 - _EPSILON)
    return -ops.mean(visible * ops.log(sure) + (1.0 - visible) * ops.log(1.0 - sure))


def log_cosh(points: Any, targets: Any, mask: Any) -> Any:
    """Mean logarithm of the hyperbolic cosine of the errors where ``mask`` is 1; 0 where it never is."""
    error = points - targets
    values = error + ops.softplus(-2.0 * error) - ops.log(2.0)
    return ops.sum(mask * values) / ops.maximum(ops.sum(mask), 1.0)
