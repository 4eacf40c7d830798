"""Data sets on disk: complete, split by procedure, the same again, resumable, and never another's folder."""

from __future__ import annotations

import csv
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tavi_perception.cli import main
from tavi_perception.landmarks import NAMES, Landmark
from tavi_perception.simulation.dataset.build import build_dataset
from tavi_perception.simulation.dataset.folder import DatasetFolder
from tavi_perception.simulation.dataset.options import (
    SPLITS,
    DatasetError,
    DatasetOptions,
    default_shares,
    shares_of,
)
from tavi_perception.simulation.dataset.pool import run_parallel
from tavi_perception.simulation.dataset.preview import BESIDE_TILE, SHEET_TILE
from tavi_perception.simulation.dataset.source import Procedure, spread
from tavi_perception.simulation.dataset.supervisely import CORNER
from tavi_perception.simulation.dataset.work import make_procedure
from tavi_perception.simulation.seeds import (
    BENCHMARK,
    TUNING,
    VALIDATION,
)

SMALL = DatasetOptions(
    procedures=4, seed=7, duration=2.0, frame_rate=5.0, frames=3, size=128, shares=(0.5, 0.25, 0.25)
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "set"
    build_dataset(path, SMALL, workers=2)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with (path / "frames.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def files_of(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def test_every_frame_has_an_image_an_annotation_and_a_row(dataset: Path) -> None:
    rows = rows_of(dataset)
    assert len(rows) == SMALL.procedures * SMALL.frames
    for row in rows:
        image = dataset / row["image"]
        assert cv2.imread(str(image), cv2.IMREAD_UNCHANGED).shape == (128, 128)
        assert (image.parents[1] / "ann" / f"{image.name}.json").exists()


def test_images_and_table_hold_what_the_simulator_rendered(dataset: Path) -> None:
    procedure = Procedure(SMALL.seed, SMALL.duration, SMALL.frame_rate, SMALL.size, SMALL.bits)
    rows = {(int(row["seed"]), int(row["frame"])): row for row in rows_of(dataset)}
    for frame in procedure.frames(spread(SMALL.frames, procedure.frame_count)):
        row = rows[SMALL.seed, frame.index]
        written = cv2.imread(str(dataset / row["image"]), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(written, frame.image)
        assert float(row["time_s"]) == pytest.approx(frame.time)
        for landmark in Landmark:
            present = bool(frame.keypoints.present[landmark])
            assert row[f"{landmark.name}_present"] == str(int(present))
            assert row[f"{landmark.name}_grade"] == str(int(frame.grades[landmark]))
            cells = [row[f"{landmark.name}_{axis}_px"] for axis in "xy"]
            if present:
                np.testing.assert_allclose(
                    [float(cell) for cell in cells], frame.keypoints.xy[landmark], atol=1e-5
                )
            else:
                assert cells == ["", ""]
        assert float(row["depth_m"] or "nan") == pytest.approx(frame.deviation.depth, nan_ok=True)
        assert float(row["metres_per_px_m"]) == pytest.approx(frame.geometry.metres_per_px)


def test_annotations_agree_with_the_table_but_for_half_a_pixel(dataset: Path) -> None:
    meta = json.loads((dataset / "supervisely" / "meta.json").read_text())
    assert [item["title"] for item in meta["classes"]] == list(NAMES)
    tags = {tag["name"] for tag in meta["tags"]}
    for row in rows_of(dataset):
        image = dataset / row["image"]
        content = json.loads((image.parents[1] / "ann" / f"{image.name}.json").read_text())
        assert content["size"] == {"width": 128, "height": 128}
        assert {tag["name"] for tag in content["tags"]} <= tags
        objects = {item["classTitle"]: item for item in content["objects"]}
        assert set(objects) == {name for name in NAMES if row[f"{name}_present"] == "1"}
        for name, item in objects.items():
            assert item["geometryType"] == "point"
            (point,) = item["points"]["exterior"]
            expected = [float(row[f"{name}_{axis}_px"]) + CORNER for axis in "xy"]
            assert point == pytest.approx(expected, abs=1e-3)


def test_no_procedure_is_in_two_splits(dataset: Path) -> None:
    splits: dict[str, set[str]] = {}
    for row in rows_of(dataset):
        splits.setdefault(row["procedure"], set()).add(row["split"])
        assert row["image"].split("/")[1] == row["split"]
    assert len(splits) == SMALL.procedures
    assert all(len(found) == 1 for found in splits.values())


def test_dataset_json_says_that_it_is_synthetic_and_what_the_columns_mean(dataset: Path) -> None:
    content = json.loads((dataset / "dataset.json").read_text())
    assert content["synthetic"] is True and content["complete"] is True
    assert content["options"]["seed"] == SMALL.seed
    assert list(content["columns"]) == list(rows_of(dataset)[0])


def test_the_same_options_give_the_same_files(dataset: Path, tmp_path: Path) -> None:
    build_dataset(tmp_path / "again", SMALL, workers=1)
    assert files_of(tmp_path / "again") == files_of(dataset)


def test_a_complete_data_set_is_left_as_it_is(dataset: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in dataset.rglob("*.png")}
    summary = build_dataset(dataset, SMALL)
    assert summary.work.frames == 0
    assert {file: file.stat().st_mtime_ns for file in dataset.rglob("*.png")} == before


def test_a_procedure_that_is_missing_is_made_again_and_no_other(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset, tmp_path / "set")
    (tmp_path / "set" / "procedures" / "0000008.csv").unlink()
    assert build_dataset(tmp_path / "set", SMALL, workers=1).work.frames == SMALL.frames
    assert files_of(tmp_path / "set") == files_of(dataset)


def test_a_killed_run_goes_on_and_leaves_no_trace(dataset: Path, tmp_path: Path) -> None:
    path = tmp_path / "set"
    words = ["--procedures", "4", "--seed", "7", "--duration", "2", "--frame-rate", "5", "--frames", "3"]
    words += ["--size", "128", "--split", "0.5,0.25,0.25", "--workers", "1"]
    command = [sys.executable, "-m", "tavi_perception.cli", "simulate", "--out", str(path), *words]
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not list(path.glob("procedures/*.csv")) and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not (path / "frames.csv").exists()
    deadline = time.monotonic() + 300
    while True:  # the orphaned worker notices and lets go of the folder
        try:
            build_dataset(path, SMALL)
            break
        except DatasetError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert files_of(path) == files_of(dataset)


def test_other_options_are_refused_by_name(dataset: Path) -> None:
    other = DatasetOptions(4, 7, duration=2.0, frame_rate=5.0, frames=2, size=128, shares=SMALL.shares)
    with pytest.raises(DatasetError, match="frames 3, not 2"):
        build_dataset(dataset, other)


def test_a_folder_of_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty"):
        build_dataset(tmp_path, SMALL)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DatasetError, match="the disk is full"):
        make_procedure(DatasetFolder(tmp_path, SMALL), SMALL, 7)


def _die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_killed_worker_is_named() -> None:
    with pytest.raises(DatasetError, match="killed"):
        list(run_parallel([functools.partial(_die, 1)], 1))


@pytest.mark.parametrize("seed", [VALIDATION.start, TUNING.start, BENCHMARK.start])
def test_seeds_of_validation_and_benchmark_are_never_for_training(seed: int) -> None:
    with pytest.raises(DatasetError, match="never trained on"):
        DatasetOptions(procedures=2, seed=seed)
    options = DatasetOptions(procedures=50, seed=seed, shares=default_shares(seed, 50))
    assert "training" not in {options.split_of(number) for number in options.seeds}


def test_split_follows_the_shares_and_depends_on_the_seed_alone() -> None:
    few, many = DatasetOptions(10, 300), DatasetOptions(1000, 0)
    splits = [many.split_of(seed) for seed in many.seeds]
    assert [splits.count(split) for split in SPLITS] == pytest.approx([800, 100, 100], abs=5)
    assert [few.split_of(seed) for seed in few.seeds] == splits[300:310]


@pytest.mark.parametrize("text", ["", "1", "0.5,0.5", "0.5,0.5,0.5", "1.2,-0.1,-0.1", "nan,0.5,0.5", "a,b,c"])
def test_shares_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(DatasetError, match="--split"):
        shares_of(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"procedures": 0},
        {"duration": float("nan")},
        {"frame_rate": -1.0},
        {"frames": 301},
        {"size": 0},
        {"bits": 12},
    ],
)
def test_options_without_sense_are_refused_by_name(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(DatasetError, match=f"--{name.replace('_', '-')}"):
        DatasetOptions(**{"procedures": 1, "seed": 0, **wrong})  # type: ignore[arg-type]


WORDS = ("--procedures", "2", "--duration", "2", "--frame-rate", "5", "--size", "128", "--workers", "1")


def test_the_command_writes_a_data_set_and_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, figures = tmp_path / "set", tmp_path / "figures.json"
    assert main(["simulate", "--out", str(out), *WORDS, "--frames", "2", "--json", str(figures)]) == 0
    assert "4 frames of 2 procedures" in capsys.readouterr().out
    content = json.loads(figures.read_text())
    assert content["frames_made"] == 4
    assert content["frames_per_second"] == pytest.approx(4 / content["seconds"])


def test_the_command_writes_a_contact_sheet_and_a_frame_beside_a_real_one(tmp_path: Path) -> None:
    sheet, beside, real = (tmp_path / name for name in ("sheet.jpg", "beside.png", "real.png"))
    cv2.imwrite(str(real), np.full((90, 80), 99, np.uint8))
    assert main(["simulate", *WORDS, "--contact-sheet", str(sheet), "--landmarks"]) == 0
    assert main(["simulate", *WORDS, "--contact-sheet", str(beside), "--beside", str(real), "--at", "1"]) == 0
    assert cv2.imread(str(sheet)).shape[1] > 2 * SHEET_TILE
    picture = cv2.imread(str(beside))
    assert picture.shape[1] > 2 * BESIDE_TILE
    assert (picture[:BESIDE_TILE, :BESIDE_TILE, 0] == 99).mean() > 0.85


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--out", "X", "--seed", "799999"], "do not lie in one range"),
        (["--out", "X", "--seed", "1000000", "--split", "1,0,0"], "never trained on"),
        (["--out", "X", "--split", "0.5,0.5"], "--split"),
        (["--out", "X", "--workers", "0"], "--workers"),
        (["--contact-sheet", "sheet.png", "--workers", "0"], "--workers"),
        (["--seed", "1"], "--out"),
        (["--out", "X", "--beside", "frame.png"], "--contact-sheet"),
        (["--contact-sheet", "sheet.gif"], ".png"),
        (["--contact-sheet", "sheet.png", "--at", "77"], "--at"),
        (["--contact-sheet", "sheet.png", "--beside", "missing.png"], "missing.png"),
    ],
)
def test_a_command_that_cannot_be_meant_ends_in_one_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "--procedures", "2", *words]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and sentence in lines[0]
    assert not any(tmp_path.iterdir())
