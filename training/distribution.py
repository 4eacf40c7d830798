"""One training on several devices or machines, by ``tf.distribute``."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

CHOICES = ("none", "gpus", "workers")


class DistributionError(Exception):
    """A training cannot be shared out as asked; the message says why in one sentence."""


@dataclass(frozen=True)
class Distribution:
    """Who does which part of a training.

    Attributes:
        strategy: of TensorFlow.
        worker: number of this process among ``workers``.
        workers: processes.
    """

    strategy: Any
    worker: int = 0
    workers: int = 1

    @property
    def chief(self) -> bool:
        """Whether this process writes the results."""
        return self.worker == 0

    @property
    def replicas(self) -> int:
        return int(self.strategy.num_replicas_in_sync)

    def rows(self, batch: int) -> range:
        """Rows of a batch that this process prepares.

        Raises:
            DistributionError: the batch cannot be divided evenly.
        """
        if batch % self.replicas:
            raise DistributionError(
                f"a batch of {batch} cannot be divided among {self.replicas} devices; give a multiple of it"
            )
        share = batch // self.workers
        return range(self.worker * share, (self.worker + 1) * share)

    def divided(self, rows: NDArray[np.float32]) -> Any:
        """This process's rows (n, …), divided among its devices."""
        local = self.replicas // self.workers
        parts = np.split(rows, local)
        if self.replicas == 1:
            return tf.constant(parts[0])
        return self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group % local])
        )

    def decided(self, flag: bool) -> bool:
        """What the chief says; all processes go on or stop together."""
        if self.workers == 1:
            return flag
        mine = tf.constant(float(flag and self.chief))

        @tf.function
        def agreed() -> tf.Tensor:
            return self.strategy.run(
                lambda: tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, mine)
            )

        return bool(self.strategy.experimental_local_results(agreed())[0] > 0)


def distribution(choice: str) -> Distribution:
    """Opens the devices; before anything else of TensorFlow is used.

    Args:
        choice: ``none``: one device; ``gpus``: all GPUs of this machine; ``workers``: the processes that the
            environment variable TF_CONFIG names, all of which run the same command.

    Raises:
        DistributionError: there is no GPU, or TF_CONFIG is missing or broken.
    """
    if choice == "none":
        return Distribution(tf.distribute.get_strategy())
    if choice == "gpus":
        if not tf.config.list_physical_devices("GPU"):
            raise DistributionError("--distribute gpus: TensorFlow sees no GPU here; leave it out")
        return Distribution(tf.distribute.MirroredStrategy())
    try:
        described = json.loads(os.environ["TF_CONFIG"])
        workers, task = described["cluster"]["worker"], described["task"]
        if task["type"] != "worker" or not 0 <= int(task["index"]) < len(workers):
            raise ValueError(f"task {task} is none of {len(workers)} workers")
    except (KeyError, TypeError, ValueError) as error:
        raise DistributionError(
            "--distribute workers: the environment variable TF_CONFIG has to name the workers and this one, "
            'as {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}} '
            f"({type(error).__name__}: {error})"
        ) from error
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    return Distribution(strategy, int(task["index"]), len(workers))
