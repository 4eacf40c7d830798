"""Outages are the runs of frames without a valid deviation."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.outages import outage_figures, outages

STEPS = st.lists(st.tuples(st.floats(1e-3, 10.0), st.booleans()), max_size=40)
"""Frames: s since the one before, and whether its deviation was valid."""


def of(steps: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.cumsum([step for step, _ in steps]), np.array([valid for _, valid in steps], dtype=bool)


@pytest.mark.parametrize(
    ("valid", "durations"),
    [
        ("", []),
        ("1111", []),
        ("1011", [1.0]),
        ("0010", [2.0, 0.0]),
        ("1000", [2.0]),
        ("0", [0.0]),
        ("0000", [3.0]),
    ],
)
def test_an_outage_lasts_to_the_next_valid_frame_or_to_the_last(valid: str, durations: list[float]) -> None:
    flags = np.array([flag == "1" for flag in valid], dtype=bool)
    assert outages(np.arange(len(flags), dtype=float), flags).tolist() == durations


@given(steps=STEPS)
def test_each_run_of_invalid_frames_is_one_outage(steps: list[tuple[float, bool]]) -> None:
    times, valid = of(steps)
    runs = [valid_run for valid_run, _ in groupby(valid.tolist())]
    assert len(outages(times, valid)) == runs.count(False)


@given(steps=STEPS)
def test_outages_and_the_time_from_valid_frames_on_make_up_the_run(steps: list[tuple[float, bool]]) -> None:
    times, valid = of(steps)
    served = np.diff(times)[valid[:-1]].sum()
    assert outages(times, valid).sum() + served == pytest.approx(times[-1] - times[0] if steps else 0.0)


@given(steps=STEPS, shift=st.floats(-1e3, 1e3))
def test_only_differences_of_time_count(steps: list[tuple[float, bool]], shift: float) -> None:
    times, valid = of(steps)
    np.testing.assert_allclose(outages(times + shift, valid), outages(times, valid), atol=1e-9)


def test_figures_are_median_95th_percentile_and_longest() -> None:
    figures = outage_figures(np.arange(101.0))
    assert (figures.count, figures.median, figures.p95, figures.longest) == (101, 50.0, 95.0, 100.0)


def test_without_an_outage_only_the_count_is_known() -> None:
    figures = outage_figures(np.empty(0))
    assert figures.count == 0
    assert math.isnan(figures.median) and math.isnan(figures.p95) and math.isnan(figures.longest)
