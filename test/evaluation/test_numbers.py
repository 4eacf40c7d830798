"""Figures have the values that answers of a known quality must give."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tavi_perception.evaluation.judged import Judged, Truths, judge
from tavi_perception.evaluation.metrics import Predictions, by_landmark, summary
from tavi_perception.evaluation.numbers import (
    calibrated,
    calibration_of,
    coverage_curve,
    errors_by_landmark,
    figures_of,
    for_json,
    presence_curve,
    sigma_curve,
)
from tavi_perception.evaluation.tables import headline, landmark_table, reported_table, stage_table
from tavi_perception.landmarks import NAMES, Landmark

HEADLINE = {
    "macro_f1", "micro_f1", "median_px", "mean_px", "p95_px", "pck_5", "pck_10",
    "within_1_sigma_axis", "within_2_sigma_axis", "presence_accuracy",
}  # fmt: skip


def changed(judged: Judged, **arrays: np.ndarray) -> Judged:
    """The same answers with other ``presence``, ``xy`` or ``covariance``."""
    return replace(judged, predictions=replace(judged.predictions, **arrays))


def test_lengths_are_px_of_an_image_side_of_1000(judged: Judged) -> None:
    """Errors of 2 px in images of 500: a Rayleigh distribution of 4 px, median 4 · 1.177."""
    figures = figures_of(judged)
    assert figures["median_px"] == pytest.approx(4.0 * 1.1774, rel=0.05)
    assert figures["p95_px"] == pytest.approx(4.0 * 2.4477, rel=0.06)
    assert figures["pck_5"] == pytest.approx(1 - np.exp(-0.5 * (5 / 4) ** 2), abs=0.03)


def test_summary_holds_every_headline_figure(judged: Judged) -> None:
    assert figures_of(judged).keys() >= HEADLINE
    assert summary(judged.predictions, judged.labels).keys() >= HEADLINE | {"score"}


def test_true_sigmas_are_calibrated(judged: Judged) -> None:
    figures = figures_of(judged)
    assert figures["within_1_sigma_axis"] == pytest.approx(0.683, abs=0.03)
    assert figures["within_2_sigma_axis"] == pytest.approx(0.954, abs=0.015)
    assert calibrated(figures)
    assert figures["landmarks"]["CP"]["within_1_sigma"] == pytest.approx(0.393, abs=0.1)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_wrong_sigmas_are_not_calibrated(judged: Judged, factor: float) -> None:
    wrong = changed(judged, covariance=factor**2 * judged.predictions.covariance)
    assert not calibrated(figures_of(wrong))


def test_perfect_presence_has_scores_of_1(judged: Judged) -> None:
    figures = figures_of(judged)
    assert figures["macro_f1"] == figures["micro_f1"] == figures["presence_accuracy"] == 1.0


def test_macro_f1_is_the_mean_over_landmarks_that_occur(judged: Judged) -> None:
    reported = judged.reported.copy()
    reported[:, Landmark.FE1] = False
    visible = judged.labels.visible.copy()
    visible[:, Landmark.CM] = 0.0
    reported[:, Landmark.CM] = False
    worse = replace(judged, reported=reported, labels=Truths(judged.labels.xy, visible))
    figures = figures_of(worse)
    assert figures["landmarks"].keys() == set(NAMES) - {"CM"}
    assert figures["macro_f1"] == pytest.approx(9 / 10)
    assert 0.9 < figures["micro_f1"] < 1.0


def test_thresholds_decide_presence_in_by_landmark(judged: Judged) -> None:
    table = by_landmark(judged.predictions, judged.labels, np.full(11, 0.95))
    assert table["CP"]["recall"] == 0.0
    assert table["CP"]["median_px"] == figures_of(judged)["landmarks"]["CP"]["median_px"]


def test_point_without_a_place_is_missed_but_has_no_error(judged: Judged) -> None:
    xy = judged.predictions.xy.copy()
    xy[:, Landmark.CP] = np.nan
    figures = figures_of(changed(judged, xy=xy))
    assert figures["landmarks"]["CP"]["pck_10"] == 0.0
    assert np.isnan(figures["landmarks"]["CP"]["median_px"])
    assert figures["without_a_place"] == 200
    assert figures["median_px"] == pytest.approx(4.7, abs=0.3)


def test_errors_of_reported_points_leave_the_others_out(judged: Judged) -> None:
    xy, reported = judged.predictions.xy.copy(), judged.reported.copy()
    xy[:100, Landmark.CP] += 300.0
    reported[:100, Landmark.CP] = False
    row = figures_of(replace(changed(judged, xy=xy), reported=reported))["landmarks"]["CP"]
    assert row["p95_px"] > 300.0
    assert row["reported_p95_px"] < 20.0


def test_stages_are_in_the_order_of_the_procedure(judged: Judged) -> None:
    stages = figures_of(judged)["stages"]
    assert list(stages) == ["positioning", "deployment"]
    assert "FE1" not in stages["positioning"]["landmarks"]
    assert stages["deployment"]["frames"] == 100


def test_frames_without_a_stage_have_no_table_of_stages(judged: Judged) -> None:
    assert figures_of(replace(judged, stages=(None,) * len(judged)))["stages"] == {}


def test_curves_follow_the_diagonal(judged: Judged) -> None:
    for row in coverage_curve(judged):
        assert row["found"] == pytest.approx(row["expected"], abs=0.03)
    for row in sigma_curve(judged):
        assert row["stated"] == pytest.approx(4.0)
        assert row["empirical"] == pytest.approx(4.0, rel=0.2)
    assert [row["found"] for row in presence_curve(judged)] == [0.0, 1.0]


def test_every_visible_point_is_in_the_histograms(judged: Judged) -> None:
    assert sum(map(len, errors_by_landmark(judged))) == judged.labels.visible.sum()


def test_json_has_null_for_unknown_numbers(judged: Judged) -> None:
    figures = for_json({"a": float("nan"), "b": [1.0, float("inf")], **calibration_of(judged)})
    assert json.loads(json.dumps(figures, allow_nan=False))["b"] == [1.0, None]


def test_tables_have_as_many_cells_in_every_row(judged: Judged) -> None:
    figures = for_json(figures_of(judged))
    for table in (landmark_table(figures), stage_table(figures), reported_table(figures)):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    assert "within 10 px" in headline(figures)


def test_no_frames_are_an_error() -> None:
    with pytest.raises(ValueError, match="no labelled frames"):
        judge(())


def test_answers_without_any_place_give_no_errors_but_no_failure() -> None:
    nothing = Predictions(
        np.zeros((3, 11)), np.full((3, 11, 2), np.nan), np.full((3, 11, 2, 2), np.nan), 1000
    )
    figures = summary(nothing, Truths(np.zeros((3, 11, 2), np.float32), np.ones((3, 11), np.float32)))
    assert np.isnan(figures["median_px"])
    assert figures["pck_10"] == figures["macro_f1"] == 0.0
