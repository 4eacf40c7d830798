"""The report shows every table and figure, and the worst frames are the worst."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from tavi_perception.evaluation.judged import Judged, judge
from tavi_perception.evaluation.numbers import calibration_of, figures_of
from tavi_perception.evaluation.report import write_report
from tavi_perception.evaluation.worst import WorstFrames
from tavi_perception.landmarks import Landmark

from .conftest import answer, labelled

MACHINE = {"processor": "P", "cores": 2, "memory_gb": 8.0, "system": "S", "versions": {"python": "3"}}
MODEL = {"name": "miniature", "version": "1", "sha256": "0" * 64}


def complete(judged: Judged) -> dict:
    about = {"data": "made up", "patients": 50, "size_px": 500, "runtime": "litert"}
    figures = {**about, **figures_of(judged), "calibration": calibration_of(judged)}
    return {**figures, "model": MODEL, "machine": MACHINE}


def test_report_names_only_pictures_that_exist(judged: Judged, tmp_path: Path) -> None:
    worst = WorstFrames(3)
    rng = np.random.default_rng(1)
    frames = [labelled(index, rng, image=True) for index in range(4)]
    judge(((frame, answer(frame, rng)) for frame in frames), worst)
    write_report(tmp_path, complete(judged), judged, worst)
    text = (tmp_path / "report.md").read_text()
    pictures = re.findall(r"!\[[^]]*]\(([^)]+)\)", text)
    assert set(pictures) == {path.name for path in tmp_path.glob("*.png")}
    assert len(pictures) == 3
    for picture in pictures:
        assert cv2.imread(str(tmp_path / picture)) is not None
    assert "### Positioning" in text and "miniature 1" in text


def test_report_without_pictures_of_frames_has_no_worst_frames(judged: Judged, tmp_path: Path) -> None:
    write_report(tmp_path, complete(judged), judged, WorstFrames())
    assert "worst" not in (tmp_path / "report.md").read_text()


def test_worst_frames_are_those_with_the_largest_reported_error() -> None:
    worst = WorstFrames(2)
    truth = np.full((11, 2), 500.0)
    visible = np.ones(11, dtype=bool)
    reported = visible.copy()
    reported[Landmark.AA1] = False
    image = np.zeros((100, 80), dtype=np.uint8)
    for error in (10.0, 90.0, 50.0, 30.0):
        found = truth.copy()
        found[Landmark.CT, 0] += error
        found[Landmark.AA1] += 400.0  # not reported, so it does no harm
        worst.offer(f"{error:.0f}", f"patient {error}", image, truth, visible, found, reported)
    assert worst.listed == [
        {"frame": "90", "landmark": "CT", "error_px": 90.0},
        {"frame": "50", "landmark": "CT", "error_px": 50.0},
    ]
    assert worst.sheet() is not None


def test_two_frames_of_a_procedure_are_kept_at_most() -> None:
    worst = WorstFrames(4)
    image, truth, all_of_them = np.zeros((9, 9), np.uint8), np.zeros((11, 2)), np.ones(11, dtype=bool)
    for number, error in enumerate((5.0, 8.0, 7.0, 6.0)):
        worst.offer(str(number), "one", image, truth, all_of_them, truth + error, all_of_them)
    worst.offer("another", "two", image, truth, all_of_them, truth + 1.0, all_of_them)
    assert [entry["frame"] for entry in worst.listed] == ["1", "2", "another"]


def test_frame_without_reported_points_is_not_among_the_worst() -> None:
    worst = WorstFrames()
    nothing = np.zeros(11, dtype=bool)
    image, xy = np.zeros((9, 9), np.uint8), np.zeros((11, 2))
    worst.offer("empty", "patient", image, xy, nothing, xy, nothing)
    assert worst.listed == []
    assert worst.sheet() is None
