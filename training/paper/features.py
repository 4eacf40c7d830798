"""Features of frozen extractors, computed once and kept in a file."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from training.paper.frames import resized

_BATCH = 16


def features(
    extractor: keras.Model, images: NDArray[np.uint8], folder: Path, words: str
) -> tuple[NDArray[np.float32], float]:
    """Features (n, f) of grey frames (n, side, side), in inference mode, and the seconds they took.

    They are kept in ``folder`` under a name that vouches for frames and weights. ``words`` labels the bar.
    """
    size = int(extractor.input_shape[1])
    file = folder / f"{_key(extractor, images, size)}.npz"
    if file.exists():
        with np.load(file) as archive:
            return archive["features"], float(archive["seconds"])
    start = time.perf_counter()

    @tf.function(reduce_retracing=True)
    def answer(batch: tf.Tensor) -> tf.Tensor:
        return extractor(tf.cast(batch, tf.float32), training=False)

    parts = [
        answer(tf.constant(resized(images[begin : begin + _BATCH], size))).numpy()
        for begin in tqdm(range(0, len(images), _BATCH), unit="batch", desc=words, leave=False)
    ]
    values, seconds = np.concatenate(parts), time.perf_counter() - start
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, features=values, seconds=seconds)
    part.rename(file)
    return values, seconds


def _key(extractor: keras.Model, images: NDArray[np.uint8], size: int) -> str:
    digest = hashlib.sha256(f"{extractor.name} {size}".encode())
    digest.update(np.ascontiguousarray(images).data)
    for weight in extractor.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return f"{extractor.name}_{size}_{digest.hexdigest()[:16]}"
