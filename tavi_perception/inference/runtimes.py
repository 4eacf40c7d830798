"""The choice of what runs a bundle's network: LiteRT on the CPU, TensorFlow on a GPU."""

from __future__ import annotations

from tavi_perception.inference.bundle import INT8_FILE, LITERT_FILE, SAVED_MODEL, ModelBundle
from tavi_perception.inference.handover import Handover
from tavi_perception.inference.litert import LiteRT
from tavi_perception.inference.runtime import Runtime
from tavi_perception.inference.tensorflow import TensorFlow, may_see_gpu, sees_gpu

RUNTIMES = ("auto", "litert", "litert-int8", "tensorflow")
"""``litert`` and ``tensorflow`` give the same answer to 0.1 px. With convolutions of 8 bits it is another one
by 0.04 px of 512 in the median, in 40 % of the time."""


def open_runtime(bundle: ModelBundle, name: str, threads: int, at_once: bool = False) -> Runtime:
    """The runtime ``name`` with the network of ``bundle``.

    ``auto`` takes TensorFlow where there is a GPU, else LiteRT, with 8 bits where the bundle has them;
    ``at_once``, it answers by the latter until the GPU is ready, and if it fails.

    Raises:
        ValueError: there is no such runtime.
        ModelContractError: the network's tensors are not those that the bundle promises, or the
            runtime's software or weights are missing.
    """
    if name not in RUNTIMES:
        raise ValueError(f"runtime {name!r} is unknown; choose one of {', '.join(RUNTIMES)}")
    if name == "auto":
        if not (may_see_gpu() and (bundle.folder / SAVED_MODEL).is_dir()):
            name = bundle.cpu_runtime
        elif at_once:
            return Handover(
                open_runtime(bundle, bundle.cpu_runtime, threads),
                lambda: TensorFlow(bundle, threads) if sees_gpu() else None,
                (bundle.input_height, bundle.input_width),
            )
        else:
            name = "tensorflow" if sees_gpu() else bundle.cpu_runtime
    if name == "tensorflow":
        return TensorFlow(bundle, threads)
    return LiteRT(bundle, threads, INT8_FILE if name == "litert-int8" else LITERT_FILE)
