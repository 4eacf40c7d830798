"""Trains a network on rendered frames: AdamW with cosine decay, checkpoints, resume."""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from training import data, metrics
from training.architectures import Network, build
from training.augmentation import Batch, batches
from training.forward import predict
from training.losses import Weights, total


@dataclass(frozen=True)
class Plan:
    """Everything that determines a training besides its data.

    Attributes:
        size: side of the network's input (px).
        batch: frames in a step.
        steps: updates in all.
        learning_rate, weight_decay: AdamW's; the rate warms up, then falls by a cosine over all steps.
        ema: decay of the running mean of the weights, which is what gets validated and exported.
        validate_every: steps between validations, each followed by a checkpoint.
        patience: validations without a better error after which training stops early.
        seed: of initialisation, order and augmentation.
    """

    size: int = 512
    batch: int = 32
    steps: int = 4_000
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warm_up: int = 150
    ema: float = 0.995
    validate_every: int = 200
    patience: int = 12
    seed: int = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Train a model on rendered frames; rendering, training and a killed training all resume."""
    parser = argparse.ArgumentParser(prog="tavi train", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and weights")
    parser.add_argument("--cache", type=Path, default=data.DEFAULT_CACHE, help="folder of rendered frames")
    parser.add_argument("--training", type=int, default=2_400, help="number of training patients")
    parser.add_argument("--validation", type=int, default=200, help="number of validation patients")
    parser.add_argument("--size", type=int, default=Plan.size, help="side of the network's input (px)")
    parser.add_argument("--batch", type=int, default=Plan.batch, help="frames in a step")
    parser.add_argument("--steps", type=int, default=Plan.steps, help="updates in all")
    parser.add_argument("--start", type=Path, help="weights to start from, of another training")
    parser.add_argument("--learning-rate", type=float, default=Plan.learning_rate)
    parser.add_argument("--validate-every", type=int, default=Plan.validate_every)
    parser.add_argument("--patience", type=int, default=Plan.patience)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the history of validations here")
    arguments = parser.parse_args(argv)
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    size = arguments.size
    validation = data.load(data.render(arguments.cache, data.validation_seeds(arguments.validation), size))
    samples = data.load(data.render(arguments.cache, data.training_seeds(arguments.training), size))
    plan = Plan(
        size=size,
        batch=arguments.batch,
        steps=arguments.steps,
        learning_rate=arguments.learning_rate,
        validate_every=arguments.validate_every,
        patience=arguments.patience,
        seed=arguments.seed,
    )
    history = train(Network(), plan, samples, validation, arguments.out, arguments.start)
    if arguments.json:
        arguments.json.write_text(json.dumps(history, indent=2))
    return 0


def train(
    config: Network,
    plan: Plan,
    samples: data.Samples,
    validation: data.Samples,
    out: Path,
    start: Path | None = None,
) -> list[dict[str, float]]:
    """Train to the end of ``plan``, or go on from the last checkpoint in ``out``; returns the validations.

    Leaves the best averaged weights as ``out/best.weights.h5`` beside ``out/plan.json``.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "plan.json").write_text(
        json.dumps({"architecture": asdict(config), "plan": asdict(plan)}, indent=2)
    )
    run = _Run(config, plan, out, start)
    with tqdm(total=plan.steps, initial=run.step, unit="step", desc="training") as bar:
        for batch in batches(samples, plan.size, plan.batch, plan.seed, run.step, plan.steps):
            loss = run.update(batch)
            bar.update()
            if run.step % 20 == 0:
                bar.set_postfix(loss=f"{float(loss):.3f}")
            if run.step % plan.validate_every == 0 or run.step == plan.steps:
                run.validate(validation)
                if run.stale >= plan.patience:
                    break
    return run.history


class _Run:
    """State of a training: model, optimizer, averaged weights, step and history, all in the checkpoint."""

    def __init__(self, config: Network, plan: Plan, out: Path, start: Path | None) -> None:
        keras.utils.set_random_seed(plan.seed)
        self._plan, self._out = plan, out
        self._main, self._averaged = build(config, plan.size), build(config, plan.size)
        if start:
            self._main.load_weights(str(start))
        self._averaged.set_weights(self._main.get_weights())
        self._optimizer = keras.optimizers.AdamW(plan.learning_rate, weight_decay=plan.weight_decay)
        self._optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self._optimizer.build(self._main.trainable_variables)
        self._state = tf.Variable(np.zeros(1, np.int64), shape=[1], name="step")
        checkpoint = tf.train.Checkpoint(
            model=self._main, averaged=self._averaged, optimizer=self._optimizer, state=self._state
        )
        self._manager = tf.train.CheckpointManager(checkpoint, str(out / "checkpoints"), max_to_keep=2)
        self._update = self._compiled()
        self.history: list[dict[str, float]] = []
        if self._manager.restore_or_initialize():
            self.history = json.loads((out / "history.json").read_text())
            self.history = [entry for entry in self.history if entry["step"] <= self.step]

    @property
    def step(self) -> int:
        return int(self._state.numpy()[0])

    @property
    def stale(self) -> int:
        """Validations since the best one."""
        errors = [entry["score"] for entry in self.history]
        return len(errors) - 1 - int(np.argmin(errors)) if errors else 0

    def update(self, batch: Batch) -> tf.Tensor:
        self._optimizer.learning_rate = _learning_rate(self._plan, self.step)
        loss = self._update(batch.images, batch.xy, batch.visible, batch.jitter)
        self._state.assign_add([1])
        return loss

    def validate(self, validation: data.Samples) -> None:
        """Measure the averaged weights, keep them if they are the best so far, and write a checkpoint."""
        predictions, _ = predict(self._averaged, validation)
        figures = metrics.summary(predictions, validation)
        entry = {"step": self.step, **figures}
        self.history.append(entry)
        tqdm.write(" ".join(f"{key} {value:.4g}" for key, value in entry.items()))
        if self.stale == 0:
            self._averaged.save_weights(str(self._out / "best.weights.h5"))
        # Whole or not at all: a kill in between must leave a history that can be read.
        part = self._out / "history.part"
        part.write_text(json.dumps(self.history, indent=2))
        part.replace(self._out / "history.json")
        self._manager.save()

    def _compiled(self) -> Any:
        model, weights, ema = self._main, Weights(), self._plan.ema
        variables = model.trainable_variables

        @tf.function(reduce_retracing=True)
        def update(images: tf.Tensor, xy: tf.Tensor, visible: tf.Tensor, jitter: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                outputs = model({"image": images, "jitter": jitter}, training=True)
                loss = total(outputs, xy, visible, weights)
            gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 5.0)
            self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
            for mean, value in zip(self._averaged.variables, model.variables, strict=True):
                if mean.dtype == "float32":
                    mean.assign(ema * mean + (1.0 - ema) * value)
            return loss

        return update


def _learning_rate(plan: Plan, step: int) -> float:
    warm = min(1.0, (step + 1) / plan.warm_up)
    return plan.learning_rate * warm * (0.5 * (1 + math.cos(math.pi * step / plan.steps)) + 0.005)


if __name__ == "__main__":
    raise SystemExit(main())
