"""Percentiles of a histogram are those of its durations, to the width of a bin; its memory is bounded."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.histogram import BINS_PER_DECADE, LONGEST, SHORTEST, Histogram

HALF_A_BIN = 10 ** (0.5 / BINS_PER_DECADE) - 1
DURATIONS = st.lists(st.floats(2 * SHORTEST, LONGEST), min_size=1, max_size=200)


def of(durations: list[float]) -> Histogram:
    histogram = Histogram()
    for seconds in durations:
        histogram.add(seconds)
    return histogram


@given(DURATIONS)
def test_percentiles_are_those_of_the_durations_to_half_a_bin(durations: list[float]) -> None:
    found = of(durations).durations()
    expected = 1e3 * np.percentile(durations, (50, 95, 99), method="inverted_cdf")
    assert (found.median, found.p95, found.p99) == pytest.approx(expected, rel=1.01 * HALF_A_BIN)


@given(DURATIONS)
def test_the_longest_is_exact(durations: list[float]) -> None:
    assert of(durations).durations().max == 1e3 * max(durations)


def test_there_are_never_more_bins_than_the_scale_has() -> None:
    histogram = of(list(10.0 ** np.random.default_rng(1).uniform(-12, 9, 20_000)))
    assert len(histogram.to_text().split()) <= 1 + round(BINS_PER_DECADE * math.log10(LONGEST / SHORTEST)) + 1


@pytest.mark.parametrize("seconds", [-1e-9, math.nan, math.inf, -math.inf])
def test_what_is_no_duration_is_not_counted(seconds: float) -> None:
    assert of([seconds]).durations().count == 0


def test_figures_of_nothing_are_not_known() -> None:
    assert math.isnan(Histogram().durations().median) and math.isnan(Histogram().durations().max)


@given(DURATIONS, DURATIONS)
def test_a_sum_has_the_figures_of_all_durations(first: list[float], second: list[float]) -> None:
    assert Histogram.sum([of(first), of(second)]).durations() == of(first + second).durations()


@given(DURATIONS)
def test_what_is_written_is_read_again_to_four_digits(durations: list[float]) -> None:
    written = of(durations)
    found, expected = Histogram.from_text(written.to_text()).durations(), written.durations()
    assert found.count == expected.count
    assert (found.median, found.p99, found.max) == pytest.approx(
        (expected.median, expected.p99, expected.max), rel=2 * HALF_A_BIN
    )


@pytest.mark.parametrize("text", ["12", "12x", "x3", "1x-3", "nanx3", "12x3;", "1x99999999999"])
def test_what_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration in ms and its count"):
        Histogram.from_text(text)


def test_a_count_of_a_stranger_takes_no_memory() -> None:
    assert Histogram.from_text(" ".join(["5.0x999999999"] * 50)).durations().count == 50 * 999_999_999
