"""Weights that a training starts from: those of another training, or of a bundle."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import tensorflow as tf

from tavi_perception.inference.bundle import SAVED_MODEL
from tavi_perception.inference.manifest import MANIFEST
from training.architectures import without_foreign


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
    try:
        if start.is_dir():
            # A bundle from before there was the head that tells foreign devices: the head begins anew.
            known = json.loads((start / MANIFEST).read_text())["training"]["network"].get("foreign")
            part = model if known else without_foreign(model)
            variables = start / SAVED_MODEL / "variables" / "variables"
            tf.train.Checkpoint(model=part).read(str(variables)).assert_existing_objects_matched()
        else:
            model.load_weights(str(start))
    except (AssertionError, KeyError, OSError, ValueError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StartError(
            f"{start} holds no weights of this network ({reason}); give the weights of a training, or a "
            "bundle of one network, made by the same recipe"
        ) from error
