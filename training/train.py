"""Trains a network on rendered frames: AdamW with cosine decay, growing input, checkpoints, resume."""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from training import data, metrics
from training.architectures import Compact, build
from training.augmentation import Batch, batches
from training.forward import predict
from training.losses import Weights, total


@dataclass(frozen=True)
class Phase:
    """Part of a training at one input size."""

    size: int
    batch: int
    steps: int


@dataclass(frozen=True)
class Plan:
    """Everything that determines a training besides its data.

    Attributes:
        phases: in order; the last one's size is the model's input.
        learning_rate, weight_decay: AdamW's; the rate warms up, then falls by a cosine over all phases.
        ema: decay of the running mean of the weights, which is what gets validated and exported.
        validate_every: steps between validations, each followed by a checkpoint.
        patience: validations without a better error after which training stops early.
        seed: of initialisation, order and augmentation.
    """

    phases: tuple[Phase, ...]
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warm_up: int = 150
    ema: float = 0.995
    validate_every: int = 200
    patience: int = 12
    seed: int = 1

    @property
    def steps(self) -> int:
        return sum(phase.steps for phase in self.phases)


def main(argv: Sequence[str] | None = None) -> int:
    """Train a model on rendered frames; rendering, training and a killed training all resume."""
    parser = argparse.ArgumentParser(prog="tavi train", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and weights")
    parser.add_argument("--cache", type=Path, default=data.DEFAULT_CACHE, help="folder of rendered frames")
    parser.add_argument("--training", type=int, default=2_400, help="number of training patients")
    parser.add_argument("--validation", type=int, default=200, help="number of validation patients")
    parser.add_argument(
        "--phases", default="128:64:800,256:32:1400", help="SIZE:BATCH:STEPS of each phase, comma separated"
    )
    parser.add_argument("--learning-rate", type=float, default=Plan.learning_rate)
    parser.add_argument("--validate-every", type=int, default=Plan.validate_every)
    parser.add_argument("--patience", type=int, default=Plan.patience)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the history of validations here")
    arguments = parser.parse_args(argv)
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    phases = tuple(Phase(*map(int, part.split(":"))) for part in arguments.phases.split(","))
    size = phases[-1].size
    validation = data.load(data.render(arguments.cache, data.validation_seeds(arguments.validation), size))
    samples = data.load(data.render(arguments.cache, data.training_seeds(arguments.training), size))
    plan = Plan(
        phases,
        learning_rate=arguments.learning_rate,
        validate_every=arguments.validate_every,
        patience=arguments.patience,
        seed=arguments.seed,
    )
    history = train(Compact(), plan, samples, validation, arguments.out)
    if arguments.json:
        arguments.json.write_text(json.dumps(history, indent=2))
    return 0


def train(
    config: Compact, plan: Plan, samples: data.Samples, validation: data.Samples, out: Path
) -> list[dict[str, float]]:
    """Train to the end of ``plan``, or go on from the last checkpoint in ``out``; returns the validations.

    Leaves the best averaged weights as ``out/best.weights.h5`` beside ``out/plan.json``.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "plan.json").write_text(
        json.dumps({"architecture": asdict(config), "plan": asdict(plan)}, indent=2)
    )
    run = _Run(config, plan, out)
    with tqdm(total=plan.steps, initial=run.step, unit="step", desc="training") as bar:
        for phase, start, stop in run.remaining_phases():
            run.enter(phase)
            for batch in batches(samples, phase.size, phase.batch, plan.seed, start, stop):
                loss = run.update(batch)
                bar.update()
                if run.step % 20 == 0:
                    bar.set_postfix(loss=f"{float(loss):.3f}", size=phase.size)
                if run.step % plan.validate_every == 0 or run.step == plan.steps:
                    run.validate(validation)
                    if run.stale >= plan.patience:
                        return run.history
    return run.history


class _Run:
    """State of a training: model, optimizer, averaged weights, step and history, all in the checkpoint."""

    def __init__(self, config: Compact, plan: Plan, out: Path) -> None:
        keras.utils.set_random_seed(plan.seed)
        self._plan, self._out = plan, out
        self._final_size = plan.phases[-1].size
        self._main, self._averaged = build(config), build(config)
        self._averaged.set_weights(self._main.get_weights())
        self._optimizer = keras.optimizers.AdamW(plan.learning_rate, weight_decay=plan.weight_decay)
        self._optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self._optimizer.build(self._main.trainable_variables)
        self._state = tf.Variable(np.zeros(1, np.int64), shape=[1], name="step")
        checkpoint = tf.train.Checkpoint(
            model=self._main, averaged=self._averaged, optimizer=self._optimizer, state=self._state
        )
        self._manager = tf.train.CheckpointManager(checkpoint, str(out / "checkpoints"), max_to_keep=2)
        self.history: list[dict[str, float]] = []
        if self._manager.restore_or_initialize():
            self.history = json.loads((out / "history.json").read_text())
            self.history = [entry for entry in self.history if entry["step"] <= self.step]

    @property
    def step(self) -> int:
        return int(self._state.numpy()[0])

    @property
    def stale(self) -> int:
        """Validations since the best one, in the last phase."""
        errors = [entry["score"] for entry in self.history if entry["size"] == self._final_size]
        return len(errors) - 1 - int(np.argmin(errors)) if errors else 0

    def remaining_phases(self) -> list[tuple[Phase, int, int]]:
        """Phases not yet finished with the numbers of their remaining batches."""
        remaining, begin = [], 0
        for phase in self._plan.phases:
            start, end = max(self.step, begin), begin + phase.steps
            if start < end:
                remaining.append((phase, start - begin, phase.steps))
            begin = end
        return remaining

    def enter(self, phase: Phase) -> None:
        """Compile the step for the phase's input size."""
        self._phase = phase
        model = self._main
        weights = Weights(target_sigma=4.0)
        variables = self._main.trainable_variables
        ema = self._plan.ema

        @tf.function(reduce_retracing=True)
        def update(images: tf.Tensor, xy: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = total(model(images, training=True), xy, visible, weights)
            gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 5.0)
            self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
            for mean, value in zip(self._averaged.variables, self._main.variables, strict=True):
                if mean.dtype == "float32":
                    mean.assign(ema * mean + (1.0 - ema) * value)
            return loss

        self._update = update

    def update(self, batch: Batch) -> tf.Tensor:
        self._optimizer.learning_rate = _learning_rate(self._plan, self.step)
        loss = self._update(*batch)
        self._state.assign_add([1])
        return loss

    def validate(self, validation: data.Samples) -> None:
        """Measure the averaged weights, keep them if they are the best so far, and write a checkpoint."""
        labelled = data.reduced(validation, self._phase.size)
        figures = metrics.summary(predict(self._averaged, labelled), labelled)
        entry = {"step": self.step, "size": self._phase.size, **figures}
        self.history.append(entry)
        tqdm.write(" ".join(f"{key} {value:.4g}" for key, value in entry.items()))
        if self.stale == 0:
            self._averaged.save_weights(str(self._out / "best.weights.h5"))
        # Whole or not at all: a kill in between must leave a history that can be read.
        part = self._out / "history.part"
        part.write_text(json.dumps(self.history, indent=2))
        part.replace(self._out / "history.json")
        self._manager.save()


def _learning_rate(plan: Plan, step: int) -> float:
    warm = min(1.0, (step + 1) / plan.warm_up)
    return plan.learning_rate * warm * (0.5 * (1 + math.cos(math.pi * step / plan.steps)) + 0.005)


if __name__ == "__main__":
    raise SystemExit(main())
