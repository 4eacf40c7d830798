"""Two runs over the same procedures side by side, and whether they differ by more than chance.

``python -m tavi_perception.evaluation.compare BEFORE.npz AFTER.npz`` reads what
``tavi evaluate --procedures`` writes with ``--frames``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from tavi_perception.evaluation.procedures.numbers import headline, procedures_of
from tavi_perception.evaluation.procedures.tracked import Tracked

RESAMPLES = 400
"""They tell a standard error to 1/√(2 · 400) = 3.5 % of itself."""


@dataclass(frozen=True)
class Compared:
    """A figure of two runs, and the standard error of its difference.

    The frames of a procedure err together, and a hard procedure is hard in both runs: so whole procedures are
    drawn anew with replacement, the same ones for both runs, and the error is the standard deviation of the
    difference over the draws (paired bootstrap; Efron and Tibshirani, An Introduction to the Bootstrap, 6).
    It is rough for figures of extremes, such as ``depth_mm_max``, ``depth_far`` and ``outage_s_longest``.
    """

    name: str
    before: float
    after: float
    error: float

    @property
    def difference(self) -> float:
        return self.after - self.before


def compare(before: Tracked, after: Tracked, resamples: int = RESAMPLES) -> list[Compared]:
    """Every headline figure of two runs over the same seeds.

    Raises:
        ValueError: the runs are not over the same seeds.
    """
    if not np.array_equal(np.unique(before.seed), np.unique(after.seed)):
        raise ValueError(
            "the two runs are not over the same seeds; give the same --first-seed and --procedures"
        )
    first, second = procedures_of(before), procedures_of(after)
    rng = np.random.default_rng(0)
    changes = []
    for _ in range(resamples):
        drawn = rng.integers(len(first), size=len(first)).tolist()
        was, now = (headline([run[index] for index in drawn]) for run in (first, second))
        changes.append({name: now[name] - was[name] for name in was})
    was, now = headline(first), headline(second)
    return [
        Compared(name, float(was[name]), float(now[name]), _spread([change[name] for change in changes]))
        for name in was
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
    """What ``tavi evaluate --procedures --frames`` wrote.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        with file.open("rb") as stream, np.load(stream) as archive:
            return Tracked(**{name: archive[name] for name in archive.files})
    except (AttributeError, BadZipFile, EOFError, TypeError, ValueError):
        raise ValueError(
            f"{file} does not hold the frames of this version; write it with tavi evaluate --frames"
        ) from None


def _spread(values: Sequence[float]) -> float:
    """Standard deviation of the values that are known; NaN of fewer than two."""
    known = np.array(values)[np.isfinite(values)]
    return float(np.std(known, ddof=1)) if len(known) > 1 else float("nan")


def main(argv: Sequence[str] | None = None) -> int:
    """Print both runs, their difference and its standard error."""
    parser = argparse.ArgumentParser(prog="python -m tavi_perception.evaluation.compare", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    arguments = parser.parse_args(argv)
    try:
        print(table(compare(read(arguments.before), read(arguments.after), arguments.resamples)))
    except (OSError, ValueError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
