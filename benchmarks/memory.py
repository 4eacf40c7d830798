"""Peak memory of one pipeline in a process of its own, where nothing else adds to it.

python -m benchmarks.memory FOLDER predictor
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.latency import KERAS, NAIVE, PREDICTOR, Call
from benchmarks.naive import keras_predict, naive
from tavi_perception.inference.bundle import ModelBundle, load_bundle
from tavi_perception.inference.predictor import Predictor

_FRAMES = 10
_ROOT = Path(__file__).resolve().parents[1]


def peak_memory_mb(bundle: ModelBundle, pipeline: str, threads: int, size: int) -> float:
    """Largest resident size (MB, with Python and its libraries) of a process that runs a pipeline alone.

    Args:
        pipeline: ``PREDICTOR``, ``NAIVE`` or ``KERAS``.

    Raises:
        RuntimeError: the process failed.
    """
    words = [sys.executable, "-m", "benchmarks.memory", str(bundle.folder), pipeline, str(threads), str(size)]
    done = subprocess.run(words, cwd=_ROOT, capture_output=True, text=True, env=dict(os.environ), check=False)
    if done.returncode:
        raise RuntimeError(f"bench: measuring the memory of {pipeline} failed: {done.stderr[-500:].strip()}")
    return float(done.stdout.split()[-1])


def main(argv: Sequence[str] | None = None) -> int:
    """Run one pipeline on a few frames and print the peak memory (MB)."""
    words = sys.argv[1:] if argv is None else argv
    bundle, pipeline = load_bundle(words[0]), words[1]
    threads, size = (int(word) for word in words[2:4])
    call = _pipeline(bundle, pipeline, threads)
    for _ in range(_FRAMES):
        call(np.full((size, size), 128, dtype=np.uint8))
    # Not getrusage: that tells the peak of the process which has started this one, if it is higher.
    print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
    return 0


def _pipeline(bundle: ModelBundle, pipeline: str, threads: int) -> Call:
    if pipeline == PREDICTOR:
        return Predictor(bundle, bundle.cpu_runtime, threads).predict
    call = {NAIVE: naive, KERAS: keras_predict}[pipeline](bundle)
    assert call is not None
    return call


if __name__ == "__main__":
    raise SystemExit(main())
