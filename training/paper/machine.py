"""What a measurement with TensorFlow ran on and with."""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf

from tavi_perception.evaluation.machine import describe_machine


def describe_training_machine() -> dict[str, Any]:
    """``describe_machine`` and what TensorFlow makes of it; for JSON.

    ``threads`` it may use for one operation (0: as many as there are cores), ``gpus`` it sees, whether its
    ``onednn`` kernels were left on; ``load`` is how many processes ran or waited in the last minute.
    """
    return {
        **describe_machine(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "gpus": [device.name for device in tf.config.list_physical_devices("GPU")],
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") != "0",
        "load": os.getloadavg()[0],
    }
