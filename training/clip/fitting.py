"""Trains the temporal head on what a finished network has seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from training.clip.streams import Stream, answers
from training.losses import Weights, patch_loss

_LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Examples:
    """Clips and where the landmarks are in their newest frames.

    Attributes:
        clips: (n, 11, CELLS, CELLS, frames) float16.
        corner: (n, 11, 2) of the patches.
        xy: (n, 11, 2) px of the input.
        visible: (n, 11).
    """

    clips: NDArray[np.float16]
    corner: NDArray[np.float32]
    xy: NDArray[np.float32]
    visible: NDArray[np.float32]

    @staticmethod
    def of(model: keras.Model, runs: Iterable[Stream]) -> Examples:
        """What ``model`` sees in ``runs``."""
        parts = []
        for run in runs:
            found = answers(model, run)
            parts.append((found.clips, found.corner, run.xy, run.visible))
        return Examples(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def fit(head: keras.Model, examples: Examples, epochs: int, seed: int, batch: int = 64) -> list[float]:
    """Train ``head`` in place; returns the mean loss of each epoch."""
    steps = max(1, len(examples.clips) // batch)
    rate = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, epochs * steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4)
    optimizer.build(head.trainable_variables)

    @tf.function(reduce_retracing=True)
    def update(clips: tf.Tensor, corner: tf.Tensor, xy: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = head(clips, training=True)
            found = {
                "corner": corner,
                "patch_heat": outputs["patch_heat"],
                "xy": corner + outputs["offset"],
            }
            loss = patch_loss(found, xy, visible, Weights())
        gradients = tape.gradient(loss, head.trainable_variables)
        optimizer.apply_gradients(zip(gradients, head.trainable_variables, strict=True))
        return loss

    rng = np.random.default_rng(seed)
    losses = []
    for _ in tqdm(range(epochs), unit="epoch", desc="temporal head"):
        order = rng.permutation(len(examples.clips))
        parts = np.array_split(order, steps)
        seen = [
            update(*(tf.constant(array[part], tf.float32) for array in vars(examples).values()))
            for part in parts
        ]
        losses.append(float(np.mean(seen)))
    return losses
