"""``./tavi bench`` measures every shipped model beside the naive pipeline; nothing here judges its times."""

from __future__ import annotations

import importlib.util
import json
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench import FRAME_RATE, bench, seen_by_a_model, shipped_bundles, text
from benchmarks.latency import FIT, KERAS, NAIVE, NETWORK, PREDICTOR, interleaved, tracker_timing
from benchmarks.memory import peak_memory_mb
from benchmarks.naive import naive, prepared
from tavi_perception.cli import main
from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.inference.bundle import DEFAULT_MODEL, ModelContractError, default_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import DEMO_SEED

SIZE = 256


@pytest.fixture(scope="module")
def procedure() -> RenderedProcedure:
    return RenderedProcedure(DEMO_SEED, duration=6.0, frame_rate=2.0, size=SIZE)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict:
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    folder = default_bundle().folder
    assert bench([folder], 3, SIZE, 2, file, memory=False) == 0
    return json.loads(file.read_text())


def test_figures_are_of_the_whole_and_its_parts_and_the_naive_pipeline(figures: dict) -> None:
    (model,) = figures["models"]
    assert model["timings"].keys() >= {PREDICTOR, FIT, NETWORK, NAIVE}
    paced = model["paced_timings"].values()
    for row in [*model["timings"].values(), *paced, figures["registration"], figures["tracker"]]:
        assert row.keys() == {"median_ms", "p95_ms", "p99_ms", "per_second"}
        assert 0 < row["median_ms"] <= row["p95_ms"] <= row["p99_ms"]
    assert model["times_faster_than"].keys() == model["timings"].keys() - {PREDICTOR, FIT, NETWORK}


def test_pipelines_are_timed_back_to_back_and_as_frames_come(figures: dict) -> None:
    (model,) = figures["models"]
    assert figures["rate_hz"] == FRAME_RATE
    assert model["paced_timings"].keys() == model["timings"].keys()
    assert f"at {FRAME_RATE:g} Hz" in text(figures)


def test_calls_that_are_paced_do_not_come_sooner_than_frames() -> None:
    image, begun = np.zeros((2, 2), dtype=np.uint8), time.monotonic()
    interleaved({"a": lambda _: None}, [image], 4, rate=50.0)
    assert time.monotonic() - begun >= 3 / 50.0


def test_figures_say_what_was_measured_and_where(figures: dict) -> None:
    assert figures["models"][0]["name"] == DEFAULT_MODEL
    assert figures["machine"]["processor"]
    assert (figures["size_px"], figures["threads"], figures["rounds"]) == (SIZE, 2, 3)


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is not None, reason="TensorFlow is here")
def test_what_is_left_out_is_said(figures: dict) -> None:
    assert any(KERAS in reason for reason in figures["models"][0]["left_out"])


def test_all_shipped_bundles_are_measured() -> None:
    assert DEFAULT_MODEL in {bundle.name for bundle in shipped_bundles()}


def test_broken_bundle_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelContractError):
        bench([tmp_path], 1, SIZE, 1, None)
    assert main(["bench", "--model", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("tavi bench: ")


def test_every_call_is_timed_once_a_round_on_the_same_images() -> None:
    seen: dict[str, list[int]] = {"a": [], "b": []}
    calls = {name: lambda image, name=name: seen[name].append(int(image[0, 0])) for name in seen}
    images = [np.full((2, 2), level, dtype=np.uint8) for level in range(3)]
    timings = interleaved(calls, images, 4)
    assert all(len(timing.milliseconds) == 4 for timing in timings.values())
    assert seen["a"] == seen["b"] == [0, 1, 2, 0, 1, 2, 0]  # the first three warm up


def test_naive_pipeline_asks_the_same_network(procedure: RenderedProcedure) -> None:
    """It prepares the image in another way, so that its answer is near ours and not the same."""
    bundle, image = default_bundle(), procedure.frame(4).image
    ours = Predictor(bundle, "litert").predict(image)
    assert prepared(bundle, image).shape == (1, bundle.input_height, bundle.input_width, 1)
    theirs = naive(bundle)(image)
    presence = theirs[bundle.manifest.tensors.presence][0]
    assert presence == pytest.approx(ours.presence, abs=0.3)


def test_tracker_is_fed_with_what_a_model_would_see(procedure: RenderedProcedure) -> None:
    seen = seen_by_a_model(procedure)
    true = procedure.truth(3).keypoints
    assert (seen[3].present == true.present).all()
    assert np.nanmax(np.abs(seen[3].xy - true.xy)) < 20.0
    timing = tracker_timing(seen, procedure.geometry, 2.0, repeats=2)
    assert len(timing.milliseconds) == 2 * procedure.frame_count


def test_memory_is_that_of_a_process_of_its_own() -> None:
    assert 20.0 < peak_memory_mb(default_bundle(), PREDICTOR, 1, 64) < 2000.0


def test_machine_is_described_for_people() -> None:
    machine = describe_machine()
    assert machine["cores"] >= 1 and machine["memory_gb"] > 0
    assert {"python", "numpy", "tavi_perception"} <= machine["versions"].keys()
