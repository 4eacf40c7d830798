"""A network of the paper has the paper's heads, sees its extractor's range, and freezes all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

import keras

from training.paper.configuration import Configuration, ConfigurationError
from training.paper.extractors import TABLE, build_extractor
from training.paper.network import Network, build

SMALL = Configuration(input_size=75)


@pytest.fixture(scope="module")
def frozen() -> Network:
    return build(SMALL)


def grey(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, (2, 75, 75, 1)).astype(np.float32)


def test_heads_are_a_classifier_of_11_and_a_regressor_of_22_outputs(frozen: Network) -> None:
    layers = {layer.name: layer for layer in frozen.heads.layers if isinstance(layer, keras.layers.Dense)}
    assert {name: (layer.units, layer.activation.__name__) for name, layer in layers.items()} == {
        "classifier": (1024, "relu"),
        "presence": (11, "sigmoid"),
        "regressor": (1024, "relu"),
        "points": (22, "sigmoid"),
    }


def test_frozen_extractor_is_not_moved_by_being_called_in_training(frozen: Network) -> None:
    before = frozen.extractor.get_weights()
    frozen.whole(grey(), training=True)
    for old, new in zip(before, frozen.extractor.get_weights(), strict=True):
        assert np.array_equal(old, new)
    assert len(frozen.whole.trainable_variables) == len(frozen.heads.trainable_variables) == 8


def test_frozen_network_answers_as_heads_on_features_of_inference_mode(frozen: Network) -> None:
    features = frozen.extractor(grey(), training=False)
    for whole, heads in zip(frozen.whole(grey(), training=True), frozen.heads(features), strict=True):
        assert np.asarray(whole) == pytest.approx(np.asarray(heads), abs=1e-6)


def test_fine_tuned_network_trains_every_weight_and_its_norm_statistics() -> None:
    network = build(replace(SMALL, fine_tuned=True, norm_momentum=0.5))
    assert len(network.extractor.trainable_variables) > 100
    statistics = [v for v in network.extractor.non_trainable_variables if v.path.endswith("moving_mean")]
    network.whole(grey(), training=True)
    assert any(np.abs(np.asarray(variable)).max() > 0 for variable in statistics)


@pytest.mark.parametrize("name", TABLE)
def test_extractor_gets_the_range_that_keras_applications_prescribes(name: str) -> None:
    extractor = TABLE[name]
    module = {
        "mobilenet_v2": keras.applications.mobilenet_v2,
        "inception_v3": keras.applications.inception_v3,
        "inception_resnet_v2": keras.applications.inception_resnet_v2,
        "efficientnet_b5": keras.applications.efficientnet,
    }.get(name, keras.applications.resnet_v2)
    levels = np.array([0.0, 100.0, 255.0], np.float32)
    prescribed = module.preprocess_input(levels.copy())
    assert levels * extractor.scale + extractor.offset == pytest.approx(prescribed, abs=1e-6)


@pytest.mark.parametrize("name", TABLE)
def test_extractor_makes_one_vector_of_a_frame_of_the_smallest_size(name: str) -> None:
    frame, features = build_extractor(name, 75, "none"), {"mobilenet_v2": 1280, "inception_resnet_v2": 1536}
    assert frame.input_shape == (None, 75, 75, 1)
    assert frame.output_shape == (None, features.get(name, 2048))


def test_same_seed_makes_the_same_network(frozen: Network) -> None:
    for one, other in zip(frozen.whole.get_weights(), build(SMALL).whole.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_weights_of_a_file_are_taken(frozen: Network, tmp_path) -> None:
    inner = next(layer for layer in frozen.extractor.layers if isinstance(layer, keras.Model))
    file = tmp_path / "mine.weights.h5"
    inner.save_weights(file)
    again = build_extractor("mobilenet_v2", 75, str(file))
    assert np.asarray(again(grey())) == pytest.approx(np.asarray(frozen.extractor(grey())), abs=1e-6)


def test_weights_that_are_not_there_are_named(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file; give imagenet, none or a file"):
        build_extractor("mobilenet_v2", 75, str(tmp_path / "none.weights.h5"))
