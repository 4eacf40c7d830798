"""Runs a Keras model over labelled frames in batches."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from tavi_perception.evaluation.metrics import Predictions
from tavi_perception.landmarks import COUNT
from training.augmentation import normalise
from training.data import Samples


@dataclass(frozen=True)
class Raw:
    """Answers of a training model for n frames, in px of its input, uncalibrated.

    Attributes:
        predictions: with the covariances of the patches.
        first: (n, 11, 2, 2) covariances of the first estimates.
        foreign: (n,) logits of a delivery system of another make; NaN from a network without that head.
    """

    predictions: Predictions
    first: NDArray[np.float64]
    foreign: NDArray[np.float64]


def predict(model: keras.Model, samples: Samples, batch: int = 50) -> Raw:
    """Answers of a training model for all frames."""
    presence, xy, covariance, first, foreign = [], [], [], [], []
    for start in range(0, len(samples), batch):
        images = normalise(samples.images[start : start + batch])
        still = np.zeros((len(images), COUNT, 2), np.float32)
        outputs = model.predict_on_batch({"image": images, "jitter": still})
        presence.append(1.0 / (1.0 + np.exp(-outputs["presence"].astype(np.float64))))
        xy.append(outputs["xy"].astype(np.float64))
        covariance.append(_matrices(outputs["covariance"]))
        first.append(_matrices(outputs["coarse_covariance"]))
        unknown = np.full((len(images), 1), np.nan)
        foreign.append(outputs.get("foreign", unknown).astype(np.float64)[:, 0])
    predictions = Predictions(
        np.concatenate(presence), np.concatenate(xy), np.concatenate(covariance), samples.images.shape[1]
    )
    return Raw(predictions, np.concatenate(first), np.concatenate(foreign))


def _matrices(entries: NDArray[np.float32]) -> NDArray[np.float64]:
    """(…, 2, 2) of xx, xy, yy (…, 3)."""
    return entries.astype(np.float64)[..., [0, 1, 1, 2]].reshape(*entries.shape[:-1], 2, 2)
