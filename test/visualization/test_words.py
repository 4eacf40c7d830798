"""What people read."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from tavi_perception.estimates import (
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    Reason,
    Stage,
)
from tavi_perception.visualization.words import (
    REASONS,
    REFERENCES,
    REMEDIES,
    STAGES,
    annulus_in_words,
    reasons_in_words,
    status_rows,
    verdict,
)

MESSAGE = Path(__file__).resolve().parents[2] / "tavi_msgs" / "msg" / "Reason.msg"


def row(deviation: CatheterDeviation, label: str) -> str:
    rows = {row.label: row.value for row in status_rows(AnnulusFrame(), deviation, 0.003, 0.002)}
    return rows[label]


def test_every_reason_stage_and_reference_has_words() -> None:
    assert set(REASONS) == set(REMEDIES) == set(Reason) - {Reason.NONE}
    assert set(STAGES) == set(Stage)
    assert set(REFERENCES) == set(DepthReference)


def test_remedies_are_those_of_the_message() -> None:
    lines = MESSAGE.read_text().splitlines()
    stated = [re.fullmatch(r"uint32 (\w+)=\d+ *# [^;]+; (.+)", line) for line in lines if "=" in line]
    assert {Reason[found[1]]: found[2] for found in stated} == REMEDIES


def test_each_reason_is_named_once() -> None:
    assert reasons_in_words(Reason.UNCALIBRATED | Reason.TIME_JUMP) == (
        "no calibration",
        "time stamps jumped",
    )


def test_valid_and_invalid_are_said() -> None:
    assert (verdict(CatheterDeviation(valid=True)), verdict(CatheterDeviation())) == ("VALID", "INVALID")


def test_depth_is_given_in_millimetres_with_its_uncertainty() -> None:
    assert row(CatheterDeviation(depth=0.00342, depth_sigma=0.0006), "Depth") == "3.4 ± 0.6 mm"


def test_depth_without_uncertainty_stands_alone() -> None:
    assert row(CatheterDeviation(depth=-0.001), "Depth") == "\N{MINUS SIGN}1.0 mm"


def test_error_has_its_sign() -> None:
    assert row(CatheterDeviation(depth_error=0.0012), "Error") == "+1.2 mm"


def test_target_is_shown_with_its_tolerance() -> None:
    assert row(CatheterDeviation(), "Target") == "3.0 ± 2.0 mm"


def test_angle_is_in_degrees() -> None:
    assert row(CatheterDeviation(angle=math.pi / 18), "Angle") == "10.0°"


@pytest.mark.parametrize("label", ["Depth", "Error", "Angle", "Stent tilt", "Extraction"])
def test_unknown_number_is_a_dash(label: str) -> None:
    assert row(CatheterDeviation(), label) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("annulus", "words"),
    [
        (AnnulusFrame(AnnulusSource.CONTRAST, contrast_age=0.0), "contrast, now"),
        (AnnulusFrame(AnnulusSource.PIGTAIL, contrast_age=12.4), "by pigtail, 12 s old"),
        (AnnulusFrame(), "unknown"),
    ],
)
def test_annulus_tells_where_it_comes_from_and_how_old_it_is(annulus: AnnulusFrame, words: str) -> None:
    assert annulus_in_words(annulus) == words
