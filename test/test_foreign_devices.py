"""The shipped model tells delivery systems of other makes apart, and the benchmarks count it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import without_valve
from benchmarks.foreign_devices import count
from tavi_perception.inference.bundle import default_bundle
from tavi_perception.simulation.makes import OWN, foreign_makes

SEED = 960_611


@pytest.mark.parametrize("make", foreign_makes())
def test_no_deviation_is_valid_while_a_device_of_another_make_is_in_the_field(make: str) -> None:
    counts = count(default_bundle().folder, 512, (make, SEED))
    assert counts.valid == 0
    assert 0.9 * counts.frames < counts.told <= counts.frames
    assert counts.unknown > 0.9 * counts.frames


def test_our_own_device_is_not_taken_for_another() -> None:
    counts = count(default_bundle().folder, 512, (OWN, SEED))
    assert counts.unknown == 0
    assert counts.valid > 0.3 * counts.frames


def test_false_alarms_are_counted_on_the_held_out_share_of_a_pool(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    for number in range(8):
        grey = cv2.GaussianBlur(rng.uniform(60, 220, (256, 256)).astype(np.float32), (0, 0), 12)
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), grey)
    assert without_valve.main(["--backgrounds", str(tmp_path)]) == 0
    assert "frames without a valve, validation share" in capsys.readouterr().out


def test_a_pool_that_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert without_valve.main(["--backgrounds", "nowhere"]) == 1
    assert "nowhere: there is no such folder of backgrounds" in capsys.readouterr().err
