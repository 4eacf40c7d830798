"""The average of networks answers with their mean, and is less sure where they differ."""

from __future__ import annotations

import keras
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.architectures import Network, build
from training.data import Samples
from training.ensemble import averaged
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
