"""A screening trains the nine networks, keeps what is finished, and says what it did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

import keras
import tensorflow as tf
from random_frames import SIDE, random_frames

from training.figures.screening import moments
from training.paper import fitting
from training.paper.configuration import Configuration, ConfigurationError, load_all, presets
from training.paper.extractors import TABLE, Extractor
from training.paper.frames import Partition
from training.paper.results import RESULT, WEIGHTS, result_of
from training.screen import Screening, main, on_benchmark, screen

TINY = Configuration(input_size=75, batch=4, epochs=3)
SPLIT = Partition(random_frames(4, 1), random_frames(2, 2), random_frames(3, 3), "random numbers")


@contextmanager
def eager() -> Iterator[None]:
    """Without graphs, which would take longer to trace than a few steps take."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture
def eagerly() -> Iterator[None]:
    with eager():
        yield


@pytest.fixture(scope="module")
def nine(tiny_extractor: Extractor, tmp_path_factory: pytest.TempPathFactory) -> tuple[Screening, Path]:
    out = tmp_path_factory.mktemp("nine")
    before = load_all(presets())
    small = {name: replace(c, input_size=75, batch=4, epochs=1) for name, c in before.items()}
    with eager(), pytest.MonkeyPatch.context() as patch:
        for name, extractor in TABLE.items():
            patch.setitem(TABLE, name, replace(extractor, build=tiny_extractor.build))
        return screen(small, SPLIT, out, before=before, rounds=1), out


