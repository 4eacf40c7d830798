"""Several networks as one: with the mean of their answers, or with the mean of their weights."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from tavi_perception.landmarks import COUNT


def averaged(models: Sequence[keras.Model], size: int) -> keras.Model:
    """A model for inputs of side ``size`` px whose answers are the mean of those of ``models``.

    Probabilities of presence and positions are averaged; to the mean covariance that of the positions
    among the networks is added (deep ensembles, arXiv:1612.01474). It has those outputs of
    ``architectures.build`` that answers need: ``presence``, ``xy``, ``covariance``, ``coarse_covariance``,
    and ``foreign``, where all have it: the mean of their logits.
    """
    if len(models) == 1:
        return models[0]
    inputs = {
        "image": keras.Input((size, size, 1), name="image"),
        "jitter": keras.Input((COUNT, 2), name="jitter"),
    }
    # As parts of one model they need names of their own.
    members = [
        keras.Model(model.input, model.output, name=f"{model.name}_{number}")
        for number, model in enumerate(models)
    ]
    answers = [member(inputs) for member in members]
    stacked = {name: ops.stack([answer[name] for answer in answers]) for name in _AVERAGED}
    outputs = dict(zip(_AVERAGED, Averaging(name="average")(list(stacked.values())), strict=True))
    if all("foreign" in answer for answer in answers):
        outputs["foreign"] = ops.mean(ops.stack([answer["foreign"] for answer in answers]), axis=0)
    return keras.Model(inputs, outputs, name="ensemble")


def with_mean_weights(models: Sequence[keras.Model]) -> keras.Model:
    """The first of ``models`` with the mean of all weights: as fast as one network.

    Trainings that began at the same weights lie in one basin of the loss, whose middle errs less than its
    sides ("model soups", arXiv:2203.05482); of others the mean is no network.

    Raises:
        ValueError: they are not of one architecture.
    """
    weights = [model.get_weights() for model in models]
    if len({tuple(each.shape for each in one) for one in weights}) > 1:
        raise ValueError("the networks differ in their layers, so that their weights have no mean")
    first, *_ = models
    first.set_weights([np.mean(each, axis=0) for each in zip(*weights, strict=True)])
    return first


_AVERAGED = ("presence", "xy", "covariance", "coarse_covariance")


@keras.saving.register_keras_serializable("tavi_perception")
class Averaging(layers.Layer):
    """Averages stacked answers (networks, batch, 11, …) of ``_AVERAGED``."""

    def call(self, stacked: list[keras.KerasTensor]) -> list[keras.KerasTensor]:
        presence, xy, covariance, coarse = stacked
        probability = ops.clip(ops.mean(ops.sigmoid(presence), axis=0), 1e-7, 1 - 1e-7)
        mean = ops.mean(xy, axis=0)
        off = xy - mean
        x, y = off[..., 0], off[..., 1]
        among = ops.mean(ops.stack([x * x, x * y, y * y], axis=-1), axis=0)
        logits = ops.log(probability) - ops.log(1 - probability)
        return [logits, mean, ops.mean(covariance, axis=0) + among, ops.mean(coarse, axis=0)]
