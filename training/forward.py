"""Runs a Keras model over labelled frames in batches."""

from __future__ import annotations

import keras
import numpy as np

from training.augmentation import normalise
from training.data import Samples
from training.metrics import Predictions


def predict(model: keras.Model, samples: Samples, batch: int = 50) -> Predictions:
    """Answers of a training model for all frames, in px of its input; covariances uncalibrated."""
    presence, xy, covariance = [], [], []
    for start in range(0, len(samples), batch):
        outputs = model.predict_on_batch(normalise(samples.images[start : start + batch]))
        presence.append(1.0 / (1.0 + np.exp(-outputs["presence"].astype(np.float64))))
        xy.append(outputs["xy"].astype(np.float64))
        entries = outputs["covariance"].astype(np.float64)
        covariance.append(entries[..., [0, 1, 1, 2]].reshape(*entries.shape[:-1], 2, 2))
    return Predictions(
        np.concatenate(presence), np.concatenate(xy), np.concatenate(covariance), samples.images.shape[1]
    )
