"""The functions that a bundle serves, and their conversion to LiteRT and SavedModel files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tavi_perception.inference.litert import ANSWER, LOOK
from tavi_perception.landmarks import COUNT
from training.architectures import halves
from training.calibration import LARGEST_LOGIT, SMALLEST_VARIANCE, Calibration

_SERVING = "serving_default"

Tensors = dict[str, tf.Tensor]


class Served:
    """A network with its calibration: presence as probability, blended covariance, no heat maps.

    ``serving_default`` answers an image. ``look`` says what is seen in the whole of an image, and ``answer``
    looks at the patches of one with what was seen in another; of the same image both say what
    ``serving_default`` does.
    """

    def __init__(self, model: keras.Model, size: int, calibration: Calibration) -> None:
        self._model, self._calibration = model, calibration
        self._whole, self._patches = halves(model)
        image = tf.TensorSpec((1, size, size, 1), tf.float32, name="image")
        context = {
            name: tf.TensorSpec((1, *tensor.shape[1:]), tf.float32, name=name)
            for name, tensor in self._whole.output.items()
        }
        self._functions = {
            _SERVING: tf.function(self._serve, input_signature=[image]).get_concrete_function(),
            LOOK: tf.function(self._look, input_signature=[image]).get_concrete_function(),
            ANSWER: tf.function(self._answer).get_concrete_function(image, **context),
        }

    def write_saved_model(self, folder: Path) -> None:
        """For TensorFlow, which answers whole images only."""
        write_saved_model(folder, self._model, self._functions[_SERVING])

    def litert(self) -> bytes:
        """A LiteRT model with all three signatures, which share the weights."""
        return _converted(self._functions)

    def _serve(self, image: tf.Tensor) -> Tensors:
        return self._answer(image, **self._look(image))

    def _look(self, image: tf.Tensor) -> Tensors:
        return dict(self._whole(image, training=False))

    def _answer(self, image: tf.Tensor, **context: tf.Tensor) -> Tensors:
        still = tf.zeros((1, COUNT, 2))
        found = self._patches([image, context["features"], context["estimate"], still], training=False)
        blend = tf.constant(self._calibration.blend[:, None], tf.float32)
        weights = tf.constant(self._calibration.presence, tf.float32)
        covariance = found["covariance"] + blend * context["spread"]
        # As calibration.evidence has it.
        logits = tf.clip_by_value(context["seen"] + found["presence"], -LARGEST_LOGIT, LARGEST_LOGIT)
        variance = covariance[..., 0] + covariance[..., 2] + SMALLEST_VARIANCE
        evidence = tf.concat([logits, 0.5 * tf.math.log(variance), tf.ones((1, 1))], axis=1)
        served = {
            "presence": tf.nn.sigmoid(tf.linalg.matmul(evidence, weights, transpose_b=True)),
            "xy": found["xy"],
            "covariance": covariance,
        }
        if "foreign" in context:
            served["foreign"] = tf.nn.sigmoid(context["foreign"] - self._calibration.foreign)
        return served


def write_saved_model(folder: Path, model: keras.Model, serve: Any) -> None:
    """``model`` for TensorFlow, answering by its concrete function ``serve``."""
    module = tf.Module()
    module.model = model
    tf.saved_model.save(module, str(folder), signatures={_SERVING: serve})


def converted(function: Callable[[tf.Tensor], Tensors], shape: Sequence[int]) -> bytes:
    """A LiteRT model of ``function`` of one tensor of ``shape``, its variables as constants."""
    signature = [tf.TensorSpec(shape, tf.float32, name="image")]
    return _converted({_SERVING: tf.function(function, input_signature=signature).get_concrete_function()})


def _converted(functions: dict[str, Any]) -> bytes:
    """A LiteRT model with a signature for each concrete function."""
    module = tf.Module()
    module.functions = {name: _frozen(each) for name, each in functions.items()}
    signatures = {name: each.get_concrete_function() for name, each in module.functions.items()}
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
        return bytes(converter.convert())


def _frozen(concrete: Any) -> Any:
    """A function of the same tensors with its variables as constants.

    Unfrozen functions of Keras 3 convert to a file without weights, and nothing says so.
    """
    frozen = convert_variables_to_constants_v2(concrete)
    # A frozen function returns its outputs as a list, in the order of their sorted names.
    names = sorted(concrete.structured_outputs)
    inputs = [tf.TensorSpec(each.shape, each.dtype, name=each.name.split(":")[0]) for each in frozen.inputs]

    @tf.function(input_signature=inputs)
    def function(*given: tf.Tensor) -> Tensors:
        return dict(zip(names, frozen(*given), strict=True))

    return function
