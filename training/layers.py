"""Building blocks that the networks share."""

from __future__ import annotations

import keras
from keras import layers, ops

from tavi_perception.landmarks import COUNT


def convolution(x: keras.KerasTensor, width: int, stride: int = 1, kernel: int = 3) -> keras.KerasTensor:
    """Convolution, batch normalisation and rectification."""
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))


def residual(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """A basic residual block (arXiv:1512.03385) of two 3×3 convolutions."""
    y = convolution(x, width)
    y = layers.BatchNormalization(momentum=0.97)(layers.Conv2D(width, 3, padding="same", use_bias=False)(y))
    return layers.ReLU()(layers.Add()([x, y]))


def to_heat(logits: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Log-probabilities (batch, 11, cells) over the cells of logits (batch, rows, columns, 11)."""
    flat = layers.Permute((2, 1))(layers.Reshape((-1, COUNT))(logits))
    return layers.Activation("log_softmax", name=name, dtype="float32")(flat)


@keras.saving.register_keras_serializable("tavi_perception")
class Expectation(layers.Layer):
    """Mean and covariance of positions under heat maps, as one matrix product with a constant grid.

    Args:
        cells: side of the square heat maps.
        stride: px of the input per cell; an integer is a pixel's centre.
    """

    def __init__(self, cells: int, stride: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.cells, self.stride = cells, stride

    def call(self, log_probability: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """(…, 2) mean in px and (…, 3) covariance xx, xy, yy in px² of heat maps (…, cells²)."""
        moments = ops.matmul(ops.exp(log_probability), self._grid())
        half = self.cells * (self.stride / 2)
        mean_x, mean_y = moments[..., 0:1], moments[..., 1:2]
        xy = ops.concatenate([mean_x, mean_y], axis=-1) * half + (half - 0.5)
        products = ops.concatenate([mean_x * mean_x, mean_x * mean_y, mean_y * mean_y], axis=-1)
        return xy, (moments[..., 2:5] - products) * half**2

    def _grid(self) -> keras.KerasTensor:
        """(cells², 5) x, y, xx, xy, yy of the cells' centres, in half sides from the centre."""
        # These units keep the difference of moments exact enough in float32.
        axis = (ops.arange(self.cells, dtype="float32") + 0.5) / (self.cells / 2) - 1.0
        y, x = (ops.reshape(plane, (-1,)) for plane in ops.meshgrid(axis, axis, indexing="ij"))
        return ops.stack([x, y, x * x, x * y, y * y], axis=-1)

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "cells": self.cells, "stride": self.stride}
