"""What came of a case, and of a campaign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from tavi_perception.faults.matrix import Case, Cell


class Verdict(Enum):
    """Of one case."""

    OK = "ok"
    FAILED = "FAILED"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Outcome:
    """Of one case.

    Attributes:
        sentences: what was expected and what happened instead, or why it was not run; none where all is well.
        seconds: that it took.
        granted: s that the oracle granted, since the machine kept the processes waiting that long.
    """

    case: str
    verdict: Verdict
    sentences: tuple[str, ...] = ()
    seconds: float = 0.0
    granted: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict.value}

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Outcome:
        return cls(
            values["case"],
            Verdict(values["verdict"]),
            tuple(values["sentences"]),
            float(values["seconds"]),
            float(values["granted"]),
        )


def verdict_of(cases: Iterable[Case], outcomes: Mapping[str, Outcome]) -> Verdict:
    """Of several: failed where one has, not run where one was not."""
    found = {outcomes[case.name].verdict if case.name in outcomes else Verdict.NOT_RUN for case in cases}
    return next(verdict for verdict in (Verdict.FAILED, Verdict.NOT_RUN, Verdict.OK) if verdict in found)


def report(cells: Iterable[Cell], outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """The campaign as JSON has it: outcomes case by case, and the matrix."""
    return {
        "cases": [outcome.as_json() for outcome in outcomes.values()],
        "matrix": [
            {
                "unit": cell.unit.value,
                "failure": cell.failure.value,
                "cases": [case.name for case in cell.cases],
                "reason": cell.reason,
                "verdict": verdict_of(cell.cases, outcomes).value if cell.cases else "does not apply",
            }
            for cell in cells
        ],
    }
