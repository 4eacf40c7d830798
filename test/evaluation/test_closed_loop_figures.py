"""What is counted of closed loops, and how it is written."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tavi_perception.cache import OUTCOMES, cache_folder
from tavi_perception.commands.evaluate import main
from tavi_perception.control.config import ControlConfig
from tavi_perception.control.tasks import Next, Situation, finish
from tavi_perception.evaluation.closed_loop.loop import LoopOptions
from tavi_perception.evaluation.closed_loop.numbers import figures_of
from tavi_perception.evaluation.closed_loop.outcome import Outcome
from tavi_perception.evaluation.closed_loop.report import tables
from tavi_perception.evaluation.closed_loop.study import save
from tavi_perception.evaluation.closed_loop.trial import OtherCodeError, Trial
from tavi_perception.evaluation.figures.closed_loop import draw_closed_loops
from tavi_perception.inference.bundle import default_bundle

NAN = float("nan")
PLACED = Outcome(
    1, "", "DONE", "the valve is released at 3.4 mm ± 0.2 mm", True, True, 3.5, 3.6, 1.0, 3.3, 60.0, 3, 2, 0,
    0.9, 900, 400, {}, 20.0,
)  # fmt: skip
HELD = replace(
    PLACED, phase="ABORTED", reason="no contrast seen within 25 s of asking for it", released=False,
    placed=False, depth=-8.0, believed_depth=NAN,
)  # fmt: skip
FREE = replace(PLACED, phase="ABORTED", placed=False, depth=6.5)


def test_errors_are_those_of_released_valves_alone() -> None:
    found = figures_of([PLACED, replace(PLACED, depth=1.5), HELD])
    assert found["released"] == found["placed"] == found["within_tolerance"] == 2
    assert found["depth_error"] == {"median": 1.0, "p95": pytest.approx(1.45), "max": 1.5, "mean": -0.5}
    assert found["depth_beyond_1_mm"] == 0.5 and found["depth_beyond_2_mm"] == 0.0
    assert found["believed_minus_true"]["mean"] == pytest.approx(0.8)


def test_abort_is_safe_while_the_valve_is_held_or_known_to_be_free() -> None:
    unsaid = replace(FREE, reason=HELD.reason)
    found = figures_of([HELD, FREE, unsaid])
    assert found["aborted"] == 3 and found["aborted_safely"] == 2


def test_controller_says_of_a_free_valve_what_counts_as_said() -> None:
    known = {
        "config": ControlConfig(),
        "depth": 0.009,
        "still_for": 9.0,
        "opening_for": 9.0,
        "extraction": 1.0,
    }
    situation = Situation(**{each.name: known.get(each.name, 0.0) for each in fields(Situation)})
    end = finish(situation)
    assert isinstance(end, Next)
    assert figures_of([replace(FREE, reason=end.reason)])["aborted_safely"] == 1


@pytest.mark.parametrize(
    ("depth", "tilt", "count"),
    [(5.9, 1.0, 0), (6.1, 1.0, 1), (-0.1, 1.0, 1), (3.0, 2.9, 0), (3.0, 3.1, 1), (3.0, -3.1, 1)],
)
def test_false_success_is_taken_for_good_and_more_than_a_millimetre_out_of_tolerance(
    depth: float, tilt: float, count: int
) -> None:
    assert figures_of([replace(PLACED, depth=depth, tilt=tilt)])["false_successes"] == count


def test_a_tilted_valve_is_not_within_tolerance() -> None:
    assert figures_of([PLACED, replace(PLACED, tilt=-2.1)])["within_tolerance"] == 1


@pytest.mark.parametrize("unknown", ["depth", "tilt"])
def test_a_valve_of_unknown_place_is_not_good(unknown: str) -> None:
    found = figures_of([PLACED, replace(PLACED, **{unknown: NAN})])
    assert found["within_tolerance"] == found["false_successes"] == 1


def test_a_valve_that_is_taken_for_released_and_is_still_held_is_a_false_success() -> None:
    held = replace(PLACED, released=False, placed=False)
    assert figures_of([PLACED, held])["false_successes"] == 1


def test_reasons_are_counted_without_their_numbers() -> None:
    second = replace(HELD, reason="no contrast seen within 7.5 s of asking for it")
    assert figures_of([HELD, second])["abort_reasons"] == {"no contrast seen within … s of asking for it": 2}


def test_breaches_are_summed_by_kind() -> None:
    counted = [(PLACED, {"old": 2}), (HELD, {"old": 1, "unasked": 1})]
    found = figures_of([replace(each, breaches=counts) for each, counts in counted])
    assert found["breaches"] == {"old": 3, "unasked": 1}
    assert "3 old, 1 unasked" in tables(found)


def test_each_fault_has_its_row() -> None:
    found = figures_of([replace(each, fault="images late") for each in (PLACED, HELD, HELD)])
    row = found["faults"]["images late"]
    assert (row["procedures"], row["placed"], row["aborted"]) == (3, 1, 2)
    assert row["typically"].startswith("no contrast") and row["typical_share"] == pytest.approx(2 / 3)
    assert "| images late | 3 | 1 | 2 | 2 | 0 | 0 | 0.50 | no contrast" in tables(found)


def test_figures_of_nothing_released_are_unknown_but_written(tmp_path: Path) -> None:
    written = tables(figures_of([HELD]))
    assert "| 0.0 |" in written and "–" in written and "No valve was released." in written
    assert draw_closed_loops([HELD], tmp_path) == {}


def test_fingerprint_covers_everything_that_an_outcome_depends_on() -> None:
    trial = Trial(default_bundle().folder)
    others = [
        replace(trial, faulty=True),
        replace(trial, perception="naive"),
        replace(trial, options=LoopOptions(frame_rate=10.0)),
        replace(trial, control=ControlConfig(target_depth=0.004)),
        replace(trial, bundle=trial.bundle.parent / "fast"),
    ]
    assert len({each.fingerprint for each in [trial, *others]}) == 6
    assert replace(trial, asked="x").fingerprint == trial.fingerprint


def test_worker_with_other_code_refuses() -> None:
    with pytest.raises(OtherCodeError, match="start the workers from the same clone"):
        Trial(default_bundle().folder, asked="other")(950_000)


def test_kept_outcomes_are_reported_without_running_anything(tmp_path: Path) -> None:
    trial = Trial(default_bundle().folder.resolve(), "naive", True, LoopOptions(frame_rate=5.0, size=128))
    folder = cache_folder(OUTCOMES, trial.fingerprint, tmp_path / "cache")
    folder.mkdir(parents=True)
    for seed, each in zip(range(950_000, 950_003), (PLACED, HELD, FREE), strict=True):
        save(replace(each, seed=seed, fault="image frozen"), folder)
    options = [
        "--closed-loop", "--faults", "--perception", "naive", "--procedures", "3", "--first-seed", "950000",
        "--frame-rate", "5", "--size", "128", "--cache", str(tmp_path / "cache"),
    ]  # fmt: skip
    assert main([*options, "--out", str(tmp_path / "out"), "--json", str(tmp_path / "found.json")]) == 0
    report = (tmp_path / "out" / "report.md").read_text()
    assert "naive perception" in report and "| image frozen | 3 | 1 | 2 | 2 | 0 |" in report
    for name in ("depth", "costs", "faults"):
        assert f"({name}.png)" in report
        assert (tmp_path / "out" / f"{name}.png").stat().st_size > 10_000
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["placed"] == 1 and found["outcomes"][1]["believed_depth"] is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--closed-loop"], "give --procedures N"),
        (["--closed-loop", "--procedures", "2", "--perception", "paper"], "./tavi screen"),
        (["--closed-loop", "--procedures", "1", "--first-seed", "3000000"], "is sealed"),
    ],
)
def test_what_cannot_be_studied_is_said(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(options) == 1
    said = capsys.readouterr().err
    assert said.startswith("tavi evaluate: ") and sentence in said and said.count("\n") == 1
