"""Miniature data for the tests of training; they need TensorFlow, which the runtime environment lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

import keras

from training import data
from training.architectures import Network
from training.paper.extractors import Extractor
from training.refinement import Refinement

SIZE = 64


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    data.render(folder, data.training_seeds(2), SIZE, workers=1)
    data.render(folder, data.validation_seeds(2), SIZE, workers=1)
    return folder


@pytest.fixture(scope="session")
def samples(cache: Path) -> data.Samples:
    return data.load(data.render(cache, data.training_seeds(2), SIZE))


@pytest.fixture(scope="session")
def validation(cache: Path) -> data.Samples:
    return data.load(data.render(cache, data.validation_seeds(2), SIZE))


@pytest.fixture(scope="session")
def miniature() -> Network:
    """The smallest network of our kind."""
    small = Refinement(widths=(32, 32), depths=(0, 0))
    return Network(widths=(32, 32, 32, 32), depths=(0, 0, 0, 0), dense=32, foreign=8, refinement=small)


@pytest.fixture(scope="session")
def tiny_extractor() -> Extractor:
    """One of the paper's kind that is built in no time, to stand for a large one."""

    def build(input_shape: tuple[int, int, int], **_: object) -> keras.Model:
        image = keras.Input(input_shape)
        features = keras.layers.Conv2D(32, 5, strides=5, activation="relu")(image)
        features = keras.layers.BatchNormalization()(features)
        return keras.Model(image, keras.layers.GlobalAveragePooling2D()(features))

    return Extractor("Tiny", build, 1 / 127.5, -1.0)
