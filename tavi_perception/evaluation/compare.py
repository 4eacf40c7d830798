"""Two runs over the same procedures side by side, and whether they differ by more than chance.

``python -m tavi_perception.evaluation.compare BEFORE.npz AFTER.npz`` reads what
``tavi evaluate --procedures`` writes with ``--frames``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tavi_perception.estimates import FloatArray
from tavi_perception.evaluation.procedures.numbers import figures_of
from tavi_perception.evaluation.procedures.tracked import Tracked, joined

FIGURES = (
    "valid",
    "depth_mm_median",
    "depth_mm_p95",
    "depth_far",
    "lateral_mm_p95",
    "angle_deg_p95",
    "within_1_sigma",
    "within_2_sigma",
    "stage_right",
    "extraction_right",
    "jitter_mm",
    "lag_frames",
)

RESAMPLES = 300


@dataclass(frozen=True)
class Compared:
    """A figure of two runs, and the standard error of its difference.

    The error is that of the bootstrap over procedures: they are drawn anew, the same ones for both runs
    (Efron and Tibshirani, An Introduction to the Bootstrap, 6).
    """

    name: str
    before: float
    after: float
    error: float

    @property
    def difference(self) -> float:
        return self.after - self.before


def compare(
    before: Tracked, after: Tracked, resamples: int = RESAMPLES, report: Callable[[int], None] | None = None
) -> list[Compared]:
    """``FIGURES`` of two runs over the same seeds.

    Raises:
        ValueError: the runs are not over the same seeds.
    """
    seeds = np.unique(before.seed)
    if not np.array_equal(seeds, np.unique(after.seed)):
        raise ValueError("comparison: the two runs are not over the same seeds")
    runs = [{seed: run.only(run.seed == seed) for seed in seeds.tolist()} for run in (before, after)]
    rng = np.random.default_rng(0)
    changes = []
    for number in range(resamples):
        drawn = rng.choice(seeds, len(seeds)).tolist()
        # A procedure that is drawn twice counts as two, also for figures that are medians over procedures.
        first, second = (
            _headline(joined([_renumbered(run[seed], place) for place, seed in enumerate(drawn)]))
            for run in runs
        )
        changes.append(second - first)
        if report:
            report(number + 1)
    errors = [_spread(column) for column in np.array(changes).T]
    return [
        Compared(name, float(first), float(second), float(error))
        for name, first, second, error in zip(
            FIGURES, _headline(before), _headline(after), errors, strict=True
        )
    ]


def table(rows: Sequence[Compared]) -> str:
    """As Markdown."""
    lines = ["| figure | before | after | difference | its standard error |", "|---" * 5 + "|"]
    lines += [
        f"| {row.name} | {row.before:.4g} | {row.after:.4g} | {row.difference:+.3g} | {row.error:.2g} |"
        for row in rows
    ]
    return "\n".join(lines)


def read(file: Path) -> Tracked:
    """What ``tavi evaluate --procedures --frames`` wrote."""
    with np.load(file) as archive:
        return Tracked(**{name: archive[name] for name in archive.files})


def _headline(frames: Tracked) -> FloatArray:
    figures = figures_of(frames)
    return np.array([float(figures[name]) for name in FIGURES])


def _spread(values: FloatArray) -> float:
    """Standard deviation of the values that are known; NaN of fewer than two."""
    known = values[np.isfinite(values)]
    return float(np.std(known, ddof=1)) if len(known) > 1 else float("nan")


def _renumbered(run: Tracked, number: int) -> Tracked:
    return Tracked(**{**vars(run), "seed": np.full(len(run), number)})


def main(argv: Sequence[str] | None = None) -> int:
    """Print both runs, their difference and its standard error."""
    parser = argparse.ArgumentParser(prog="python -m tavi_perception.evaluation.compare", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    arguments = parser.parse_args(argv)
    try:
        print(table(compare(read(arguments.before), read(arguments.after), arguments.resamples)))
    except (OSError, ValueError, TypeError, KeyError) as error:
        print(f"compare: {arguments.before}, {arguments.after}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
