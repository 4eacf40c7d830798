"""Engines that run a bundle's network: LiteRT on the CPU, TensorFlow on a GPU."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tavi_perception.inference.bundle import (
    INT8_FILE,
    LITERT_FILE,
    SAVED_MODEL,
    ModelBundle,
    ModelContractError,
)
from tavi_perception.inference.manifest import Tensors
from tavi_perception.landmarks import COUNT

RUNTIMES = ("auto", "litert", "litert-int8", "tensorflow")
"""``litert`` and ``tensorflow`` give the same answer to 0.1 px. With convolutions of 8 bits it is another one
by 0.04 px of 512 in the median, in 40 % of the time."""

LOOK, ANSWER = "look", "answer"
"""Signatures of the two halves of a network: the look at the whole of an image, and the one at patches."""

_GPU_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Device files of NVIDIA, AMD and WSL drivers; without one TensorFlow need not be imported to look."""

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class RawOutputs:
    """The network's answer.

    Attributes:
        presence: (11,). xy: (11, 2) input px. covariance: (11, 3) xx, xy, yy input px².
        foreign: probability of a delivery system of another make; NaN where the model has no such output.
    """

    presence: Float32
    xy: Float32
    covariance: Float32
    foreign: float


Context = Mapping[str, Float32]
"""What a network has seen in the whole of an image, for its second look at patches: its own tensors."""


class Runtime(Protocol):
    """Runs one network; not to be shared between threads.

    ``looks_ahead``: it can ``look``, and ``run`` with what another image's look has seen.
    """

    name: str
    device: str
    looks_ahead: bool

    def run(self, image: Float32, context: Context | None = None) -> RawOutputs:
        """Outputs for an input (1, height, width, 1); of its patches alone where a ``context`` is given."""
        ...

    def look(self, image: Float32) -> Context:
        """What is seen in the whole of an input (1, height, width, 1)."""
        ...


def open_runtime(bundle: ModelBundle, name: str, threads: int) -> Runtime:
    """The runtime ``name`` with the network of ``bundle``.

    ``auto`` takes TensorFlow where there is a GPU, else LiteRT, with 8 bits where the bundle has them.

    Raises:
        ValueError: there is no such runtime.
        ModelContractError: the network's tensors are not those that the bundle promises, or the
            runtime's software or weights are missing.
    """
    if name not in RUNTIMES:
        raise ValueError(f"runtime {name!r} is unknown; choose one of {', '.join(RUNTIMES)}")
    if name == "auto":
        on_gpu = (bundle.folder / SAVED_MODEL).is_dir() and _sees_gpu()
        name = "tensorflow" if on_gpu else bundle.cpu_runtime
    if name == "tensorflow":
        return _TensorFlow(bundle, threads)
    return _LiteRT(bundle, threads, INT8_FILE if name == "litert-int8" else LITERT_FILE)


class _LiteRT:
    """TensorFlow's runtime for CPUs; needs no TensorFlow."""

    name = "litert"

    def __init__(self, bundle: ModelBundle, threads: int, file: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._tensors = bundle.manifest.tensors
        self.device = f"CPU, {threads} threads" + (", convolutions of 8 bits" if file == INT8_FILE else "")
        if not bundle.lists(file):
            raise ModelContractError(
                f"model bundle {bundle.folder}: it lists no {file}; use runtime litert, or export it again"
            )
        # Read whole: a path would be mapped, and a truncation of the file would end the process (SIGBUS).
        try:
            content = (bundle.folder / file).read_bytes()
        except OSError as error:
            raise ModelContractError(
                f"model bundle {bundle.folder}: {file} cannot be read ({error.strerror}); copy the "
                "whole bundle again"
            ) from None
        try:
            interpreter = Interpreter(model_content=content, num_threads=threads)
            self._runner = interpreter.get_signature_runner("serving_default")
            inputs, outputs = self._runner.get_input_details(), self._runner.get_output_details()
            self.looks_ahead = {LOOK, ANSWER} <= interpreter.get_signature_list().keys()
            if self.looks_ahead:
                self._look, self._answer = (interpreter.get_signature_runner(key) for key in (LOOK, ANSWER))
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ModelContractError(
                f"model bundle {bundle.folder}: {file} does not load ({reason})"
            ) from None
        shapes = {
            key: tuple(int(n) for n in details[key]["shape"])
            for details in (inputs, outputs)
            for key in details
        }
        _check_shapes(bundle, shapes)

    def run(self, image: Float32, context: Context | None = None) -> RawOutputs:
        given = {self._tensors.image: image}
        outputs = self._runner(**given) if context is None else self._answer(**given, **context)
        return _outputs(outputs, self._tensors)

    def look(self, image: Float32) -> Context:
        seen: Context = self._look(**{self._tensors.image: image})
        return seen


class _TensorFlow:
    """TensorFlow itself; compiled with XLA on a GPU only, since on a CPU XLA is slower."""

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
        self._tensors = bundle.manifest.tensors
        self.device = gpus[0].name if gpus else f"CPU, {threads} threads"
        self._module = tf.saved_model.load(str(bundle.folder / SAVED_MODEL))
        signature = self._module.signatures["serving_default"]
        shapes = {key: tuple(spec.shape) for key, spec in signature.structured_outputs.items()}
        specs = signature.structured_input_signature[1]
        _check_shapes(bundle, shapes | {key: tuple(spec.shape) for key, spec in specs.items()})
        self._run = tf.function(signature, jit_compile=True) if gpus else signature
        self._tf = tf

    def run(self, image: Float32, context: Context | None = None) -> RawOutputs:
        assert context is None, "it does not look ahead"
        outputs = self._run(**{self._tensors.image: self._tf.constant(image)})
        return _outputs({key: value.numpy() for key, value in outputs.items()}, self._tensors)

    def look(self, image: Float32) -> Context:
        raise NotImplementedError("it does not look ahead")


def _outputs(outputs: Mapping[str, Any], tensors: Tensors) -> RawOutputs:
    presence, xy, covariance = (
        outputs[name][0] for name in (tensors.presence, tensors.xy, tensors.covariance)
    )
    foreign = float(outputs[tensors.foreign][0, 0]) if tensors.foreign else math.nan
    return RawOutputs(presence, xy, covariance, foreign)


def _check_shapes(bundle: ModelBundle, actual: Mapping[str, tuple[int, ...]]) -> None:
    tensors = bundle.manifest.tensors
    # Pairs, not a dictionary: two roles may wrongly name one tensor.
    expected = (
        (tensors.image, (1, bundle.input_height, bundle.input_width, 1)),
        (tensors.presence, (1, COUNT)),
        (tensors.xy, (1, COUNT, 2)),
        (tensors.covariance, (1, COUNT, 3)),
        *([(tensors.foreign, (1, 1))] if tensors.foreign else []),
    )
    for name, shape in expected:
        if actual.get(name) != shape:
            raise ModelContractError(
                f"model bundle {bundle.folder}: tensor {name!r} has shape {actual.get(name)}, not {shape}"
            )


def _sees_gpu() -> bool:
    if not any(Path(device).exists() for device in _GPU_DEVICES):
        return False
    if importlib.util.find_spec("tensorflow") is None:
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
