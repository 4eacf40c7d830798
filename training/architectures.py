"""Our network: shared extractor, presence classifier, and coordinates from heat maps, refined on patches."""

from __future__ import annotations

from dataclasses import dataclass, field

import keras
from keras import layers

from tavi_perception.landmarks import COUNT
from training.layers import Expectation, convolution, residual, to_heat
from training.refinement import Refinement, refined


@dataclass(frozen=True)
class Network:
    """A residual network of ordinary 3×3 convolutions, trained from scratch.

    Attributes:
        widths: channels at strides 8, 16, 32, 64; at least 32 (oneDNN's training crashed with 16).
        depths: residual blocks at those strides.
        dense: units of the hidden layer of the presence classifier.
        foreign: units of the hidden layer that tells devices of another make; 0 for a network without it.
        refinement: of the second look at patches.
    """

    widths: tuple[int, int, int, int] = (32, 64, 96, 128)
    depths: tuple[int, int, int, int] = (0, 1, 2, 2)
    dense: int = 128
    foreign: int = 32
    refinement: Refinement = field(default_factory=Refinement)


STRIDE = 8
"""Input pixels per cell of the heat maps over the whole image."""

_STEM = 32
"""Channels at stride 4."""


def build(config: Network, size: int) -> keras.Model:
    """A training model for grey inputs ``image`` (batch, size, size, 1) scaled to −1…1.

    A second input ``jitter`` (batch, 11, 2), in px, moves the patches away from the first estimate; zero
    but in training. Outputs:

    - ``presence`` logits (batch, 11)
    - ``foreign`` logit (batch, 1) of a delivery system of another make, where the network has that head
    - ``heat`` log-probabilities (batch, 11, cells) over the cells of the whole image, row by row;
      ``coarse_xy`` (batch, 11, 2), their expectation, and ``coarse_covariance`` (batch, 11, 3) in px of the
      input
    - ``corner`` (batch, 11, 2) top left pixel of each landmark's patch and ``patch_heat``
      (batch, 11, cells) over the cells of the patch
    - ``xy`` (batch, 11, 2) and ``covariance`` (batch, 11, 3) xx, xy, yy: what the patches say, in px of
      the input
    """
    image = keras.Input((size, size, 1), name="image")
    jitter = keras.Input((COUNT, 2), name="jitter")
    # Without batch normalisation: at this resolution it would cost a quarter of the training's time.
    x = layers.Conv2D(_STEM, 8, 4, padding="same", activation="relu", name="stem")(image)
    levels = []
    for width, depth in zip(config.widths, config.depths, strict=True):
        x = convolution(x, width, stride=2)
        for _ in range(depth):
            x = residual(x, width)
        levels.append(x)
    pooled = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    fine = _top_down(levels)
    heat = to_heat(layers.Conv2D(COUNT, 1, name="heat_logits")(fine), name="heat")
    coarse_xy, coarse_covariance = Expectation(size // STRIDE, STRIDE, name="coarse", dtype="float32")(heat)
    peak = layers.GlobalMaxPooling1D()(layers.Permute((2, 1))(heat))
    hidden = layers.Dense(config.dense, activation="relu")(layers.Concatenate()([pooled, peak]))
    patches = refined(config.refinement, image, fine, coarse_xy, jitter, size)
    presence = layers.Dense(COUNT, dtype="float32")(hidden)
    presence = layers.Add(name="presence", dtype="float32")([presence, patches.presence])
    outputs = {
        "presence": presence,
        "heat": heat,
        "coarse_xy": coarse_xy,
        "coarse_covariance": coarse_covariance,
        "corner": patches.corner,
        "patch_heat": patches.heat,
        "xy": patches.xy,
        "covariance": patches.covariance,
    }
    if config.foreign:
        seen = layers.Concatenate(name="foreign_seen")([pooled, peak])
        told = layers.Dense(config.foreign, activation="relu", name="foreign_hidden")(seen)
        outputs["foreign"] = layers.Dense(1, name="foreign", dtype="float32")(told)
    return keras.Model({"image": image, "jitter": jitter}, outputs, name="network")


def halves(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The same network, with the same weights, as its look at the whole image and the one at patches.

    The first gives the tensors ``features``, ``estimate``, ``spread`` (the estimate's covariance), ``seen``
    (its share of the presence logits) and, where there is that head, ``foreign``; the second takes a list of
    ``image``, ``features``, ``estimate`` and ``jitter``, and gives ``xy``, ``covariance`` and its share of
    ``presence``.
    """
    features, _ = model.get_layer("context").input
    estimate, spread = model.get_layer("coarse").output
    seen, patches = model.get_layer("presence").input
    whole = {"features": features, "estimate": estimate, "spread": spread, "seen": seen}
    if "foreign" in model.output:
        whole["foreign"] = model.output["foreign"]
    given = [model.input["image"], features, estimate, model.input["jitter"]]
    found = {"xy": model.output["xy"], "covariance": model.output["covariance"], "presence": patches}
    return keras.Model(model.input["image"], whole), keras.Model(given, found)


def without_foreign(model: keras.Model) -> keras.Model:
    """The same network, with the same weights, without the head that tells foreign devices."""
    outputs = {name: output for name, output in model.output.items() if name != "foreign"}
    return keras.Model(model.input, outputs, name="network")


def _top_down(levels: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Coarse features brought back to the finest level, added to it there."""
    x = levels[-1]
    for lateral in reversed(levels[:-1]):
        width = lateral.shape[-1]
        x = layers.UpSampling2D(2, interpolation="nearest")(convolution(x, width, kernel=1))
        x = convolution(layers.Add()([x, lateral]), width)
    return x
