"""Real annotated frames are judged by fold and patient, in the units that others publish."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from public_set import PublicSet

from tavi_perception.commands.evaluate import main
from tavi_perception.estimates import Keypoints
from tavi_perception.evaluation.answers import Answer
from tavi_perception.evaluation.fold_tables import fold_text
from tavi_perception.evaluation.folds import fold_figures, part_figures
from tavi_perception.evaluation.judged import Judged, Labelled, judge
from tavi_perception.evaluation.numbers import figures_of
from tavi_perception.landmarks import COUNT, NAMES, NEEDS_CONTRAST, Landmark
from tavi_perception.simulation.samples import samples
from tavi_perception.simulation.seeds import CARDS

SIDE = 500
"""Of the frames that are judged without a model: 2 px of 1000 are one of theirs."""

SPACING = 0.25
"""mm of a px of theirs at the detector."""


def labelled(name: str, patient: str, visible: tuple[Landmark, ...] = NEEDS_CONTRAST) -> Labelled:
    """A frame whose annulus lies level from (100, 200) to (200, 200); only AA and STJ are labelled."""
    xy = np.full((COUNT, 2), np.nan)
    for landmark, place in zip(NEEDS_CONTRAST, ((100, 200), (200, 200), (90, 120), (210, 120)), strict=True):
        if landmark in visible:
            xy[landmark] = place
    shown = np.isfinite(xy[:, 0])
    return Labelled(name, patient, None, None, SIDE, SIDE, xy, shown, shown, (SPACING, np.nan))


def moved(frame: Labelled, shift: tuple[float, float], of: tuple[Landmark, ...] = NEEDS_CONTRAST) -> Answer:
    """The truth, but some points shifted; everything is reported, at (250, 250) where there is no truth."""
    xy = np.where(frame.visible[:, None], frame.xy, 250.0)
    xy[list(of)] += shift
    everything = np.ones(COUNT, bool)
    covariance = np.broadcast_to(np.eye(2), (COUNT, 2, 2))
    keypoints = Keypoints(SIDE, SIDE, np.full(COUNT, 0.9), everything, everything, xy, covariance)
    return Answer(keypoints, everything)


def judged(*shifts: tuple[float, float]) -> Judged:
    frames = [labelled(f"{i}.png", f"{i:03d}") for i in range(len(shifts))]
    return judge((frame, moved(frame, shift)) for frame, shift in zip(frames, shifts, strict=True))


def test_errors_are_given_at_640_and_1000_and_in_mm_at_the_detector() -> None:
    figures = part_figures(judged((3.0, 4.0)))
    assert figures["median_px_1000"] == pytest.approx(10.0)
    assert figures["median_px_640"] == pytest.approx(6.4)
    assert figures["mean_mm_detector"] == pytest.approx(5 * SPACING)
    assert figures["landmarks"]["AA1"]["mean_px_640"] == pytest.approx(6.4)


def test_mm_at_the_patient_are_unknown_without_the_distances() -> None:
    assert np.isnan(part_figures(judged((3.0, 4.0)))["mean_mm_patient"])


def test_a_landmark_that_is_not_labelled_counts_nowhere() -> None:
    found = judged((0.0, 0.0))
    assert set(part_figures(found)["landmarks"]) == set(figures_of(found)["landmarks"]) == set(NAMES[:4])
    assert figures_of(found)["presence_accuracy"] == 1.0


def test_precision_is_unknown_where_absent_landmarks_are() -> None:
    figures = figures_of(judged((0.0, 0.0)))
    assert figures["landmarks"]["AA1"]["recall"] == 1.0
    assert np.isnan([figures["landmarks"]["AA1"]["precision"], figures["micro_f1"]]).all()


def test_share_within_10_px_is_that_of_an_image_of_640() -> None:
    figures = part_figures(judged((7.0, 0.0), (8.0, 0.0)))  # 8.96 and 10.24 px of 640
    assert figures["pck_10_px_640_percent"] == pytest.approx(50.0)


def test_annulus_angle_and_midpoint_follow_one_moved_hinge_point() -> None:
    frame = labelled("a.png", "001")
    figures = part_figures(judge([(frame, moved(frame, (0.0, 20.0), (Landmark.AA2,)))]))["annulus"]
    assert figures["mean_angle_deg"] == pytest.approx(np.degrees(np.arctan2(20, 100)))
    assert figures["mean_midpoint_px_640"] == pytest.approx(10 * 640 / SIDE)
    assert figures["mean_midpoint_mm_detector"] == pytest.approx(10 * SPACING)


def test_exchanged_hinge_points_are_half_a_turn_off() -> None:
    frame = labelled("a.png", "001")
    answer = moved(frame, (0.0, 0.0))
    answer.keypoints.xy[[Landmark.AA1, Landmark.AA2]] = frame.xy[[Landmark.AA2, Landmark.AA1]]
    assert part_figures(judge([(frame, answer)]))["annulus"]["mean_angle_deg"] == pytest.approx(180.0)


def test_an_annulus_of_which_one_end_is_not_marked_is_not_judged() -> None:
    frame = labelled("a.png", "001", (Landmark.AA1, Landmark.STJ1))
    figures = part_figures(judge([(frame, moved(frame, (1.0, 0.0)))]))
    assert figures["points"] == 2
    assert figures["annulus"]["frames"] == 0


def test_folds_are_averaged_as_published() -> None:
    found = judged((3.0, 0.0), (5.0, 0.0), (40.0, 0.0))
    figures = fold_figures(found, {"fold_01": {"0.png"}, "fold_02": {"1.png", "2.png"}})
    assert list(figures["folds"]["fold_02"]["patients"]) == ["001", "002"]
    assert figures["over_folds"]["median_px_1000"]["mean"] == pytest.approx((6 + 45) / 2)
    assert figures["over_folds"]["median_px_1000"]["std"] == pytest.approx(39 / np.sqrt(2))
    rows = {(row["figure"], row["of"]): row for row in figures["published"]}
    assert rows["median, px of 640", "all folds"]["BAMNet"] == 7.64
    assert rows["mean, mm at the detector", "first fold"]["ours"] == pytest.approx(3 * SPACING)
    text = fold_text(figures)
    assert "| 002 | 4 | 51.2, 51.2 | 80.0, 80.0 | 10.00, 10.00 | – |" in text
    assert "| mean, mm at the detector | first fold | 0.75 | 3.22 |" in text


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> PublicSet:
    """Two simulated frames with contrast of each of three patients, as the public set has them."""
    written = PublicSet(tmp_path_factory.mktemp("public"))
    listed: dict[str, list[str]] = {}
    for seed in CARDS:
        number, names = len(listed) + 1, []
        for image, truth in samples(seed, 320, 8):
            shown = {
                NAMES[i]: tuple(truth.keypoints.xy[i]) for i in NEEDS_CONTRAST if truth.keypoints.present[i]
            }
            if {"AA1", "AA2"} <= shown.keys() and len(names) < 2:
                names.append(f"{number}_0_{len(names):02d}")
                written.frame(f"{number:03d}", names[-1], shown, image.astype(np.uint8), 0.390625)
        if names:
            listed[f"{number:04d}"] = names
        if len(listed) == 3:
            break
    first, second, third = listed
    written.fold(1, {first: listed[first], second: listed[second]}, {third: listed[third]})
    written.fold(2, {third: listed[third]}, {first: listed[first], second: listed[second]})
    return written


def test_one_command_judges_the_validation_patients_of_every_fold(
    public: PublicSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "--data",
        str(public.root),
        "--folds",
        str(public.manifests),
        "--sid-mm",
        "1193",
        "--sod-mm",
        "720",
    ]
    assert main([*words, "--json", str(tmp_path / "f.json"), "--out", str(tmp_path / "out")]) == 0
    figures = json.loads((tmp_path / "f.json").read_text())
    folds = figures["by_fold"]["folds"]
    assert {name: list(fold["patients"]) for name, fold in folds.items()} == {
        "fold_01": ["003"],
        "fold_02": ["001", "002"],
    }
    assert set(figures["landmarks"]) == set(NAMES[:4])
    together = figures["by_fold"]["together"]
    assert together["points"] == sum(fold["points"] for fold in folds.values()) >= 6
    assert 0 < together["median_px_1000"] < 30  # the model sees the frames, and their points are right
    assert together["mean_mm_detector"] == pytest.approx(together["mean_px_1000"] * 0.390625 * 0.512)
    assert together["mean_mm_patient"] == pytest.approx(together["mean_mm_detector"] * 720 / 1193)
    said = capsys.readouterr().out
    assert "| figure | of | this model | BAMNet |" in said
    assert "| 003 | " in (tmp_path / "out" / "folds.md").read_text()


def test_a_fold_can_be_judged_alone(public: PublicSet, tmp_path: Path) -> None:
    words = ["--data", str(public.root), "--folds", str(public.manifests), "--fold", "1"]
    assert main([*words, "--json", str(tmp_path / "f.json")]) == 0
    assert list(json.loads((tmp_path / "f.json").read_text())["by_fold"]["folds"]) == ["fold_01"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--folds", "."], "--folds needs the data set"), (["--data", ".", "--fold", "1"], "--fold needs")],
)
def test_options_of_folds_that_lack_another_are_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert said in capsys.readouterr().err
