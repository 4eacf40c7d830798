"""One network of a screening from frames to figures, kept in a folder so that it need not be done twice."""

from __future__ import annotations

import dataclasses
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data import Samples
from training.paper.configuration import Configuration, ConfigurationError
from training.paper.features import features
from training.paper.fitting import BEST, Epoch, LabelledInputs, best_epoch, fit, predict
from training.paper.frames import Partition, resized, targets
from training.paper.network import Network, build
from training.paper.scores import Scores, outputs_of, score

RESULT = "result.json"
WEIGHTS = "whole.weights.h5"
SHOWN = 3
"""Test frames whose predictions are followed through training."""


@dataclass(frozen=True)
class Result:
    """A trained network.

    Attributes:
        configuration: what it is and how it was trained.
        frames_sha256: of the data set.
        scores: on the test frames, with the weights of the best epoch.
        history: entry 0 is before training.
        features_s: time to compute the features of all frames once; 0 when the extractor is trained.
        parameters, trained_parameters: numbers of weights, and of those that training moves.
        frames: the data set in words; empty in results from before it was kept.
    """

    configuration: Configuration
    frames_sha256: str
    scores: Scores
    history: list[Epoch]
    features_s: float
    parameters: int
    trained_parameters: int
    frames: str = ""

    @property
    def epochs(self) -> int:
        return len(self.history) - 1

    @property
    def best_epoch(self) -> int:
        return best_epoch(self.history)

    @property
    def epoch_s(self) -> float:
        """Median seconds of an epoch with its validation."""
        return float(np.median([epoch.seconds for epoch in self.history[1:]]))

    @property
    def training_s(self) -> float:
        """Seconds of all epochs, and of the features where they were computed once."""
        return self.features_s + sum(epoch.seconds for epoch in self.history)


def result_of(configuration: Configuration, split: Partition, out: Path, name: str) -> Result:
    """The result in ``out / name``, or else of training the network now, going on where it stopped.

    Raises:
        ConfigurationError: that folder holds the result of another configuration or of other frames, or
            the weights that the extractor shall start from cannot be had.
    """
    folder = out / name
    frames = split.sha256
    _claim(folder, configuration, frames)
    if (folder / RESULT).exists():
        return read_result(folder)
    network = build(configuration)
    parts = {
        key: _labelled(network, configuration, part, out / "features") for key, part in split.parts.items()
    }
    part = network.whole if configuration.fine_tuned else network.heads
    shown = parts["test"][0].inputs[shown_frames(split.test)]
    history = fit(part, configuration, parts["training"][0], parts["validation"][0], shown, folder)
    test = parts["test"][0]
    outputs = outputs_of(*predict(part, test.inputs, min(configuration.batch, 32)))
    result = Result(
        configuration,
        frames,
        score(outputs, test.visible, test.targets),
        history,
        sum(seconds for _, seconds in parts.values()),
        network.whole.count_params(),
        sum(int(np.prod(variable.shape)) for variable in part.trainable_variables),
        split.words,
    )
    network.whole.save_weights(folder / WEIGHTS)
    _write(folder / RESULT, dataclasses.asdict(result))
    shutil.rmtree(folder / "training", ignore_errors=True)
    (folder / BEST).unlink()
    return result


def shown_frames(test: Samples) -> NDArray[np.int64]:
    """Indices of frames to show: of each third of the test frames the one with most visible landmarks."""
    thirds = np.array_split(np.arange(len(test)), min(SHOWN, len(test)))
    visible = test.visible.sum(axis=1)
    return np.array([third[np.argmax(visible[third])] for third in thirds])


def _labelled(
    network: Network, configuration: Configuration, samples: Samples, folder: Path
) -> tuple[LabelledInputs, float]:
    """Inputs of the part that is trained, and the seconds that features took."""
    inputs: NDArray[Any]
    if configuration.fine_tuned:
        inputs, seconds = resized(samples.images, configuration.input_size), 0.0
    else:
        inputs, seconds = features(
            network.extractor, samples.images, folder, f"features of {network.extractor.name}"
        )
    return LabelledInputs(inputs, samples.visible, targets(samples)), seconds


def _claim(folder: Path, configuration: Configuration, frames: str) -> None:
    """Note for what the folder is, or raise where it is for something else."""
    folder.mkdir(parents=True, exist_ok=True)
    file, mine = folder / "configuration.json", {**dataclasses.asdict(configuration), "frames_sha256": frames}
    if not file.exists():
        _write(file, mine)
        return
    theirs = json.loads(file.read_text())
    different = [key for key in mine if mine[key] != theirs.get(key)]
    if different:
        raise ConfigurationError(
            f"{folder} holds another training: {', '.join(different)} differs; give another --out, or delete "
            "that folder"
        )


def _write(file: Path, entries: dict[str, Any]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    part.replace(file)


def read_result(folder: Path) -> Result:
    """The result of a training that ``result_of`` has finished in ``folder``.

    Raises:
        OSError: it is not there.
    """
    entries = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return Result(
        **{
            **entries,
            "configuration": Configuration(**entries["configuration"]),
            "scores": Scores(**entries["scores"]),
            "history": [Epoch(**epoch) for epoch in entries["history"]],
        }
    )
