"""Runs a Keras model over labelled frames in batches."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from tavi_perception.evaluation.metrics import Predictions
from tavi_perception.landmarks import COUNT
from training.augmentation import normalise
from training.data import Samples


def predict(model: keras.Model, samples: Samples, batch: int = 50) -> tuple[Predictions, NDArray[np.float64]]:
    """Answers of a training model for all frames, in px of its input, covariances uncalibrated.

    The second array (n, 11, 2, 2) holds the covariances of the first estimates.
    """
    presence, xy, covariance, first = [], [], [], []
    for start in range(0, len(samples), batch):
        images = normalise(samples.images[start : start + batch])
        still = np.zeros((len(images), COUNT, 2), np.float32)
        outputs = model.predict_on_batch({"image": images, "jitter": still})
        presence.append(1.0 / (1.0 + np.exp(-outputs["presence"].astype(np.float64))))
        xy.append(outputs["xy"].astype(np.float64))
        covariance.append(_matrices(outputs["covariance"]))
        first.append(_matrices(outputs["coarse_covariance"]))
    predictions = Predictions(
        np.concatenate(presence), np.concatenate(xy), np.concatenate(covariance), samples.images.shape[1]
    )
    return predictions, np.concatenate(first)


def _matrices(entries: NDArray[np.float32]) -> NDArray[np.float64]:
    """(…, 2, 2) of xx, xy, yy (…, 3)."""
    return entries.astype(np.float64)[..., [0, 1, 1, 2]].reshape(*entries.shape[:-1], 2, 2)
