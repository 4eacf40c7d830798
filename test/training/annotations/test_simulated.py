"""Data sets of ./tavi simulate come back as they were rendered."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tavi_perception.landmarks import NAMES
from training.annotations import FaultyAnnotationsError, Kind, open_annotated, to_samples


def test_every_frame_is_read_with_procedure_stage_and_exact_landmarks(simulated: Path) -> None:
    found = open_annotated(simulated)
    with (simulated / "frames.csv").open(newline="") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    assert len(found.frames) == len(rows) == 6
    assert not found.report.findings
    for frame in found.frames:
        row = rows[frame.name]
        assert frame.procedure == row["procedure"]
        assert frame.stage in ("unknown", "positioning", "retraction", "deployment", "released")
        assert frame.stored_bits == int(row["stored_bits"])
        present = [row[f"{name}_present"] == "1" for name in NAMES]
        assert list(frame.visible) == present
        truth = [[float(row[f"{name}_{axis}_px"] or "nan") for axis in "xy"] for name in NAMES]
        assert frame.xy[frame.visible] == pytest.approx(np.array(truth)[frame.visible], abs=1e-3)


def test_16_bit_images_use_the_whole_range_of_grey(simulated: Path) -> None:
    samples = to_samples(open_annotated(simulated).frames, 48)
    assert (np.percentile(samples.images.reshape(len(samples), -1), 99, axis=1) > 100).all()


def test_incomplete_sets_are_named(simulated: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(simulated, tmp_path / "copy")
    description = json.loads((copy / "dataset.json").read_text())
    (copy / "dataset.json").write_text(json.dumps({**description, "complete": False}))
    victim = next((copy / "supervisely").rglob("*.png"))
    victim.unlink()
    with pytest.raises(FaultyAnnotationsError) as refused:
        open_annotated(copy)
    counts = refused.value.report.counts
    assert counts == {Kind.MISSING_IMAGE: 2, Kind.INCOMPLETE_SET: 1}
    assert len(open_annotated(copy, on_error="skip").frames) == 5


def test_a_damaged_table_is_named(simulated: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(simulated, tmp_path / "copy")
    (copy / "frames.csv").write_text("image,stage\nx,9\n")
    with pytest.raises(FaultyAnnotationsError, match=r"frames\.csv: it is damaged"):
        open_annotated(copy)


def test_reading_changes_nothing_in_the_set(simulated: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in simulated.rglob("*")}
    open_annotated(simulated)
    assert {path: path.stat().st_mtime_ns for path in simulated.rglob("*")} == before
