"""Every cell of the matrix has a case that is carried out, or a reason; the table says which."""

from __future__ import annotations

import pytest

from tavi_perception.faults.cases import CASES
from tavi_perception.faults.hazards import HAZARDS
from tavi_perception.faults.matrix import Failure, Unit, cells
from tavi_perception.faults.outcome import Outcome, Verdict, report
from tavi_perception.faults.reasons import REASONS
from tavi_perception.faults.table import printed
from tavi_perception.nodes.faults.campaign import CAST
from tavi_perception.nodes.faults.cast import FAULTS


def test_every_unit_meets_every_failure_in_a_case_or_a_reason() -> None:
    found = list(cells())
    assert [(cell.unit, cell.failure) for cell in found] == [(u, f) for u in Unit for f in Failure]
    assert all(bool(cell.cases) != bool(cell.reason) for cell in found)


def test_a_cell_with_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(REASONS, next(iter(REASONS)))
    with pytest.raises(ValueError, match="neither"):
        list(cells())


def test_every_case_is_carried_out_and_nothing_else_is() -> None:
    assert CAST
    assert sorted(FAULTS) == sorted(case.name for case in CASES)


def test_every_case_that_the_hazard_table_names_exists() -> None:
    names = {case.name for case in CASES}
    named = [
        word
        for hazard in HAZARDS
        for word in hazard.shown_by.split("`")[1::2]
        if not word.startswith("./tavi")
    ]
    assert named
    assert set(named) <= names


def test_the_printed_matrix_counts_a_failed_case_and_says_its_sentence() -> None:
    outcomes = {case.name: Outcome(case.name, Verdict.OK) for case in CASES}
    outcomes["black"] = Outcome("black", Verdict.FAILED, ("expected this, that happened",))
    text = printed(outcomes)
    assert "1 failed" in text and "black: expected this, that happened" in text and "FAILED [" in text


def test_every_cell_is_ok_or_does_not_apply_where_all_cases_are_well() -> None:
    everything = {case.name: Outcome(case.name, Verdict.OK) for case in CASES}
    built = len({(case.unit, case.failure) for case in CASES})
    assert printed(everything).splitlines()[-1] == (
        f"77 cells: {built} ok, 0 failed, 0 not run, {77 - built} do not apply"
    )


def test_a_campaign_of_one_case_reports_the_others_as_not_run() -> None:
    values = report(cells(), {"black": Outcome("black", Verdict.OK)})
    verdicts = {cell["verdict"] for cell in values["matrix"] if "black" not in cell["cases"]}
    assert len(values["cases"]) == 1 and verdicts == {"not run", "does not apply"}
