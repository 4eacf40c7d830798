"""Network architectures: one shared extractor, a presence classifier and a coordinate regressor."""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from tavi_perception.landmarks import COUNT

STRIDE = 4
"""Input pixels per cell of the heat maps."""


@dataclass(frozen=True)
class Compact:
    """A compact residual network of ordinary 3×3 convolutions, trained from scratch.

    Attributes:
        widths: channels at strides 4, 8, 16, 32; at least 32 (oneDNN's training crashed with 16).
        depths: residual blocks at those strides.
        dense: units of the hidden layer of the presence classifier.
    """

    widths: tuple[int, int, int, int] = (32, 64, 96, 128)
    depths: tuple[int, int, int, int] = (1, 2, 2, 2)
    dense: int = 128


def build(config: Compact, size: int | None = None) -> keras.Model:
    """A training model for grey inputs (batch, size, size, 1) scaled to −1…1.

    Outputs: ``presence`` logits (batch, 11); ``heat`` log-probabilities (batch, 11, cells) over the
    cells of the heat maps, row by row; ``xy`` (batch, 11, 2) expectation in pixels of the input;
    ``covariance`` (batch, 11, 3) xx, xy, yy of the heat map in px². Weights fit every ``size``;
    without one, the model takes inputs of any.
    """
    image = keras.Input((size, size, 1), name="image")
    x = _convolution(image, 32, stride=2)
    levels = []
    for width, depth in zip(config.widths, config.depths, strict=True):
        x = _convolution(x, width, stride=2)
        for _ in range(depth):
            x = _residual(x, width)
        levels.append(x)
    pooled = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    fine = _top_down(levels)
    logits = layers.Conv2D(COUNT, 1, name="heat_logits")(fine)
    heat = layers.Permute((2, 1))(layers.Reshape((-1, COUNT))(logits))
    log_probability = layers.Activation("log_softmax", name="heat", dtype="float32")(heat)
    xy, covariance = Expectation(size // STRIDE if size else None, name="expectation")(log_probability)
    peak = layers.GlobalMaxPooling1D()(layers.Permute((2, 1))(log_probability))
    hidden = layers.Dense(config.dense, activation="relu")(layers.Concatenate()([pooled, peak]))
    presence = layers.Dense(COUNT, name="presence")(hidden)
    outputs = {"presence": presence, "heat": log_probability, "xy": xy, "covariance": covariance}
    return keras.Model(image, outputs, name="compact")


@keras.saving.register_keras_serializable("tavi_perception")
class Expectation(layers.Layer):
    """Mean and covariance of positions under heat maps, as one matrix product with a constant grid.

    Args:
        cells: side of the square heat map; None finds it out from each input (which LiteRT cannot).
    """

    def __init__(self, cells: int | None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.cells = cells

    def call(self, log_probability: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        cells = self.cells or keras.ops.sqrt(keras.ops.cast(keras.ops.shape(log_probability)[-1], "float32"))
        grid = _grid(cells)
        moments = keras.ops.matmul(keras.ops.exp(log_probability), grid)
        half = cells * (STRIDE / 2)
        mean_x, mean_y = moments[..., 0:1], moments[..., 1:2]
        xy = keras.ops.concatenate([mean_x, mean_y], axis=-1) * half + (half - 0.5)
        products = keras.ops.concatenate([mean_x * mean_x, mean_x * mean_y, mean_y * mean_y], axis=-1)
        return xy, (moments[..., 2:5] - products) * half**2

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "cells": self.cells}


def _grid(cells: int | keras.KerasTensor) -> keras.KerasTensor:
    """(cells², 5) x, y, xx, xy, yy of the cells' centres, in half image sides from the image's centre."""
    # These units keep the difference of moments exact enough in float32.
    ops = keras.ops
    axis = (ops.arange(cells, dtype="float32") + 0.5) / (cells / 2) - 1.0
    y, x = (ops.reshape(plane, (-1,)) for plane in ops.meshgrid(axis, axis, indexing="ij"))
    return ops.stack([x, y, x * x, x * y, y * y], axis=-1)


def _convolution(x: keras.KerasTensor, width: int, stride: int = 1, kernel: int = 3) -> keras.KerasTensor:
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))


def _residual(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    y = _convolution(x, width)
    y = layers.BatchNormalization(momentum=0.97)(layers.Conv2D(width, 3, padding="same", use_bias=False)(y))
    return layers.ReLU()(layers.Add()([x, y]))


def _top_down(levels: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Coarse features brought back to the finest level, added to it there."""
    x = levels[-1]
    for lateral in reversed(levels[:-1]):
        width = lateral.shape[-1]
        x = layers.UpSampling2D(2, interpolation="nearest")(_convolution(x, width, kernel=1))
        x = _convolution(layers.Add()([x, lateral]), width)
    return x
