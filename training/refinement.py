"""The second look: a patch of the input around each landmark's first estimate, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers, ops

from tavi_perception.landmarks import COUNT
from training.layers import Expectation, convolution, residual

PATCH = 64
"""Side of a patch (px of the input)."""

PATCH_STRIDE = 4
"""Input pixels per cell of a patch's heat map."""

_GRID = 8
"""Corners lie on multiples of this (px), so that features of stride 8 can be cut out beside the pixels."""


@dataclass(frozen=True)
class Refinement:
    """Attributes:
    widths: channels at strides 4 and 8 of a patch; at least 32.
    depths: residual blocks there.
    """

    widths: tuple[int, int] = (48, 64)
    depths: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Patches:
    """What the patches say: see ``architectures.build``; ``presence`` are logits (batch, 11)."""

    corner: keras.KerasTensor
    heat: keras.KerasTensor
    xy: keras.KerasTensor
    covariance: keras.KerasTensor
    presence: keras.KerasTensor


def refined(
    config: Refinement,
    image: keras.KerasTensor,
    features: keras.KerasTensor,
    estimate: keras.KerasTensor,
    jitter: keras.KerasTensor,
    size: int,
) -> Patches:
    """Look at patches of ``image`` around ``estimate`` + ``jitter`` (batch, 11, 2) px.

    ``features`` (batch, size/8, size/8, channels) of the whole image tell a patch what lies around it.
    """
    # Positions stay in float32 whatever the rest computes in.
    corner = Corner(size, name="corner", dtype="float32")([estimate, jitter])
    fine, coarse = config.widths
    x = Cut(PATCH, 1, autocast=False)([image, corner])
    x = convolution(x, fine, stride=PATCH_STRIDE, kernel=8)
    x = PerLandmark(name="landmark")(x)
    for _ in range(config.depths[0]):
        x = residual(x, fine)
    y = convolution(x, coarse, stride=2)
    context = Cut(PATCH // _GRID, _GRID, name="context", autocast=False)([features, corner])
    y = convolution(layers.Concatenate()([y, context]), coarse, kernel=1)
    for _ in range(config.depths[1]):
        y = residual(y, coarse)
    up = layers.UpSampling2D(2, interpolation="nearest")(convolution(y, fine, kernel=1))
    x = convolution(layers.Add()([x, up]), fine)
    cells = PATCH // PATCH_STRIDE
    logits = layers.Reshape((COUNT, cells * cells))(OwnDense(name="patch_logits", dtype="float32")(x))
    heat = layers.Activation("log_softmax", name="patch_heat", dtype="float32")(logits)
    offset, covariance = Expectation(cells, PATCH_STRIDE, name="fine", dtype="float32")(heat)
    xy = layers.Add(name="xy", dtype="float32")([offset, corner])
    pooled = layers.Concatenate()([layers.GlobalAveragePooling2D()(y), layers.GlobalMaxPooling2D()(y)])
    peaks = ops.max(heat, axis=-1)
    presence = layers.Reshape((COUNT,))(OwnDense(name="patch_presence", dtype="float32")(pooled))
    presence = layers.Add(dtype="float32")([presence, Scale(name="patch_peak", dtype="float32")(peaks)])
    return Patches(corner, heat, xy, covariance, presence)


@keras.saving.register_keras_serializable("tavi_perception")
class Corner(layers.Layer):
    """Top left pixels (batch, 11, 2) of the patches centred at estimate + jitter, kept inside the image."""

    def __init__(self, size: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs: list[keras.KerasTensor]) -> keras.KerasTensor:
        estimate, jitter = inputs
        cell = ops.round((ops.stop_gradient(estimate) + jitter - (PATCH / 2 - 0.5)) / _GRID)
        return ops.clip(cell, 0.0, float((self.size - PATCH) // _GRID)) * float(_GRID)

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable("tavi_perception")
class Cut(layers.Layer):
    """Square windows of maps (batch, rows, columns, channels), one a landmark, batch and landmark merged.

    Args:
        side: of a window (cells of the map).
        stride: px of the input per cell of the map.
    """

    def __init__(self, side: int, stride: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.side, self.stride = side, stride

    def call(self, inputs: list[keras.KerasTensor]) -> keras.KerasTensor:
        """(batch · 11, side, side, channels) at corners (batch, 11, 2) px."""
        import tensorflow as tf  # Keras has no gather with batch dimensions.

        maps, corner = inputs
        _, rows, columns, channels = maps.shape
        start = tf.cast(corner / self.stride, tf.int32)
        steps = tf.range(self.side)
        row = start[..., 1:2] + steps
        column = start[..., 0:1] + steps
        index = row[..., :, None] * columns + column[..., None, :]
        flat = tf.reshape(maps, (-1, rows * columns, channels))
        index = tf.reshape(index, (-1, COUNT * self.side * self.side))
        windows = tf.gather(flat, index, batch_dims=1)
        return tf.reshape(windows, (-1, self.side, self.side, channels))

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        return (None, self.side, self.side, shapes[0][-1])

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "side": self.side, "stride": self.stride}


@keras.saving.register_keras_serializable("tavi_perception")
class PerLandmark(layers.Layer):
    """Adds a learned vector of each landmark to the features (batch · 11, rows, columns, channels)."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.vector = self.add_weight(
            shape=(COUNT, 1, 1, int(shape[-1] or 0)), initializer="random_normal", name="landmark_bias"
        )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        rows, columns, channels = x.shape[1:]
        apart = ops.reshape(x, (-1, COUNT, rows * columns, channels))
        moved = apart + ops.reshape(self.vector, (COUNT, 1, channels))
        return ops.reshape(moved, (-1, rows, columns, channels))


@keras.saving.register_keras_serializable("tavi_perception")
class OwnDense(layers.Layer):
    """A linear read-out of its own for each landmark: (batch · 11, …, channels) to (batch, 11, cells, 1)."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        channels = int(shape[-1] or 0)
        self.kernel = self.add_weight(
            shape=(COUNT, channels, 1), initializer=keras.initializers.RandomNormal(stddev=channels**-0.5)
        )
        self.bias = self.add_weight(shape=(COUNT, 1, 1), initializer="zeros", name="bias")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        channels = x.shape[-1]
        cells = 1
        for extent in x.shape[1:-1]:
            cells *= extent
        apart = ops.reshape(x, (-1, COUNT, cells, channels))
        return ops.matmul(apart, self.kernel) + self.bias


@keras.saving.register_keras_serializable("tavi_perception")
class Scale(layers.Layer):
    """A learned factor of each landmark for values (batch, 11)."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.factor = self.add_weight(shape=(COUNT,), initializer="zeros")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x * self.factor
