"""The temporal head: one heat map of each landmark from those of the last frames."""

from __future__ import annotations

import keras
from keras import layers, ops

from tavi_perception.landmarks import COUNT
from training.clip.memory import CELLS, FRAMES
from training.layers import Expectation
from training.refinement import PATCH_STRIDE, PerLandmark

_WIDTH = 32


def build_head(frames: int = FRAMES) -> keras.Model:
    """A model for clips (batch, 11, CELLS, CELLS, frames), the newest map first.

    Outputs: ``patch_heat`` (batch, 11, cells) log-probabilities, ``offset`` (batch, 11, 2) px from the
    patch's top left pixel, and ``covariance`` (batch, 11, 3) px². It starts as the present frame's map
    and learns what the past adds to it.
    """
    clip = keras.Input((COUNT, CELLS, CELLS, frames), name="clip")
    maps = ops.reshape(clip, (-1, CELLS, CELLS, frames))
    # Log-probabilities reach down to some −30.
    x = layers.Conv2D(_WIDTH, 3, padding="same", activation="relu")(maps / 10.0)
    x = PerLandmark()(x)
    x = layers.Conv2D(_WIDTH, 3, padding="same", activation="relu", dilation_rate=2)(x)
    x = layers.Conv2D(_WIDTH, 3, padding="same", activation="relu")(x)
    change = layers.Conv2D(1, 1, kernel_initializer="zeros")(x)
    logits = ops.reshape(maps[..., :1] + change, (-1, COUNT, CELLS * CELLS))
    heat = layers.Activation("log_softmax", name="patch_heat", dtype="float32")(logits)
    offset, covariance = Expectation(CELLS, PATCH_STRIDE, name="expectation", dtype="float32")(heat)
    return keras.Model(clip, {"patch_heat": heat, "offset": offset, "covariance": covariance}, name="clip")
