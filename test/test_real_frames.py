"""The robustness benchmark moves points with the picture, counts them rightly, and says what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import real_frames
from benchmarks.real_report import Judgements, cine_figures, frame_figures, text, variant_figures
from benchmarks.variants import Variant, draw_variants
from tavi_perception.landmarks import COUNT, Landmark

SIZE = (200, 160)


def dot(x: int, y: int) -> np.ndarray:
    image = np.full((SIZE[1], SIZE[0]), 200, dtype=np.uint8)
    cv2.circle(image, (x, y), 5, 40, -1)
    return image


def judgements(distances: list[float], reported: bool = True, scale: float = 1.0) -> Judgements:
    """CP lies at (100, 100) px of the unscaled frame and is found so many px beside it."""
    count = len(distances)
    truth = np.full((count, COUNT, 2), np.nan)
    truth[:, Landmark.CP] = 100.0 * scale
    found = np.zeros((count, COUNT, 2))
    found[:, Landmark.CP] = truth[:, Landmark.CP]
    found[:, Landmark.CP, 0] += np.array(distances) * scale
    said = np.zeros((count, COUNT), dtype=bool)
    said[:, Landmark.CP] = reported
    return Judgements(truth, found, said.astype(float), said, np.full(count, scale))


@pytest.mark.parametrize("variant", [Variant(), *draw_variants(5, 3)])
def test_points_move_with_the_picture(variant: Variant) -> None:
    xy = np.array([120.0, 70.0])
    quiet = Variant(variant.rotation, variant.scale)
    weight = 200.0 - quiet.render(dot(120, 70))
    rows, columns = np.indices(weight.shape)
    centre = [(columns * weight).sum() / weight.sum(), (rows * weight).sum() / weight.sum()]
    assert quiet.move(xy, SIZE) == pytest.approx(centre, abs=0.3)


def test_variant_that_changes_nothing_is_the_image() -> None:
    assert (Variant().render(dot(90, 60)) == dot(90, 60)).all()


def test_borders_are_repeated() -> None:
    smaller = Variant(rotation=15.0, scale=0.85).render(dot(100, 80))
    assert smaller[0, 0] == smaller[-1, -1] == 200


def test_variants_depend_on_their_seed_alone() -> None:
    assert draw_variants(3, 7) == draw_variants(5, 7)[:3]
    assert draw_variants(3, 7) != draw_variants(3, 8)
    first = draw_variants(1, 7)[0]
    assert (first.render(dot(9, 9)) == first.render(dot(9, 9))).all()


def test_limit_grows_with_the_scale_of_the_variant() -> None:
    assert judgements([14.0, 16.0], scale=1.25).right[:, Landmark.CP].tolist() == [True, False]


def test_point_that_is_not_reported_is_not_right() -> None:
    figures = variant_figures(judgements([1.0, 2.0], reported=False), {Landmark.CP: None}, ())
    assert figures["within_share"] == 0.0
    assert figures["within_share_reported_or_not"] == 1.0
    assert not figures["met"]


def test_share_of_right_points_is_over_judged_landmarks_only() -> None:
    figures = variant_figures(judgements([1.0, 2.0, 3.0, 40.0]), {Landmark.CP: None}, (Landmark.FE1,))
    assert figures["within_share"] == 0.75
    assert figures["landmarks"]["CP"]["median_px"] == 2.5
    assert figures["false_alarm_share"] == {"FE1": 0.0}


def test_false_alarms_in_the_cine_leave_the_catheters_tip_and_bend_aside() -> None:
    reported = np.zeros((10, COUNT), dtype=bool)
    reported[:, Landmark.PT] = True
    assert cine_figures(reported, reported.astype(float))["met"]
    reported[0, Landmark.AA2] = True
    figures = cine_figures(reported, reported.astype(float))
    assert figures["worst_share"] == 0.1
    assert not figures["met"]


def test_text_says_which_target_is_missed() -> None:
    one = judgements([3.0])
    figures = {
        "model": {"name": "m", "version": "1"},
        "frame": frame_figures(one, {Landmark.CP: None}, (Landmark.FE1,)),
        "variants": variant_figures(judgements([20.0]), {Landmark.CP: None}, (Landmark.FE1,)),
    }
    assert "right as it is: 1 of 1" in text(figures)
    assert "MISSED" in text(figures)


def test_missing_images_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert real_frames.main(["--reference", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert real_frames.FRAME in said and real_frames.CINE in said


def test_frame_alone_is_judged_and_drawn(tmp_path: Path) -> None:
    grey = np.full((300, 300), 150, dtype=np.uint8)
    cv2.imwrite(str(tmp_path / real_frames.FRAME), grey)
    figures = tmp_path / "figures.json"
    words = ["--reference", str(tmp_path), "--variants", "2", "--out", str(tmp_path), "--json", str(figures)]
    assert real_frames.main(words) == 1  # a grey picture shows nothing
    content = json.loads(figures.read_text())
    assert content["variants"]["variants"] == 2
    assert content["variants"]["landmarks"].keys() == {mark.name for mark in real_frames.POINTS}
    assert "cine" not in content
    assert len(content["model"]["sha256"]) == 64
    assert cv2.imread(str(tmp_path / "real_frame_variants.png")) is not None
