"""Weights that a training starts from: those of another training, or of a bundle."""

from __future__ import annotations

from pathlib import Path

import keras
import tensorflow as tf

from tavi_perception.inference.bundle import SAVED_MODEL


class StartError(Exception):
    """The weights do not fit; the message says in one sentence which and why."""


def load_start(model: keras.Model, start: Path) -> None:
    """Load weights into ``model`` (see ``architectures.build``).

    Args:
        start: file of weights that ``train`` wrote, or folder of a bundle that ``export`` wrote from one
            network.

    Raises:
        StartError: there are none, or they belong to another network.
    """
    variables = start / SAVED_MODEL / "variables" / "variables"
    try:
        if start.is_dir():
            tf.train.Checkpoint(model=model).read(str(variables)).assert_existing_objects_matched()
        else:
            model.load_weights(str(start))
    except (AssertionError, OSError, ValueError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StartError(
            f"{start} holds no weights of this network ({reason}); give the weights of a training, or a "
            "bundle of one network, made by the same recipe"
        ) from error
