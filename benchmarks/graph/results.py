"""What one run of the benchmark has found: its cells, their comparison, and how they grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.graph.arms import NAIVE
from benchmarks.graph.figures import Figures, slope
from benchmarks.graph.plan import Cell, Company


@dataclass(frozen=True)
class Result:
    """The figures of one arm (a name in ``ARMS``) in one cell."""

    arm: str
    company: Company
    cell: Cell
    figures: Figures

    def to_json(self) -> dict[str, Any]:
        return {
            "arm": self.arm,
            "company": self.company.value,
            "size_px": self.cell.size,
            "rate_hz": self.cell.rate,
            "flood": self.cell.flood,
            **self.figures.to_json(),
        }


@dataclass(frozen=True)
class Growth:
    """How an arm grows with what it is given; None where too little was measured.

    Attributes:
        rate: the lowest, at which sizes are compared (frames a second).
        ms_per_megapixel: of the median latency at that rate.
        cpu_ms_per_megapixel: of the processor time for an answer, at that rate.
        mb_per_megapixel: of the resident size, at that rate.
        size: the middle one, at which rates are compared (px).
        times_with_rate: median latency at the highest rate for that at the lowest, at that size.
    """

    arm: str
    company: Company
    rate: float
    ms_per_megapixel: float | None
    cpu_ms_per_megapixel: float | None
    mb_per_megapixel: float | None
    size: int
    times_with_rate: float | None

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "company": self.company.value}


def times_of_naive(results: Sequence[Result], result: Result) -> float | None:
    """How many times as long the naive node takes in the same cell; in a flood, how many times its answers a
    second this one gives. None for the naive node itself, and where one of the two gave no answer.
    """
    for other in results:
        same = other.cell == result.cell and other.company is result.company
        if not (same and other.arm == NAIVE) or result.arm == NAIVE:
            continue
        if result.cell.flood:
            return _ratio(result.figures.answered_hz, other.figures.answered_hz)
        return _ratio(other.figures.median_ms, result.figures.median_ms)
    return None


def growths(results: Sequence[Result]) -> list[Growth]:
    """For every arm and company, in their order; floods do not count."""
    groups: dict[tuple[str, Company], list[Result]] = {}
    for result in results:
        if not result.cell.flood:
            groups.setdefault((result.arm, result.company), []).append(result)
    return [_growth(*key, group) for key, group in groups.items()]


def _growth(arm: str, company: Company, group: Sequence[Result]) -> Growth:
    rates = sorted({result.cell.rate for result in group})
    sizes = sorted({result.cell.size for result in group})
    middle = sizes[len(sizes) // 2]
    slow = [result for result in group if result.cell.rate == rates[0]]
    at_rate = {result.cell.rate: result.figures.median_ms for result in group if result.cell.size == middle}

    def per_megapixel(name: str) -> float | None:
        known = [
            (1e-6 * result.cell.size**2, value)
            for result in slow
            if (value := getattr(result.figures, name)) is not None
        ]
        return slope([size for size, _ in known], [value for _, value in known])

    return Growth(
        arm=arm,
        company=company,
        rate=rates[0],
        ms_per_megapixel=per_megapixel("median_ms"),
        cpu_ms_per_megapixel=per_megapixel("cpu_ms"),
        mb_per_megapixel=per_megapixel("memory_mb"),
        size=middle,
        times_with_rate=_ratio(at_rate.get(rates[-1]), at_rate.get(rates[0])) if len(rates) > 1 else None,
    )


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None
