"""Prediction time of single frames, networks taking turns so that the machine's load affects all equally."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from training.paper.frames import resized

Predict = Callable[[NDArray[np.uint8]], object]
"""Answers one grey frame (side, side) uint8, whatever it takes."""

_WARM_UP = 3


def prediction(model: keras.Model) -> Predict:
    """A network of the paper on one frame: shrinking it, the compiled network, its answer on the host."""
    size = int(model.input_shape[1])

    @tf.function(reduce_retracing=True)
    def answer(batch: tf.Tensor) -> list[tf.Tensor]:
        return list(model(tf.cast(batch, tf.float32), training=False))

    def predict(image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        outputs = answer(tf.constant(resized(image[None], size)))
        return [output.numpy() for output in outputs]

    return predict


def medians_ms(predicts: Mapping[str, Predict], images: NDArray[np.uint8], rounds: int) -> dict[str, float]:
    """Median time of each (ms) over ``rounds`` frames of (n, side, side), again from the first as needed."""
    for predict in predicts.values():
        for _ in range(min(_WARM_UP, rounds)):
            predict(images[0])
    times: dict[str, list[float]] = {name: [] for name in predicts}
    for turn in tqdm(range(rounds), unit="round", desc="prediction time", leave=False):
        image = images[turn % len(images)]
        for name, predict in predicts.items():
            start = time.perf_counter()
            predict(image)
            times[name].append((time.perf_counter() - start) * 1000)
    return {name: float(np.median(values)) for name, values in times.items()}


def duration(seconds: float) -> str:
    """A time in words: 42 s, 3 min 05 s, 1 h 02 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
