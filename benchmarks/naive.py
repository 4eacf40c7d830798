"""The pipeline that ours is measured against: what a straightforward inference script does."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import LITERT_FILE, SAVED_MODEL, ModelBundle

Answering = Callable[[GreyImage], Any]
"""Takes one grey frame to whatever the network says of it."""


def naive(bundle: ModelBundle) -> Answering:
    """Area resizing straight to the input, grey levels in float64, LiteRT as it starts without settings."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(bundle.folder / LITERT_FILE)).get_signature_runner("serving_default")
    return lambda image: runner(**{bundle.manifest.tensors.image: prepared(bundle, image)})


def keras_predict(bundle: ModelBundle) -> Answering | None:
    """The same preparation, then ``predict`` of Keras on a batch of one; None where TensorFlow is missing."""
    if importlib.util.find_spec("tensorflow") is None or not (bundle.folder / SAVED_MODEL).is_dir():
        return None
    import keras

    layer = keras.layers.TFSMLayer(str(bundle.folder / SAVED_MODEL), call_endpoint="serving_default")
    inputs = keras.Input((bundle.input_height, bundle.input_width, 1), batch_size=1)
    model = keras.Model(inputs, layer(inputs))
    return lambda image: model.predict(prepared(bundle, image), verbose=0)


def prepared(bundle: ModelBundle, image: GreyImage) -> Any:
    """(1, height, width, 1) float32: a square frame prepared the obvious way."""
    size = (bundle.input_width, bundle.input_height)
    grey = cv2.resize(image.astype(np.float64), size, interpolation=cv2.INTER_AREA)
    scaled = grey * bundle.manifest.scale + bundle.manifest.offset
    return scaled[None, :, :, None].astype(np.float32)
