"""How long the variants take for a frame, through LiteRT on two threads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from tavi_perception.landmarks import COUNT
from training.clip.memory import CELLS, FRAMES, Memory, Seen
from training.serving import converted

_REPEATS = 100


def milliseconds(models: Sequence[keras.Model], head: keras.Model, size: int) -> dict[str, float]:
    """Median times of a frame (ms): single, clip with its memory, and average; run in turn."""
    still = tf.zeros((1, COUNT, 2))

    def single(image: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = models[0]({"image": image, "jitter": still}, training=False)
        return {name: outputs[name] for name in ("presence", "xy", "corner", "patch_heat")}

    image = np.random.default_rng(0).random((1, size, size, 1), np.float32)
    network = _interpreter(converted(single, image.shape))
    temporal = _interpreter(
        converted(lambda clip: head(clip, training=False), (1, COUNT, CELLS, CELLS, FRAMES))
    )
    memory = Memory()
    heat = np.random.default_rng(0).normal(-5, 2, (COUNT, CELLS, CELLS)).astype(np.float32)
    corners = [np.full((COUNT, 2), 8.0 * place, np.float32) for place in (0, 1)]
    taken: dict[str, list[float]] = {"network": [], "head": []}
    for number in range(_REPEATS):
        taken["network"].append(_timed(network, image))
        start = time.perf_counter()
        clip = memory.add(Seen(heat, corners[number % 2]))[None]
        taken["head"].append(time.perf_counter() - start + _timed(temporal, clip))
    network_ms, head_ms = (1e3 * float(np.median(times)) for times in taken.values())
    return {"single frame": network_ms, "clip": network_ms + head_ms, "average": len(models) * network_ms}


def _interpreter(content: bytes) -> Any:
    interpreter = Interpreter(model_content=content, num_threads=2)
    interpreter.allocate_tensors()
    return interpreter


def _timed(interpreter: Any, value: NDArray[np.float32]) -> float:
    start = time.perf_counter()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return time.perf_counter() - start
