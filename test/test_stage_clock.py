"""What a frame's clock tells of its stages, and what is told of the frames of the last rounds."""

from __future__ import annotations

import pytest

from tavi_perception.stage_clock import ROUNDS, StageClock, StageTimes, TimedStage
from tavi_perception.timing_values import NEW, newest_times, timing_values

WAITING, INFERENCE, TRACKING = TimedStage.WAITING, TimedStage.INFERENCE, TimedStage.TRACKING


def clock_at(*times: float) -> StageClock:
    """Reads these times one after the other, the first as it is made."""
    return StageClock(iter(times).__next__)


def frame(**seconds: float) -> StageClock:
    clock = StageClock()
    for stage, each in seconds.items():
        clock.took(TimedStage(stage), each)
    return clock


def test_each_stage_begins_where_the_one_before_has_ended() -> None:
    clock = clock_at(10.0, 10.5, 12.5)
    clock.passed(WAITING)
    clock.passed(INFERENCE)
    assert clock.seconds == {WAITING: 0.5, INFERENCE: 2.0}


def test_a_stage_that_is_passed_twice_took_both_times() -> None:
    clock = clock_at(0.0, 1.0, 3.0, 7.0)
    clock.passed(INFERENCE)
    clock.passed(TRACKING)
    clock.passed(INFERENCE)
    assert clock.seconds[INFERENCE] == 5.0


def test_time_that_is_skipped_belongs_to_no_stage() -> None:
    clock = clock_at(0.0, 3.0, 4.0)
    clock.skip()
    clock.passed(INFERENCE)
    assert clock.seconds == {INFERENCE: 1.0}


def test_a_stage_counts_the_frames_that_came_to_it() -> None:
    times = StageTimes()
    times.add(frame(waiting=0.001, inference=0.009))
    times.add(frame(waiting=0.002))
    times.next_round()
    assert {stage: durations.count for stage, durations in times.recent().items()} == {
        WAITING: 2,
        INFERENCE: 1,
    }


def test_frames_are_told_of_in_the_round_in_which_they_came() -> None:
    times = StageTimes()
    times.add(frame(inference=0.009))
    assert times.next_round()[INFERENCE].durations().count == 1
    assert times.next_round()[INFERENCE].durations().count == 0


def test_frames_before_the_last_rounds_are_forgotten() -> None:
    times = StageTimes()
    times.add(frame(inference=5.0))
    for _ in range(ROUNDS):
        times.next_round()
        times.add(frame(inference=0.001))
    times.next_round()
    assert times.recent()[INFERENCE].max == pytest.approx(1.0)
    assert times.recent()[INFERENCE].count == ROUNDS


def test_a_stage_before_its_stamp_counts_for_nothing() -> None:
    times = StageTimes()
    times.add(frame(transport=-3.0, latency=0.02))
    times.next_round()
    assert set(times.recent()) == {TimedStage.LATENCY}


def test_the_messages_of_a_run_hold_the_times_of_all_its_frames_once() -> None:
    times, told = StageTimes(), []
    for milliseconds in range(1, 31):
        times.add(frame(inference=1e-3 * milliseconds))
        if milliseconds % 10 == 0:
            told.append(newest_times(timing_values(times))[INFERENCE].durations())
    assert [each.count for each in told] == [10, 10, 10]
    assert [each.max for each in told] == pytest.approx([10, 20, 30])


def test_figures_are_told_in_milliseconds() -> None:
    times = StageTimes()
    times.add(frame(inference=0.025))
    values = timing_values(times)
    assert (values["inference count"], values["inference max ms"]) == ("1", "25.00")
    assert float(values["inference median ms"]) == pytest.approx(25, rel=0.03)
    assert float(values["inference p99 ms"]) == pytest.approx(25, rel=0.03)


def test_nonsense_in_a_message_leaves_out_its_stage_alone() -> None:
    values = {f"inference {NEW}": "<script>", f"tracking {NEW}": "2.0x3"}
    assert set(newest_times(values)) == {TRACKING}
