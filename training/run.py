"""The state of a training: model, optimizer, averaged weights, step and history, all in the checkpoint."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tavi_perception.evaluation import metrics
from tavi_perception.evaluation.numbers import for_json
from training import data
from training.architectures import build
from training.augmentation import Batch
from training.distribution import Distribution
from training.forward import predict
from training.losses import Weights, total
from training.recipe import Plan, Recipe
from training.start import load_start

BEST = "best.weights.h5"
HISTORY = "history.json"
_SHOWN = ("step", "median_px", "mean_px", "p95_px", "macro_f1", "score")
_CLIP = 5.0
"""Largest norm of the gradient of all weights together."""


class Run:
    """A training in the folder ``out``, new or taken up at its last checkpoint.

    Args:
        start: weights that a new training starts from; see ``load_start``.
    """

    def __init__(
        self, recipe: Recipe, out: Path, distribution: Distribution, start: Path | None = None
    ) -> None:
        plan = recipe.plan
        keras.utils.set_random_seed(plan.seed)
        self._plan, self._out, self._distribution = plan, out, distribution
        with distribution.strategy.scope():
            self._main, self._averaged = (build(recipe.network, plan.size) for _ in range(2))
            if start:
                load_start(self._main, start)
            self._averaged.set_weights(self._main.get_weights())
            self._optimizer = keras.optimizers.AdamW(plan.learning_rate, weight_decay=plan.weight_decay)
            self._optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
            self._optimizer.build(self._main.trainable_variables)
            self._state = tf.Variable(0, dtype=tf.int64, name="step")
        # Validation happens in every process for itself, outside the strategy.
        self._measured = build(recipe.network, plan.size) if distribution.replicas > 1 else self._averaged
        checkpoint = tf.train.Checkpoint(
            model=self._main, averaged=self._averaged, optimizer=self._optimizer, state=self._state
        )
        # Saving is a joint act of all processes, but only one may write the real files.
        folder = out / "checkpoints"
        written = folder if distribution.chief else Path(tempfile.mkdtemp(prefix="tavi-worker-"))
        self._manager = tf.train.CheckpointManager(checkpoint, str(written), max_to_keep=2)
        self._log = tf.summary.create_file_writer(str(out / "logs")) if distribution.chief else None
        self._update = self._compiled()
        self.history: list[dict[str, float]] = []
        latest = tf.train.latest_checkpoint(str(folder))
        if latest:
            checkpoint.restore(latest)
            self.history = json.loads((out / HISTORY).read_text())
            self.history = [entry for entry in self.history if entry["step"] <= self.step]

    @property
    def step(self) -> int:
        return int(self._state.numpy())

    @property
    def stale(self) -> int:
        """Validations since the best one."""
        errors = [entry["score"] for entry in self.history]
        return len(errors) - 1 - int(np.argmin(errors)) if errors else 0

    def update(self, batch: Batch) -> float | None:
        """One step on this process's rows of a batch; every 20 steps the loss, which is logged."""
        rate = _learning_rate(self._plan, self.step)
        self._optimizer.learning_rate = rate
        divided = self._distribution.divided
        loss = self._update(
            *(divided(part) for part in (batch.images, batch.xy, batch.visible, batch.foreign, batch.jitter))
        )
        self._state.assign_add(1)
        if self.step % 20:
            return None
        self._write({"loss": float(loss), "learning_rate": rate})
        return float(loss)

    def validate(self, validation: data.Samples) -> bool:
        """Measure the averaged weights, keep them if they are the best so far, and write a checkpoint.

        Returns whether training shall go on.
        """
        if self._measured is not self._averaged:
            self._measured.set_weights(self._averaged.get_weights())
        figures = metrics.summary(predict(self._measured, validation).predictions, validation)
        self.history.append({"step": self.step, **figures})
        if self._distribution.chief:
            tqdm.write(" ".join(f"{name} {self.history[-1][name]:.4g}" for name in _SHOWN))
            self._write({f"validation/{name}": value for name, value in figures.items()})
            if self.stale == 0:
                self._measured.save_weights(str(self._out / BEST))
            # Whole or not at all: a kill in between must leave a history that can be read.
            part = self._out / "history.part"
            part.write_text(json.dumps(for_json(self.history), indent=2))
            part.replace(self._out / HISTORY)
        self._manager.save()
        return self._distribution.decided(self.stale < self._plan.patience)

    def _write(self, figures: dict[str, float]) -> None:
        if self._log:
            with self._log.as_default(step=self.step):
                for name, value in figures.items():
                    tf.summary.scalar(name, value)
            self._log.flush()

    def _compiled(self) -> Any:
        strategy, replicas = self._distribution.strategy, self._distribution.replicas
        model, optimizer, ema, weights = self._main, self._optimizer, self._plan.ema, Weights()
        variables = model.trainable_variables

        def on_replica(
            images: tf.Tensor, xy: tf.Tensor, visible: tf.Tensor, foreign: tf.Tensor, jitter: tf.Tensor
        ) -> tf.Tensor:
            context = tf.distribute.get_replica_context()

            def over_all(value: Any) -> Any:
                return context.all_reduce(tf.distribute.ReduceOp.SUM, value) if replicas > 1 else value

            with tf.GradientTape() as tape:
                outputs = model({"image": images, "jitter": jitter}, training=True)
                loss = total(outputs, xy, visible, foreign, weights, over_all)
            gradients, _ = tf.clip_by_global_norm(over_all(tape.gradient(loss, variables)), _CLIP)
            # The optimizer adds up what all replicas hand it.
            shares = [gradient / replicas for gradient in gradients]
            optimizer.apply_gradients(zip(shares, variables, strict=True))
            return over_all(loss)

        @tf.function(reduce_retracing=True)
        def update(*batch: Any) -> tf.Tensor:
            losses = strategy.run(on_replica, args=batch)
            for mean, value in zip(self._averaged.variables, model.variables, strict=True):
                if mean.dtype == "float32":
                    mean.assign(ema * mean + (1.0 - ema) * value)
            return strategy.experimental_local_results(losses)[0]

        return update


def _learning_rate(plan: Plan, step: int) -> float:
    warm = min(1.0, (step + 1) / plan.warm_up)
    return plan.learning_rate * warm * (0.5 * (1 + math.cos(math.pi * step / plan.steps)) + 0.005)
