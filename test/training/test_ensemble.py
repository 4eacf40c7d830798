"""Several networks become one, by the mean of their answers or of their weights."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.architectures import Network, build
from training.data import Samples
from training.ensemble import averaged, with_mean_weights
from training.forward import predict

SIZE = 64


def test_average_answers_with_the_mean_of_its_networks(miniature: Network, samples: Samples) -> None:
    models = []
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        models.append(build(miniature, SIZE))
    raw = [predict(model, samples) for model in (*models, averaged(models, SIZE))]
    assert raw[2].foreign == pytest.approx((raw[0].foreign + raw[1].foreign) / 2, abs=1e-4)
    first, second, both = (each.predictions for each in raw)
    assert both.xy == pytest.approx((first.xy + second.xy) / 2, abs=1e-3)
    assert both.presence == pytest.approx((first.presence + second.presence) / 2, abs=1e-4)
    spread = ((first.xy - second.xy) / 2) ** 2
    variances = [np.diagonal(each.covariance, axis1=-2, axis2=-1) for each in (first, second, both)]
    assert variances[2] == pytest.approx((variances[0] + variances[1]) / 2 + spread, rel=1e-3, abs=1e-2)


def test_average_of_one_network_is_that_network(miniature: Network) -> None:
    model = build(miniature, SIZE)
    assert averaged([model], SIZE) is model


def test_mean_weights_lie_half_way_between_those_of_two_networks(miniature: Network) -> None:
    models = [build(miniature, SIZE) for _ in range(2)]
    first, second = (model.get_weights() for model in models)
    both = with_mean_weights(models).get_weights()
    for one, other, mean in zip(first, second, both, strict=True):
        assert mean == pytest.approx((one + other) / 2, abs=1e-6)


def test_networks_of_other_layers_have_no_mean_weights(miniature: Network) -> None:
    other = replace(miniature, dense=64)
    with pytest.raises(ValueError, match="differ in their layers"):
        with_mean_weights([build(miniature, SIZE), build(other, SIZE)])
