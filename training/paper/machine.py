"""What a measurement ran on and with."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from tavi_perception.evaluation.machine import processor_name


@dataclass(frozen=True)
class Machine:
    """Attributes:
    cpu: its name.
    cores: CPUs that this process may use.
    threads: that TensorFlow may use for one operation; 0: as many as there are cores.
    gpus: names of those that TensorFlow sees.
    load: how many processes ran or waited in the last minute, at the start.
    python, tensorflow, keras, numpy: versions.
    onednn: whether TensorFlow's oneDNN kernels were left on.
    """

    cpu: str
    cores: int
    threads: int
    gpus: tuple[str, ...]
    load: float
    python: str
    tensorflow: str
    keras: str
    numpy: str
    onednn: bool


def this_machine() -> Machine:
    """The machine and versions of this process."""
    return Machine(
        cpu=processor_name(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        threads=tf.config.threading.get_intra_op_parallelism_threads(),
        gpus=tuple(device.name for device in tf.config.list_physical_devices("GPU")),
        load=os.getloadavg()[0],
        python=platform.python_version(),
        tensorflow=tf.__version__,
        keras=keras.__version__,
        numpy=np.__version__,
        onednn=os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") != "0",
    )
