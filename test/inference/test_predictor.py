"""The predictor answers in pixels of its image and refuses what is no grey image."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tavi_perception.inference.bundle import INT8_FILE, ModelContractError, default_bundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import ANNULUS, INFLOW_EDGE, Landmark
from tavi_perception.resources import share_directory
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import DEMO_SEED

DEVICE = [Landmark.CP, Landmark.CD, Landmark.CT]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(default_bundle(), "litert")


@pytest.fixture(scope="module")
def procedure() -> RenderedProcedure:
    return RenderedProcedure(DEMO_SEED, duration=4.0, frame_rate=10.0)


def test_visible_landmarks_of_a_benchmark_procedure_are_found(
    predictor: Predictor, procedure: RenderedProcedure
) -> None:
    errors = []
    for index in range(0, 40, 4):
        truth = procedure.truth(index).keypoints
        found = predictor.predict(procedure.frame(index).image)
        both = truth.present & found.present
        assert both.sum() >= 0.7 * truth.present.sum()
        errors.extend(np.linalg.norm(found.xy - truth.xy, axis=1)[both])
    assert np.median(errors) < 12.0


def test_the_look_at_a_frame_a_moment_before_serves_as_well_as_one_of_its_own(predictor: Predictor) -> None:
    procedure = RenderedProcedure(DEMO_SEED, duration=50.0, frame_rate=30.0)
    moved, seen, kept = [], 0, 0
    for index in range(150, 1500, 135):
        before, image = (procedure.frame(i).image for i in (index - 1, index))
        alone, found = predictor.predict(image), predictor.predict(image, predictor.look(before))
        both = alone.present & found.present
        seen, kept = seen + alone.present.sum(), kept + both.sum()
        moved.extend(np.linalg.norm(found.xy - alone.xy, axis=1)[both])
    assert kept > 0.95 * seen
    assert np.median(moved) < 1.0


def test_no_device_is_found_in_a_picture_without_structure(predictor: Predictor) -> None:
    rng = np.random.default_rng(0)
    for blur in (12.0, 24.0, 48.0, 96.0):
        for _ in range(5):
            grey = cv2.GaussianBlur(rng.uniform(60, 220, (512, 512)).astype(np.float32), (0, 0), blur)
            found = predictor.predict(grey.astype(np.uint8))
            assert not found.present[[*DEVICE, *INFLOW_EDGE, *ANNULUS]].any()


@pytest.mark.parametrize("name", ["accurate", "fast"])
@pytest.mark.parametrize("runtime", ["litert", "litert-int8"])
def test_shipped_models_look_ahead_and_their_halves_answer_as_the_whole(
    name: str, runtime: str, procedure: RenderedProcedure
) -> None:
    predictor = Predictor(load_bundle(share_directory() / "models" / name), runtime)
    image = procedure.frame(15).image
    whole, halves = predictor.predict(image), predictor.predict(image, predictor.look(image))
    assert np.array_equal(halves.present, whole.present)
    assert halves.xy == pytest.approx(whole.xy, abs=1e-3, nan_ok=True)
    assert halves.foreign == pytest.approx(whole.foreign, abs=1e-5, nan_ok=True)


def test_convolutions_of_8_bits_run_where_there_is_no_gpu() -> None:
    assert Predictor(default_bundle()).device.endswith("convolutions of 8 bits")
    assert not Predictor(default_bundle(), "litert").device.endswith("convolutions of 8 bits")


@pytest.mark.parametrize("name", ["accurate", "fast"])
def test_convolutions_of_8_bits_answer_as_float32_does(name: str, procedure: RenderedProcedure) -> None:
    bundle = load_bundle(share_directory() / "models" / name)
    first, second = (Predictor(bundle, runtime) for runtime in ("litert", "litert-int8"))
    moved, kept = [], []
    for index in range(0, 40, 4):
        image = procedure.frame(index).image
        one, other = first.predict(image), second.predict(image)
        kept.extend(one.present == other.present)
        both = one.present & other.present
        moved.extend(np.linalg.norm(one.xy - other.xy, axis=1)[both])
    assert np.mean(kept) > 0.97
    assert np.median(moved) < 0.2  # px of 1000
    assert np.quantile(moved, 0.9) < 1.0


def test_a_bundle_without_8_bits_runs_in_float32() -> None:
    bundle = default_bundle()
    files = tuple(file for file in bundle.manifest.files if file.path != INT8_FILE)
    former = replace(bundle, manifest=replace(bundle.manifest, files=files))
    assert former.cpu_runtime == "litert"
    assert Predictor(former).runtime == "litert"
    with pytest.raises(ModelContractError, match=r"lists no model\.int8\.tflite; use runtime litert"):
        Predictor(former, "litert-int8")


def test_absent_landmarks_have_no_coordinates(predictor: Predictor) -> None:
    found = predictor.predict(np.full((300, 400), 128, dtype=np.uint8))
    assert np.isnan(found.xy[~found.present]).all()
    assert np.isnan(found.covariance[~found.present]).all()
    assert (found.measured == found.present).all()
    assert ((found.presence >= 0) & (found.presence <= 1)).all()


def test_answer_is_in_pixels_of_the_image_that_was_given(
    predictor: Predictor, procedure: RenderedProcedure
) -> None:
    """The same picture within a larger one: the answer moves along, and so does its scale."""
    image = procedure.frame(15).image
    doubled = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
    small, large = predictor.predict(image), predictor.predict(doubled)
    both = small.present & large.present
    assert both[DEVICE].all()
    assert large.xy[DEVICE] == pytest.approx(small.xy[DEVICE] * 2 + 0.5, abs=6.0)
    assert np.trace(large.covariance[Landmark.CD]) > 2 * np.trace(small.covariance[Landmark.CD])


def test_covariances_of_present_landmarks_are_positive_definite(
    predictor: Predictor, procedure: RenderedProcedure
) -> None:
    found = predictor.predict(procedure.frame(3).image)
    assert (np.linalg.eigvalsh(found.covariance[found.present]) > 0).all()


def test_same_image_gives_the_same_answer(predictor: Predictor, procedure: RenderedProcedure) -> None:
    image = procedure.frame(20).image
    assert np.array_equal(predictor.predict(image).xy, predictor.predict(image).xy, equal_nan=True)


def test_read_only_and_strided_images_are_accepted(
    predictor: Predictor, procedure: RenderedProcedure
) -> None:
    image = procedure.frame(15).image
    padded = np.zeros((1000, 1100), dtype=np.uint8)
    padded[:, :1000] = image
    view = padded[:, :1000]
    view.flags.writeable = False
    assert predictor.predict(view).xy[DEVICE] == pytest.approx(predictor.predict(image).xy[DEVICE])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10), dtype=np.uint16),
        np.zeros((10, 10, 3), dtype=np.uint8),
        np.zeros((0, 10), dtype=np.uint8),
        [[1, 2], [3, 4]],
        None,
    ],
)
def test_what_is_no_grey_image_is_refused(predictor: Predictor, image: object) -> None:
    with pytest.raises(ValueError, match="give a grey image"):
        predictor.predict(image)  # type: ignore[arg-type]


def test_unknown_runtime_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of auto, litert, litert-int8, tensorflow"):
        Predictor(default_bundle(), "onnx")


def test_tensor_of_another_name_is_refused() -> None:
    bundle = default_bundle()
    tensors = replace(bundle.manifest.tensors, presence="xy")
    with pytest.raises(ModelContractError, match="has shape"):
        Predictor(replace(bundle, manifest=replace(bundle.manifest, tensors=tensors)), "litert")


def test_litert_imports_no_tensorflow() -> None:
    program = (
        "import sys, json, numpy as np\n"
        "from tavi_perception.inference.bundle import default_bundle\n"
        "from tavi_perception.inference.predictor import Predictor\n"
        "p = Predictor(default_bundle(), 'litert'); p.warm_up()\n"
        "print(json.dumps(['tensorflow' in sys.modules, p.runtime]))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout.splitlines()[-1]) == [False, "litert"]
