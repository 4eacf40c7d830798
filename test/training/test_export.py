"""An exported miniature network answers through both runtimes as the trained one does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import expit

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from tavi_perception.inference.bundle import (
    INT8_FILE,
    LITERT_FILE,
    ModelBundle,
    default_bundle,
    load_bundle,
)
from tavi_perception.inference.predictor import Predictor
from tavi_perception.simulation.samples import samples
from tavi_perception.simulation.seeds import DEMO_SEED
from training.architectures import Network, build
from training.calibration import calibrate, evidence
from training.data import Samples
from training.export import export, load_run
from training.forward import predict
from training.manifest import Provenance
from training.parity import PARITY_PX, parity, shift
from training.recipe import Plan, Recipe
from training.start import StartError, load_start

SIZE = 64


@pytest.fixture(scope="module")
def model(miniature: Network) -> keras.Model:
    keras.utils.set_random_seed(0)
    return build(miniature, SIZE)


@pytest.fixture(scope="module")
def bundle(
    model: keras.Model, miniature: Network, validation: Samples, tmp_path_factory: pytest.TempPathFactory
) -> ModelBundle:
    folder = tmp_path_factory.mktemp("models") / "miniature"
    return export(model, SIZE, [validation], _provenance(miniature), folder)


def _provenance(network: Network) -> Provenance:
    return Provenance(Recipe(network, Plan(size=SIZE)), [], "0", "", "", "some frames")


def test_exported_bundle_keeps_the_contract(bundle: ModelBundle) -> None:
    assert load_bundle(bundle.folder).sha256 == bundle.sha256
    assert bundle.name == "miniature"
    assert bundle.input_width == SIZE


def test_both_runtimes_agree(bundle: ModelBundle, samples: Samples) -> None:
    assert parity(bundle, samples.images[:8]) <= PARITY_PX


def test_convolutions_of_8_bits_move_the_median_landmark_by_less_than_a_tenth_of_a_pixel(
    bundle: ModelBundle, samples: Samples
) -> None:
    assert 0.0 < shift(bundle, samples.images[:8]) <= PARITY_PX


def test_convolutions_of_8_bits_take_less_than_a_third_of_the_space(bundle: ModelBundle) -> None:
    float32, int8 = ((bundle.folder / file).stat().st_size for file in (LITERT_FILE, INT8_FILE))
    assert int8 < 0.6 * float32


def test_bundle_answers_as_the_trained_model(
    bundle: ModelBundle, model: keras.Model, samples: Samples, validation: Samples
) -> None:
    sets = np.zeros(len(validation), np.int64)
    fitted = calibrate(predict(model, validation), validation, validation.foreign, sets, sets == 0)
    raw = predict(model, samples)
    expected = raw.predictions
    seen = evidence(expected.presence, expected.covariance + fitted.blend[:, None, None] * raw.first)
    presence = expit(seen[0] @ fitted.presence.T)
    found = Predictor(bundle, "litert").predict(samples.images[0])
    assert found.presence == pytest.approx(presence, abs=1e-3)
    assert found.xy[found.present] == pytest.approx(expected.xy[0][found.present], abs=0.01)
    assert found.foreign == pytest.approx(expit(raw.foreign[0] - fitted.foreign), abs=1e-3)


def test_its_halves_answer_as_the_whole(bundle: ModelBundle, samples: Samples) -> None:
    predictor = Predictor(bundle, "litert")
    for image in samples.images[:4]:
        whole, halves = predictor.predict(image), predictor.predict(image, predictor.look(image))
        assert np.array_equal(halves.present, whole.present)
        assert halves.presence == pytest.approx(whole.presence, abs=1e-5)
        assert halves.xy == pytest.approx(whole.xy, abs=1e-3, nan_ok=True)
        assert halves.covariance == pytest.approx(whole.covariance, rel=1e-3, nan_ok=True)
        assert halves.foreign == pytest.approx(whole.foreign, abs=1e-5)


def test_a_network_from_before_makes_were_told_apart_can_be_trained_on(
    miniature: Network, validation: Samples, tmp_path: Path
) -> None:
    old = replace(miniature, foreign=0)
    former = build(old, SIZE)
    bundle = export(former, SIZE, [validation], _provenance(old), tmp_path / "former")
    assert np.isnan(Predictor(bundle, "litert").predict(validation.images[0]).foreign)
    model = build(miniature, SIZE)
    load_start(model, bundle.folder)
    first, second = (predict(each, validation).predictions.xy for each in (former, model))
    assert np.array_equal(first, second)


def test_training_can_start_from_a_bundle(
    bundle: ModelBundle, model: keras.Model, miniature: Network
) -> None:
    fresh = build(miniature, SIZE)
    load_start(fresh, bundle.folder)
    for found, expected in zip(fresh.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(found, expected)


def test_a_bundle_can_be_exported_again(bundle: ModelBundle, model: keras.Model, miniature: Network) -> None:
    again = load_run(bundle.folder)
    assert again.recipe == Recipe(miniature, Plan(size=SIZE))
    assert np.array_equal(again.model.get_weights()[0], model.get_weights()[0])


def test_weights_of_another_network_are_refused_in_one_sentence(bundle: ModelBundle, tmp_path: Path) -> None:
    other = build(Network(), SIZE)
    for start in (bundle.folder, tmp_path, tmp_path / "none.weights.h5"):
        with pytest.raises(StartError, match="holds no weights of this network"):
            load_start(other, start)


def test_shipped_bundle_gives_the_same_answer_through_both_runtimes() -> None:
    seeds = range(DEMO_SEED, DEMO_SEED + 4)
    images = np.stack([next(samples(seed, 512, 1))[0] for seed in seeds])
    assert parity(default_bundle(), images) <= PARITY_PX
