"""The matrix of the fault campaign as text and as Markdown, each with its footnotes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tavi_perception.faults.hazards import HAZARDS
from tavi_perception.faults.matrix import Cell, Failure, Unit, cells
from tavi_perception.faults.outcome import Outcome, Verdict, verdict_of


def printed(outcomes: Mapping[str, Outcome]) -> str:
    """The matrix with what came of the cases that were run, and below it what is to be said of its cells."""
    found = list(cells())
    notes = _Notes()
    rows = [["", *(failure.value for failure in Failure)]]
    for unit in Unit:
        rows.append([unit.value, *(_cell(cell, outcomes, notes) for cell in found if cell.unit is unit)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*lines, "", *notes.lines, "", summary(found, outcomes)])


def summary(found: Iterable[Cell], outcomes: Mapping[str, Outcome]) -> str:
    """How many cells there are of each kind."""
    found = list(found)
    verdicts = [verdict_of(cell.cases, outcomes) for cell in found if cell.cases]
    empty = sum(not cell.cases for cell in found)
    failed, ok, other = (verdicts.count(v) for v in (Verdict.FAILED, Verdict.OK, Verdict.NOT_RUN))
    return f"{len(found)} cells: {ok} ok, {failed} failed, {other} not run, {empty} do not apply"


class _Notes:
    """Footnotes, numbered as they come; the same text has one number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers) + 1)

    @property
    def lines(self) -> list[str]:
        return [f"[{number}] {text}" for text, number in self._numbers.items()]


def _cell(cell: Cell, outcomes: Mapping[str, Outcome], notes: _Notes) -> str:
    if not cell.cases:
        return f"— [{notes.number(cell.reason)}]"
    verdict = verdict_of(cell.cases, outcomes)
    if verdict is Verdict.OK:
        return "ok"
    said = [
        f"{case.name}: {sentence}"
        for case in cell.cases
        if case.name in outcomes
        for sentence in outcomes[case.name].sentences
    ]
    numbers = "".join(f" [{notes.number(text)}]" for text in said)
    return f"{verdict.value}{numbers}"


def markdown() -> Iterator[str]:
    """The lines of the documentation: hazards, matrix, cases and reasons."""
    found = list(cells())
    yield "| cause | what the node does | what the consumer must do | shown by |"
    yield "|---|---|---|---|"
    for hazard in HAZARDS:
        yield f"| {hazard.cause} | {hazard.node} | {hazard.consumer} | {hazard.shown_by} |"
    yield ""
    yield "**The matrix.** Cells name their cases, which follow; a number is the reason why there is none."
    yield ""
    notes = _Notes()
    yield f"| | {' | '.join(failure.value for failure in Failure)} |"
    yield "|---" * (len(Failure) + 1) + "|"
    for unit in Unit:
        row = (_names(cell, notes) for cell in found if cell.unit is unit)
        yield f"| **{unit.value}** | {' | '.join(row)} |"
    yield ""
    for line in notes.lines:
        yield f"- {line}"
    yield ""
    yield "| case | what goes wrong | expected, beside what the oracle always asks for |"
    yield "|---|---|---|"
    for cell in found:
        for case in cell.cases:
            yield f"| `{case.name}` | {case.does} | {case.outcome} |"


def _names(cell: Cell, notes: _Notes) -> str:
    if cell.cases:
        return ", ".join(f"`{case.name}`" for case in cell.cases)
    return f"— [{notes.number(cell.reason)}]"
