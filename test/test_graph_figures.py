"""The figures of ``./tavi bench --graph``: what is counted, compared and left unknown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.graph.figures import Answer, Figures, Sample, figures_of, growth_mb, slope
from benchmarks.graph.plan import FLOOD_HZ, Cell, Company, Plan
from benchmarks.graph.results import Result, growths, times_of_naive

MS = 10**6
STAMPS = [1_000 * MS + number * 100 * MS for number in range(11)]
"""Of frames that came 10 times a second (ns)."""


def answered(count: int, after_ms: float = 20.0) -> dict[int, Answer]:
    return {stamp: Answer(stamp + round(after_ms * MS)) for stamp in STAMPS[:count]}


def figures(answers: dict[int, Answer], samples: Sequence[Sample] = ()) -> Figures:
    return figures_of(STAMPS, answers, samples, cores=2)


def result(arm: str, median: float | None, cell: Cell, company: Company = Company.NOBODY) -> Result:
    count = 0 if median is None else len(STAMPS)
    return Result(arm, company, cell, figures(answered(count, median or 0.0)))


def test_every_frame_is_answered_or_lost() -> None:
    it = figures(answered(8))
    assert (it.sent, it.answered, it.lost) == (11, 8, 3)


def test_latency_is_that_of_answered_frames() -> None:
    it = figures({stamp: Answer(stamp + (10 + number) * MS) for number, stamp in enumerate(STAMPS)})
    assert (it.median_ms, it.max_ms) == (15.0, 20.0)
    assert it.p99_ms == pytest.approx(19.9)


def test_answers_to_other_frames_do_not_count() -> None:
    stranger = STAMPS[0] - 1
    it = figures({**answered(2), stranger: Answer(stranger + MS)})
    assert (it.answered, it.median_ms) == (2, 20.0)


def test_answer_that_says_that_processing_failed_leaves_its_frame_lost() -> None:
    failed = {STAMPS[3]: Answer(STAMPS[3] + MS, failed=True)}
    it = figures({**answered(3), **failed})
    assert (it.answered, it.lost, it.failed, it.median_ms) == (3, 8, 1, 20.0)


def test_answer_that_came_too_late_to_act_on_is_an_answer_and_counted() -> None:
    late = {STAMPS[3]: Answer(STAMPS[3] + 300 * MS, stale=True)}
    it = figures({**answered(3), **late})
    assert (it.answered, it.stale, it.max_ms) == (4, 1, 300.0)


def test_rates_are_those_at_which_frames_were_really_sent() -> None:
    it = figures(answered(5))
    assert it.sent_hz == pytest.approx(10.0)
    assert it.answered_hz == pytest.approx(10.0 * 5 / 11)


def test_what_nothing_tells_of_is_unknown() -> None:
    it = figures_of([], {}, [], cores=2)
    assert (it.sent, it.answered, it.lost) == (0, 0, 0)
    unknown = {name for name, value in vars(it).items() if value is None}
    assert unknown >= {"sent_hz", "median_ms", "p99_ms", "cpu_percent", "memory_mb", "growth_mb"}


def test_processor_time_is_told_of_a_core_of_an_answer_and_of_the_machine() -> None:
    samples = [Sample(10.0, 1.0, 10**8, 50.0), Sample(11.0, 1.5, 10**8, 51.0)]
    it = figures(answered(11), samples)
    assert it.cpu_percent == pytest.approx(50.0)
    assert it.cpu_ms == pytest.approx(50.0)
    assert it.machine_percent == pytest.approx(50.0)


def test_memory_is_the_largest_and_growth_is_from_first_to_last_quarter() -> None:
    samples = [
        Sample(float(n), 0.0, size * 10**6, 0.0) for n, size in enumerate([10, 12, 90, 20, 21, 22, 30, 32])
    ]
    it = figures(answered(1), samples)
    assert it.memory_mb == 90.0
    assert it.growth_mb == pytest.approx(31.0 - 11.0)


def test_growth_of_a_single_look_is_none() -> None:
    assert growth_mb(np.array([7.0])) == 0.0


def test_slope_is_that_of_the_line_and_unknown_for_a_single_size() -> None:
    assert slope([1.0, 2.0, 4.0], [5.0, 7.0, 11.0]) == pytest.approx(2.0)
    assert slope([1.0, 1.0], [5.0, 7.0]) is None


def test_latency_is_compared_with_the_naive_node_in_the_same_cell() -> None:
    cell, other = Cell(1000, 30.0, False, 1.0), Cell(512, 30.0, False, 1.0)
    ours = result("node", 10.0, cell)
    naive = [result("naive", 300.0, other), result("naive", 80.0, cell)]
    watched = result("naive", 500.0, cell, Company.BOTH)
    assert times_of_naive([watched, *naive, ours], ours) == pytest.approx(8.0)
    assert times_of_naive([*naive, ours], naive[1]) is None
    assert times_of_naive([watched, ours], ours) is None


def test_floods_are_compared_by_answers_a_second() -> None:
    cell = Cell(1000, FLOOD_HZ, True, 1.0)
    ours = Result("node", Company.NOBODY, cell, figures(answered(8, 900.0)))
    naive = Result("naive", Company.NOBODY, cell, figures(answered(2)))
    assert times_of_naive([ours, naive], ours) == pytest.approx(4.0)


def test_growth_is_told_over_size_at_the_lowest_rate_and_over_rate_at_the_middle_size() -> None:
    found = [
        result("node", 10.0 + 2.0 * 1e-6 * size**2 + rate, Cell(size, rate, False, 1.0))
        for size in (500, 1000, 2000)
        for rate in (10.0, 20.0)
    ]
    (growth,) = growths([*found, result("node", 900.0, Cell(1000, FLOOD_HZ, True, 1.0))])
    assert growth.ms_per_megapixel == pytest.approx(2.0)
    assert (growth.rate, growth.size) == (10.0, 1000)
    assert growth.times_with_rate == pytest.approx(32.0 / 22.0)


def test_growth_of_a_node_that_never_answered_is_unknown() -> None:
    (growth,) = growths([result("node", None, Cell(size, 10.0, False, 1.0)) for size in (500, 1000)])
    assert (growth.ms_per_megapixel, growth.times_with_rate) == (None, None)


def test_floods_are_measured_where_no_recorder_must_swallow_them() -> None:
    plan = Plan(arms=["node"], rates=[30.0, 15.0], sizes=[1000, 512])
    alone = [(cell.size, cell.rate) for cell in plan.cells(Company.NOBODY)]
    assert alone == [(s, r) for s in (512, 1000) for r in (15.0, 30.0, FLOOD_HZ)]
    assert not any(cell.flood for cell in plan.cells(Company.BOTH))


def test_figures_are_json_without_numbers_that_are_none() -> None:
    values = figures(answered(0)).to_json()
    assert values.pop("stages_ms") == {}
    assert all(value is None or math.isfinite(value) for value in values.values())
