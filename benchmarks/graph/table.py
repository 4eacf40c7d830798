"""The results of a run as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.graph.arms import ARMS
from benchmarks.graph.results import Growth, Result, times_of_naive
from tavi_perception.stage_clock import TimedStage

_TITLE = max(len(arm.title) for arm in ARMS.values()) + 2

_COLUMNS = (
    *(("sent", 7), ("lost", 7), ("stale", 7), ("median", 11), ("99 %", 11), ("a second", 9)),
    *(("CPU", 7), ("CPU/answer", 12), ("memory", 9), ("growth", 10), ("machine", 8), ("times", 7)),
)


def text(figures: dict[str, Any], results: Sequence[Result], growths: Sequence[Growth]) -> str:
    """``figures``: of the run as a whole, as they stand in the JSON file."""
    machine, model = figures["machine"], figures["model"]
    ros, versions = machine["ros"], machine["versions"]
    software = ", ".join(
        f"{name} {versions[name]}"
        for name in ("tavi_perception", "ai-edge-litert", "tensorflow", "tensorflow-cpu", "keras")
        if name in versions
    )
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB; load before "
        f"{figures['load_before']:.2f}",
        f"ROS 2 {ros['distribution']}, {ros['middleware']}; Python {versions['python']}, {software}",
        f"{model['name']} {model['version']}, convolutions in {figures['convolutions']}, "
        f"{figures['threads']} threads (the naive node sets none); {figures['seconds']:g} s a row",
    ]
    for company, size in dict.fromkeys((result.company, result.cell.size) for result in results):
        head = f"{size} px, {company.value}"
        lines += ["", f"{head:{_TITLE}}{'Hz':>6}" + "".join(f"{name:>{width}}" for name, width in _COLUMNS)]
        rows = [each for each in results if (each.company, each.cell.size) == (company, size)]
        rows.sort(key=lambda result: (result.cell.flood, result.cell.rate))
        lines += [_row(results, result) for result in rows]
    lines += [*_stages(results), "", *(_words(growth) for growth in growths)]
    lines += [f"left out: {reason}" for reason in figures["left_out"]]
    lines.append(
        "times: how many times as long the naive node takes; in a flood, how many times its answers a second"
    )
    return "\n".join(lines)


def _row(results: Sequence[Result], result: Result) -> str:
    it = result.figures
    rate = "flood" if result.cell.flood else f"{result.cell.rate:g}"
    values = (
        *(str(it.sent), str(it.lost), str(it.stale)),
        *(_with(it.median_ms, ".1f", "ms"), _with(it.p99_ms, ".1f", "ms"), _with(it.answered_hz, ".1f")),
        *(_with(it.cpu_percent, ".0f", "%"), _with(it.cpu_ms, ".1f", "ms"), _with(it.memory_mb, ".0f", "MB")),
        *(_with(it.growth_mb, "+.1f", "MB"), _with(it.machine_percent, ".0f", "%")),
        _with(times_of_naive(results, result), ".1f"),
    )
    columns = zip(values, _COLUMNS, strict=True)
    title = ARMS[result.arm].title
    return f"{title:{_TITLE}}{rate:>6}" + "".join(f"{value:>{width}}" for value, (_, width) in columns)


def _stages(results: Sequence[Result]) -> list[str]:
    """Where the time goes in the nodes that tell; floods apart."""
    told = [each for each in results if each.figures.stages_ms and not each.cell.flood]
    if not told:
        return []
    names = [stage.value for stage in TimedStage]
    titles = [f"{ARMS[each.arm].title}, {each.company.value}" for each in told]
    width = max(map(len, titles)) + 2
    head = f"{'median ms of each stage':{width}}{'Hz':>6}{'px':>6}"
    lines = ["", head + "".join(f"{name:>13}" for name in names)]
    for title, each in zip(titles, told, strict=True):
        values = (_with(each.figures.stages_ms.get(name), ".1f") for name in names)
        row = f"{title:{width}}{each.cell.rate:>6g}{each.cell.size:>6}"
        lines.append(row + "".join(f"{value:>13}" for value in values))
    return lines


def _words(growth: Growth) -> str:
    return (
        f"{ARMS[growth.arm].title}, {growth.company.value}: at {growth.rate:g} Hz "
        f"{_with(growth.ms_per_megapixel, '+.1f', 'ms')}, {_with(growth.cpu_ms_per_megapixel, '+.1f', 'ms')} "
        f"of CPU and {_with(growth.mb_per_megapixel, '+.0f', 'MB')} a megapixel; at {growth.size} px "
        f"{_with(growth.times_with_rate, '.1f')} times the latency at the highest rate"
    )


def _with(value: float | None, form: str, unit: str = "") -> str:
    """With its unit; a dash where it is unknown."""
    return "–" if value is None else f"{value:{form}}{' ' if unit else ''}{unit}"
