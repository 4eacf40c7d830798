"""TensorFlow itself, for GPUs."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np

from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import SAVED_MODEL, ModelBundle, ModelContractError
from tavi_perception.inference.runtime import Context, RawOutputs, check_shapes, output_shapes, outputs_of

_GPU_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Device files of NVIDIA, AMD and WSL drivers; without one TensorFlow need not be imported to look."""


class TensorFlow:
    """Runs a bundle's SavedModel; compiled with XLA on a GPU only, since on a CPU XLA is slower.

    Grey levels go to the device as they are, a quarter of the network's input, and all that it says comes
    back at once: a GPU is waited for twice a frame.

    Raises:
        ModelContractError: TensorFlow or the SavedModel is missing, or the latter is not what the bundle
            promises.
    """

    name = "tensorflow"
    looks_ahead = False

    def __init__(self, bundle: ModelBundle, threads: int) -> None:
        if importlib.util.find_spec("tensorflow") is None:
            raise ModelContractError("runtime tensorflow: TensorFlow is not installed; use runtime litert")
        if not (bundle.folder / SAVED_MODEL).is_dir():
            raise ModelContractError(
                f"model bundle {bundle.folder}: it holds no {SAVED_MODEL}; use runtime litert"
            )
        import tensorflow as tf

        gpus = _prepared_gpus(tf, threads)
        manifest = bundle.manifest
        self._tensors = tensors = manifest.tensors
        self.device = gpus[0].name if gpus else f"CPU, {threads} threads"
        self._module = tf.saved_model.load(str(bundle.folder / SAVED_MODEL))
        signature = self._module.signatures["serving_default"]
        shapes = {key: tuple(spec.shape) for key, spec in signature.structured_outputs.items()}
        specs = signature.structured_input_signature[1]
        check_shapes(bundle, shapes | {key: tuple(spec.shape) for key, spec in specs.items()})
        self._shapes = dict(output_shapes(tensors))

        def run(levels: Any) -> Any:
            image = manifest.scaled(tf.cast(levels, tf.float32))[None, :, :, None]
            found = signature(**{tensors.image: image})
            return tf.concat([tf.reshape(found[name], (-1,)) for name in self._shapes], axis=0)

        levels = tf.TensorSpec((bundle.input_height, bundle.input_width), tf.uint8)
        self._run = tf.function(run, input_signature=[levels], jit_compile=True if gpus else None)

    def run(self, levels: GreyImage, context: Context | None = None) -> RawOutputs:
        """With or without a ``context`` it looks at the whole."""
        found = self._run(levels).numpy()
        ends = np.cumsum([math.prod(shape) for shape in self._shapes.values()])
        parts = np.split(found, ends[:-1])
        outputs = {
            name: part.reshape(shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }
        return outputs_of(outputs, self._tensors)

    def look(self, levels: GreyImage) -> Context:
        """Nothing: its answers need none."""
        return {}


def may_see_gpu() -> bool:
    """A driver and TensorFlow are there; whether they know a GPU only TensorFlow can tell."""
    return any(Path(device).exists() for device in _GPU_DEVICES) and bool(
        importlib.util.find_spec("tensorflow")
    )


def sees_gpu() -> bool:
    """TensorFlow knows a GPU; it is imported, where there is a driver."""
    if not may_see_gpu():
        return False
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _prepared_gpus(tf: Any, threads: int) -> list[Any]:
    """GPUs with memory growth; both settings hold only if TensorFlow has not been used before."""
    gpus = tf.config.list_physical_devices("GPU")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:
        pass
    return list(gpus)
