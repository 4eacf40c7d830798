"""A network of the paper: one extractor, shared by a classifier and a regressor."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from tavi_perception.landmarks import COUNT
from training.paper.configuration import Configuration
from training.paper.extractors import build_extractor


@dataclass(frozen=True)
class Network:
    """A network and its two parts, which share their weights with it.

    Attributes:
        extractor: grey frames (n, s, s, 1), levels 0…255 → features (n, f).
        heads: features (n, f) → presence (n, 11) and points (n, 22), each 0…1.
        whole: grey frames → presence and points. Points are x, y of each landmark in turn, as shares of the
            frame's side.
    """

    extractor: keras.Model
    heads: keras.Model
    whole: keras.Model


def build(configuration: Configuration) -> Network:
    """The network of ``configuration``, the same for the same seed.

    Raises:
        ConfigurationError: the extractor's weights cannot be had or do not fit.
    """
    keras.utils.set_random_seed(configuration.seed)
    size = configuration.input_size
    extractor = build_extractor(configuration.extractor, size, configuration.weights)
    extractor.trainable = configuration.fine_tuned
    if configuration.norm_momentum:
        _set_momentum(extractor, configuration.norm_momentum)
    heads = _heads(int(extractor.output_shape[-1]), configuration.dense_units)
    image = keras.Input((size, size, 1), name="grey")
    # Not trainable is not enough for layers in general: the call itself asks for inference mode.
    features = extractor(image) if configuration.fine_tuned else extractor(image, training=False)
    return Network(extractor, heads, keras.Model(image, heads(features), name="whole"))


def _heads(features: int, units: int) -> keras.Model:
    inputs = keras.Input((features,), name="features")
    classifier = keras.layers.Dense(units, activation="relu", name="classifier")(inputs)
    presence = keras.layers.Dense(COUNT, activation="sigmoid", name="presence")(classifier)
    regressor = keras.layers.Dense(units, activation="relu", name="regressor")(inputs)
    points = keras.layers.Dense(2 * COUNT, activation="sigmoid", name="points")(regressor)
    return keras.Model(inputs, [presence, points], name="heads")


def _set_momentum(model: keras.Model, momentum: float) -> None:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _set_momentum(layer, momentum)
        elif isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