@pytest.fixture
def tiny(tiny_extractor: Extractor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny network under the name of a large one."""
    monkeypatch.setitem(TABLE, "mobilenet_v2", tiny_extractor)


def test_nine_networks_are_trained_and_measured(nine: tuple[Screening, Path]) -> None:
    screening, out = nine
    assert [row.name for row in screening.rows] == [file.stem for file in presets()]
    for row in screening.rows:
        assert all(np.isfinite(value) for value in vars(row.scores).values())
        assert row.prediction_ms > 0
        assert (out / row.name / WEIGHTS).exists()


def test_report_has_the_tables_names_every_override_and_shows_every_figure(
    nine: tuple[Screening, Path],
) -> None:
    screening, out = nine
    report = (out / "report.md").read_text()
    for words in ("## Classification", "## Regression", "## Time and size", "F1 macro", "RMSE %", "p95 px"):
        assert words in report
    assert "`input_size` 75, `batch` 4, `epochs` 1" in report
    assert "not from ImageNet" in report
    figures = [line.split("](")[1].rstrip(")") for line in report.splitlines() if line.startswith("![")]
    assert len(figures) == 3 + len(screening.rows)
    assert all((out / figure).stat().st_size > 5_000 for figure in figures)


def test_json_names_versions_machine_seeds_and_what_was_overridden(nine: tuple[Screening, Path]) -> None:
    screening, out = nine
    entries = json.loads((out / "screen.json").read_text())
    assert entries == json.loads(json.dumps(screening.json))
    assert entries["machine"]["versions"]["keras"] == keras.__version__
    assert entries["machine"]["processor"]
    assert entries["frames"]["training"] == 4
    for network in entries["networks"]:
        assert network["configuration"]["seed"] == 1
        assert network["overridden"]["epochs"] == {"from": 100, "to": 1}
        assert network["weights"] == "none"


@pytest.mark.usefixtures("tiny", "eagerly")
def test_finished_network_is_kept_and_the_next_one_is_trained(tmp_path: Path) -> None:
    first = result_of(TINY, SPLIT, tmp_path, "one")
    written = (tmp_path / "one" / RESULT).stat().st_mtime_ns
    second = screen({"one": TINY, "two": replace(TINY, seed=2)}, SPLIT, tmp_path, rounds=1)
    assert (tmp_path / "one" / RESULT).stat().st_mtime_ns == written
    assert second.rows[0].result == first
    assert second.rows[1].result != first


@pytest.mark.usefixtures("tiny", "eagerly")
def test_killed_training_goes_on_at_its_last_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_CHECKPOINT_EVERY", 0.0)
    whole = result_of(TINY, SPLIT, tmp_path / "whole", "one")
    begun: list[int] = []
    train = fitting._Run.train

    def noted(run: fitting._Run, *arguments: Any) -> None:
        begun.append(run.epoch)
        if begun == [0, 1, 2]:
            raise KeyboardInterrupt
        train(run, *arguments)

    monkeypatch.setattr(fitting._Run, "train", noted)
    with pytest.raises(KeyboardInterrupt):
        result_of(TINY, SPLIT, tmp_path / "split", "one")
    again = result_of(TINY, SPLIT, tmp_path / "split", "one")
    assert begun == [0, 1, 2, 2]
    losses = [[epoch.validation_loss for epoch in result.history] for result in (whole, again)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.usefixtures("tiny", "eagerly")
def test_features_of_a_frozen_extractor_are_computed_once(tmp_path: Path) -> None:
    for name, configuration in (("one", TINY), ("two", replace(TINY, dense_units=8))):
        result_of(configuration, SPLIT, tmp_path, name)
    assert len(list((tmp_path / "features").iterdir())) == 3


@pytest.mark.usefixtures("tiny", "eagerly")
def test_folder_of_another_training_is_refused(tmp_path: Path) -> None:
    result_of(TINY, SPLIT, tmp_path, "one")
    with pytest.raises(
        ConfigurationError, match="holds another training: epochs differs; give another --out"
    ):
        screen({"one": replace(TINY, epochs=2)}, SPLIT, tmp_path, rounds=1)
    with pytest.raises(ConfigurationError, match="frames_sha256 differs"):
        screen({"one": TINY}, SPLIT.limited(2), tmp_path, rounds=1)


@pytest.mark.usefixtures("tiny", "eagerly")
def test_training_stops_early_when_validation_does_not_improve(tmp_path: Path) -> None:
    patient = replace(TINY, learning_rate=0.0, epochs=20, patience=2)
    result = result_of(patient, SPLIT, tmp_path, "still")
    assert result.epochs == 3
    assert result.best_epoch == 0


@pytest.mark.usefixtures("tiny", "eagerly")
@pytest.mark.parametrize(("masked", "low", "high"), [(False, 0.0, 0.25), (True, 0.35, 0.65)])
def test_landmark_that_is_always_absent_is_drawn_to_the_origin_unless_masked(
    masked: bool, low: float, high: float, tmp_path: Path
) -> None:
    split = Partition(random_frames(4, 1), random_frames(2, 2), random_frames(3, 3), "one is never there")
    for part in split.parts.values():
        part.visible[:, 8] = part.xy[:, 8] = 0
    settings = replace(TINY, learning_rate=0.05, epochs=45, patience=45, mask_absent=masked)
    points = np.array(result_of(settings, split, tmp_path, "one").history[-1].shown).reshape(-1, 11, 2)
    assert ((points[:, 8] > low) & (points[:, 8] < high)).all()


@pytest.mark.usefixtures("tiny", "eagerly")
def test_bundle_stands_beside_the_networks_on_the_same_frames(tmp_path: Path) -> None:
    from tavi_perception.inference.bundle import default_bundle

    bundle = default_bundle()
    screening = screen({"one": TINY}, SPLIT, tmp_path, bundles=[bundle], rounds=1)
    assert [row.title for row in screening.rows] == [
        "Tiny, frozen",
        f"{bundle.name} {bundle.version}",
    ]
    assert f"| {bundle.name} {bundle.version} | its own |" in (tmp_path / "report.md").read_text()
    assert screening.rows[1].parameters > 100_000


@pytest.mark.usefixtures("tiny")
def test_command_screens_a_configuration_of_ones_own_on_rendered_frames(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("input_size: 75\nbatch: 4\n")
    options = ["--training", "2", "--validation", "2", "--test", "1", "--size", "64", "--limit", "4"]
    arguments = ["--out", str(tmp_path / "out"), "--configs", str(file), "--cache", str(cache), *options]
    assert main([*arguments, "--epochs", "1", "--set", "learning_rate=1e-3"]) == 0
    report = (tmp_path / "out" / "report.md").read_text()
    assert "`learning_rate` 0.001" in report
    assert "4 training, 4 validation, 4 test" in report


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (["--set", "depth=3"], "there is no key depth"),
        (["--set", "depth"], "give KEY=VALUE"),
        (["--configs", "missing.yaml"], "missing.yaml"),
    ],
)
def test_command_says_what_is_wrong_in_a_sentence(
    option: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path), *option]) == 1
    said = capsys.readouterr().err
    assert said.startswith("tavi screen: ")
    assert complaint in said
    assert said.count("\n") == 1


def test_moments_shown_are_begin_middle_and_end_of_a_training() -> None:
    assert moments(100) == [1, 50, 100]
    assert moments(3) == [1, 2, 3]
    assert moments(2) == [0, 1, 2]
    assert moments(1) == [0, 1]


def test_benchmark_takes_the_place_of_the_test_frames_alone(tmp_path: Path) -> None:
    split = on_benchmark(SPLIT, SIDE, procedures=1, cache=tmp_path)
    assert split.test.images.shape == (10, SIDE, SIDE)
    assert split.training is SPLIT.training and split.validation is SPLIT.validation
    assert "benchmark" in split.words
