"""A network that a screening trained becomes a bundle that answers as it does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from tavi_perception.inference.bundle import ModelBundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.simulation.seeds import CARDS
from training.export import load_run
from training.paper.configuration import Configuration
from training.paper.export import PaperOrigin, export_screened
from training.paper.extractors import TABLE, Extractor
from training.paper.frames import Partition, resized
from training.paper.network import build
from training.paper.results import WEIGHTS, read_result, result_of
from training.recipe import RecipeError

SIZE = 75


@pytest.fixture(scope="module")
def run(
    tiny_extractor: Extractor, split: Partition, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ModelBundle]:
    """Folder of a screened network, and its bundle."""
    folder = tmp_path_factory.mktemp("screen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TABLE, "mobilenet_v2", tiny_extractor)
        configuration = Configuration(fine_tuned=True, input_size=SIZE, batch=4, epochs=1)
        result_of(configuration, split, folder, "tiny")
        origin = PaperOrigin(read_result(folder / "tiny"), "0.1.0", "", "Nothing yet.")
        bundle = folder / "bundles" / "tiny"
        export_screened(folder / "tiny", bundle, origin, split.validation, CARDS[:1])
        return folder / "tiny", load_bundle(bundle)


def test_bundle_answers_as_the_network_that_was_screened(
    tiny_extractor: Extractor,
    run: tuple[Path, ModelBundle],
    split: Partition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, bundle = run
    monkeypatch.setitem(TABLE, "mobilenet_v2", tiny_extractor)
    whole = build(read_result(folder).configuration).whole
    whole.load_weights(folder / WEIGHTS)
    image = split.test.images[0]
    presence, points = (each.numpy()[0] for each in whole(resized(image[None], SIZE).astype(np.float32)))
    thresholds = replace(bundle.manifest, thresholds=np.zeros(11))
    found = Predictor(replace(bundle, manifest=thresholds), "litert").predict(image)
    assert found.presence == pytest.approx(presence, abs=1e-5)
    assert (found.xy + 0.5) / image.shape[0] == pytest.approx(points.reshape(11, 2), abs=1e-5)
    assert np.array_equal(bundle.presence_thresholds, np.full(11, 0.5))


def test_its_covariance_is_the_same_in_every_frame(run: tuple[Path, ModelBundle], split: Partition) -> None:
    _, bundle = run
    predictor = Predictor(bundle, "litert")
    first, second = (predictor.predict(image) for image in split.test.images[:2])
    both = first.present & second.present
    assert both.any()
    assert np.array_equal(first.covariance[both], second.covariance[both])
    assert (np.linalg.eigvalsh(first.covariance[both]) > 0).all()


def test_card_and_manifest_say_which_network_it_is_and_how_it_was_trained(
    run: tuple[Path, ModelBundle],
) -> None:
    _, bundle = run
    card = " ".join((bundle.folder / "CARD.md").read_text().split())
    for words in (
        "Tiny, fine-tuned: a network of Danilov et al. 2021",
        "Frames: random numbers.",
        "1 epochs",
    ):
        assert words in card
    trained = json.loads((bundle.folder / "model.json").read_text())["training"]
    assert trained["network"]["input_size"] == SIZE
    assert len(trained["validation_losses"]) == 2


def test_a_network_of_the_paper_is_not_taken_for_one_of_ours(run: tuple[Path, ModelBundle]) -> None:
    with pytest.raises(RecipeError, match="holds a network of the paper"):
        load_run(run[1].folder)
