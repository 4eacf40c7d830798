"""Trains a network, or its heads, as the paper does: Rectified Adam, early stopping, best weights kept."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from training.paper.configuration import Configuration
from training.paper.losses import loss
from training.radam import RectifiedAdam

_CHECKPOINT_EVERY = 60.0
"""Seconds of training that a kill may cost."""

BEST = "best.weights.h5"
_STATE = "training"


@dataclass(frozen=True)
class LabelledInputs:
    """n inputs of the part that is trained, with their labels.

    Attributes:
        inputs: frames (n, s, s, 1) uint8, or features (n, f) float32.
        visible: (n, 11) float32, 1 or 0.
        targets: (n, 22) float32 shares of the side, 0 where absent.
    """

    inputs: NDArray[Any]
    visible: NDArray[np.float32]
    targets: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to.

    Attributes:
        training_loss: mean over its batches, while weights moved.
        validation_loss: after it.
        seconds: that it took, with its validation.
        shown: (k, 22) points of the frames to be shown, shares of the side, after it.
    """

    training_loss: float
    validation_loss: float
    seconds: float
    shown: list[list[float]]


def fit(
    part: keras.Model,
    configuration: Configuration,
    training: LabelledInputs,
    validation: LabelledInputs,
    shown: NDArray[Any],
    folder: Path,
) -> list[Epoch]:
    """Train ``part`` (→ presence (n, 11), points (n, 22)) and leave it with its best weights.

    Goes on from the last checkpoint in ``folder``, which holds the best weights in the end. ``shown`` are
    inputs whose predictions are kept after every epoch; entry 0 of the answer is the state before training.
    """
    run = _Run(part, configuration, folder)
    if not run.history:
        run.begin(training, validation, shown)
    with tqdm(total=configuration.epochs, initial=run.epoch, unit="epoch", leave=False) as bar:
        while run.epoch < configuration.epochs and not run.stale:
            run.train(training, validation, shown)
            last = run.history[-1]
            bar.set_postfix(loss=f"{last.training_loss:.4f}", validation=f"{last.validation_loss:.4f}")
            bar.update()
    part.load_weights(folder / BEST)
    return run.history


def best_epoch(history: list[Epoch]) -> int:
    """The epoch with the lowest validation loss; 0 is before training."""
    return int(np.argmin([epoch.validation_loss for epoch in history]))


def predict(
    part: keras.Model, inputs: NDArray[Any], batch: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Presence (n, 11) and points (n, 22)."""

    @tf.function(reduce_retracing=True)
    def answer(some: tf.Tensor) -> list[tf.Tensor]:
        return list(part(tf.cast(some, tf.float32), training=False))

    parts = [answer(tf.constant(inputs[start : start + batch])) for start in range(0, len(inputs), batch)]
    presence, points = zip(*parts, strict=True)
    return np.concatenate([p.numpy() for p in presence]), np.concatenate([p.numpy() for p in points])


class _Run:
    """State of a training, all of it in the checkpoint."""

    def __init__(self, part: keras.Model, configuration: Configuration, folder: Path) -> None:
        self._part, self._configuration, self._folder = part, configuration, folder
        self._optimizer = RectifiedAdam(configuration.learning_rate)
        self._optimizer.build(part.trainable_variables)
        self._epoch = tf.Variable(0, dtype=tf.int64, name="epoch")
        checkpoint = tf.train.Checkpoint(model=part, optimizer=self._optimizer, epoch=self._epoch)
        self._manager = tf.train.CheckpointManager(checkpoint, str(folder / _STATE), max_to_keep=1)
        self._written = time.monotonic()
        self.history: list[Epoch] = []
        file = folder / _STATE / "history.json"
        if file.exists() and self._manager.restore_or_initialize():
            entries = [Epoch(**entry) for entry in json.loads(file.read_text())]
            self.history = entries[: self.epoch + 1]
        self._compile()

    @property
    def epoch(self) -> int:
        """Epochs that are done."""
        return int(self._epoch.numpy())

    @property
    def stale(self) -> bool:
        """Whether the validation loss has not become better for too long; the state before does not count."""
        best, waited = float("inf"), 0
        for epoch in self.history[1:]:
            if epoch.validation_loss < best - self._configuration.min_delta:
                best, waited = epoch.validation_loss, 0
            else:
                waited += 1
        return waited >= self._configuration.patience

    def begin(self, training: LabelledInputs, validation: LabelledInputs, shown: NDArray[Any]) -> None:
        """Measure the untrained network."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._add(Epoch(self._mean_loss(training), self._mean_loss(validation), 0.0, self._points(shown)))

    def train(self, training: LabelledInputs, validation: LabelledInputs, shown: NDArray[Any]) -> None:
        """One epoch with its validation, a checkpoint when it is time."""
        start = time.perf_counter()
        order = np.random.default_rng((self._configuration.seed, self.epoch)).permutation(len(training))
        total = sum(float(self._step(*batch)) * len(batch[0]) for batch in self._batches(training, order))
        validation_loss = self._mean_loss(validation)
        seconds = time.perf_counter() - start
        self._epoch.assign_add(1)
        self._add(Epoch(total / len(training), validation_loss, seconds, self._points(shown)))
        if time.monotonic() - self._written >= _CHECKPOINT_EVERY:
            self._checkpoint()

    def _add(self, epoch: Epoch) -> None:
        self.history.append(epoch)
        if best_epoch(self.history) == len(self.history) - 1:
            self._part.save_weights(self._folder / BEST)

    def _checkpoint(self) -> None:
        folder = self._folder / _STATE
        folder.mkdir(exist_ok=True)
        # Whole or not at all: a kill in between must leave a history that can be read.
        part = folder / "history.part"
        part.write_text(json.dumps([dataclasses.asdict(epoch) for epoch in self.history]))
        part.replace(folder / "history.json")
        self._manager.save()
        self._written = time.monotonic()

    def _compile(self) -> None:
        part, configuration = self._part, self._configuration
        variables = part.trainable_variables

        def value(inputs: tf.Tensor, visible: tf.Tensor, targets: tf.Tensor, *, training: bool) -> tf.Tensor:
            presence, points = part(tf.cast(inputs, tf.float32), training=training)
            return loss(configuration, presence, points, visible, targets)

        @tf.function(reduce_retracing=True)
        def step(inputs: tf.Tensor, visible: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                now = value(inputs, visible, targets, training=True)
            self._optimizer.apply_gradients(zip(tape.gradient(now, variables), variables, strict=True))
            return now

        @tf.function(reduce_retracing=True)
        def measure(inputs: tf.Tensor, visible: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
            return value(inputs, visible, targets, training=False)

        self._step, self._measure = step, measure

    def _batches(
        self, labelled: LabelledInputs, order: NDArray[np.int64]
    ) -> Iterator[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
        for start in range(0, len(order), self._configuration.batch):
            some = np.sort(order[start : start + self._configuration.batch])
            arrays = (labelled.inputs[some], labelled.visible[some], labelled.targets[some])
            yield tuple(tf.constant(array) for array in arrays)

    def _mean_loss(self, labelled: LabelledInputs) -> float:
        batches = self._batches(labelled, np.arange(len(labelled)))
        return sum(float(self._measure(*batch)) * len(batch[0]) for batch in batches) / len(labelled)

    def _points(self, inputs: NDArray[Any]) -> list[list[float]]:
        return predict(self._part, inputs, self._configuration.batch)[1].tolist()
