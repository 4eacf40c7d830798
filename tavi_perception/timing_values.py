"""The times of the stages as names and values, as which they stand on /diagnostics and in bags of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tavi_perception.histogram import Histogram
from tavi_perception.stage_clock import StageTimes, TimedStage

NEW = "since the last message ms"
"""Ends the name of what a stage took in each frame since the message before: ``Histogram.to_text``."""


def timing_values(times: StageTimes) -> dict[str, str]:
    """Begins a new round; of each stage its figures in the last rounds, and all times of the newest one.

    The former are for people, the latter for whoever adds up what a bag holds.
    """
    newest, values = times.next_round(), dict[str, str]()
    for stage, durations in times.recent().items():
        values[f"{stage.value} count"] = str(durations.count)
        values[f"{stage.value} median ms"] = f"{durations.median:.2f}"
        values[f"{stage.value} p99 ms"] = f"{durations.p99:.2f}"
        values[f"{stage.value} max ms"] = f"{durations.max:.2f}"
        values[f"{stage.value} {NEW}"] = newest[stage].to_text()
    return values


def newest_times(values: Mapping[str, str]) -> dict[TimedStage, Histogram]:
    """What such a message adds to the ones before; stages without a time, or with nonsense, are left out."""
    found = {}
    for stage in TimedStage:
        try:
            histogram = Histogram.from_text(values.get(f"{stage.value} {NEW}", ""))
        except ValueError:
            continue
        if histogram.durations().count:
            found[stage] = histogram
    return found


def summed_times(statuses: Iterable[Any]) -> dict[TimedStage, Histogram]:
    """What frames took on each stage, by all these diagnostic statuses together."""
    found: dict[TimedStage, Histogram] = {}
    for status in statuses:
        for stage, newest in newest_times({pair.key: pair.value for pair in status.values}).items():
            found[stage] = Histogram.sum((found.get(stage, Histogram()), newest))
    return found
