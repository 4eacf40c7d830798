"""The command writes a report, statistics, figures and a split; its exit code says whether all is well."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.annotations import Kind, command, open_annotated
from training.annotations.command import main
from training.annotations.statistics import statistics_of
from training.figures.annotations import draw_statistics

from .conftest import Folder

FIGURES = {"keypoints_per_image.png", "images_per_keypoint.png", "coordinates.png"}


def test_a_sound_set_gives_everything_and_0(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(simulated), "--out", str(tmp_path), "--split", "0.6,0.4,0"]) == 0
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {*FIGURES, "report.txt", "report.json", "statistics.json", "split.json"}
    assert "nothing is wrong" in capsys.readouterr().out
    statistics = json.loads((tmp_path / "statistics.json").read_text())
    assert statistics["frames"] == sum(statistics["keypoints_per_image"]) == 6
    assert len(statistics["procedures"]) == 3
    parts = json.loads((tmp_path / "split.json").read_text())
    assert not set(parts["training"]["procedures"]) & set(parts["validation"]["procedures"])


def test_a_faulty_set_gives_1_and_a_report_and_0_when_skipped(
    project: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "draw_statistics", lambda statistics, out: None)
    for dataset in "abc":
        project.labelled(dataset, "1.png", {"AA1": (1, 2)})
    project.labelled("c", "2.png", {"nonsense": (1, 2)})
    out = tmp_path / "out"
    assert main([str(project.root), "--out", str(out)]) == 1
    assert "1 unknown class" in capsys.readouterr().err
    assert json.loads((out / "report.json").read_text())["counts"] == {"unknown class": 1}
    assert main([str(project.root), "--out", str(out), "--on-error", "skip"]) == 0
    assert "nonsense" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["nowhere"], [".", "--names", "nowhere.yaml"], [".", "--split", "1,1,1"]]
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    project: Folder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    project.labelled("a", "1.png", {"AA1": (1, 2)})
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(command, "draw_statistics", lambda statistics, out: None)
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_coordinates_are_shares_of_the_image(project: Folder) -> None:
    project.labelled("a", "1.png", {"AA1": (32.0, 24.0), "CT": (0.5, 0.5)})
    project.labelled("b", "2.png", {"CT": (0.5, 0.5)})
    statistics = statistics_of(open_annotated(project.root).frames)
    assert statistics.xy[0, 0] == pytest.approx([0.5, 0.5])
    assert list(statistics.images_per_keypoint[[0, 7]]) == [1, 2]
    assert list(statistics.keypoints_per_image[:3]) == [0, 1, 1]
    assert statistics.imbalance == 2


def test_a_set_without_any_landmark_can_be_drawn(tmp_path: Path) -> None:
    statistics = statistics_of(())
    files = draw_statistics(statistics, tmp_path)
    assert {file.name for file in files} == FIGURES
    assert all(np.std(cv2.imread(str(file))) > 0 for file in files)
    assert statistics.as_json()["imbalance"] is None


def test_every_option_and_kind_of_finding_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "training_data.md").read_text()
    options = [option for action in command._parser()._actions for option in action.option_strings]
    assert [option for option in options if option.startswith("--") and f"`{option}" not in text] == [
        "--help"
    ]
    assert [kind.value for kind in Kind if f"| {kind.value} |" not in text] == []
