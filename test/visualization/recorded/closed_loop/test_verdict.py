"""The verdict on a procedure says what became of the valve, whatever was believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tavi_perception.audit.motion import Breach
from tavi_perception.audit.procedure import Procedure
from tavi_perception.audit.verdict import Outcome, verdict, verdict_of
from tavi_perception.bags.topics import BagError
from tavi_perception.control.decision import Phase
from tavi_perception.estimates import CatheterDeviation


def until(procedure: Procedure, end: float) -> Procedure:
    """A procedure whose record ends earlier."""
    return replace(
        procedure,
        end=end,
        steered=tuple(one for one in procedure.steered if one.time <= end),
        believed=tuple(one for one in procedure.believed if one.time <= end),
        truth=tuple(one for one in procedure.truth if one.time <= end),
    )


def in_phase(procedure: Procedure, phase: Phase) -> Procedure:
    """Ends 0.3 s after a phase has begun."""
    return until(procedure, next(one.time for one in procedure.steered if one.phase is phase) + 0.3)


def with_last(procedure: Procedure, phase: Phase, reason: str) -> Procedure:
    """Whose controller was in this phase in the end."""
    last = replace(procedure.steered[-1], phase=phase, reason=reason)
    return replace(procedure, steered=(*procedure.steered[:-1], last))


def truly(procedure: Procedure, **values: float) -> Procedure:
    """Whose true deviations have other values."""

    def changed(deviation: CatheterDeviation) -> CatheterDeviation:
        return replace(deviation, **values)

    return replace(
        procedure, truth=tuple(replace(one, deviation=changed(one.deviation)) for one in procedure.truth)
    )


def test_valve_that_is_released_at_its_target_is_placed(placed: Procedure) -> None:
    found = verdict(placed)
    assert found.outcome is Outcome.PLACED and found.ok
    assert found.headline.startswith("Valve placed within tolerance: true depth")


def test_final_position_is_the_mean_over_the_last_second(placed: Procedure) -> None:
    last = [one.deviation for one in placed.truth if one.time > placed.truth[-1].time - 1.0]
    found = verdict(placed).true
    assert found.depth == pytest.approx(np.mean([deviation.depth for deviation in last]))
    assert found.tilt == pytest.approx(np.mean([deviation.stent_tilt for deviation in last]))


@pytest.mark.parametrize("wrong", [{"depth": 0.0052}, {"depth": 0.0008}, {"stent_tilt": -0.0022}])
def test_valve_that_truly_lies_elsewhere_is_out_of_tolerance_whatever_is_believed(
    placed: Procedure, wrong: dict[str, float]
) -> None:
    found = verdict(truly(placed, **wrong))
    assert found.outcome is Outcome.OUT_OF_TOLERANCE and not found.ok
    assert abs(found.believed.depth - found.target) < found.depth_tolerance


def test_without_a_truth_the_believed_position_is_judged(placed: Procedure) -> None:
    found = verdict(replace(placed, truth=()))
    assert found.outcome is Outcome.PLACED and "measured depth" in found.headline
    assert np.isnan(found.true.depth)


def test_controller_that_gives_up_before_the_release_has_aborted_safely(placed: Procedure) -> None:
    aborted = with_last(in_phase(placed, Phase.VERIFY), Phase.ABORTED, "the pigtail has slipped")
    found = verdict(aborted)
    assert found.outcome is Outcome.ABORTED and found.ok
    assert found.headline == "Aborted before the release: the pigtail has slipped"


def test_controller_that_gives_up_after_the_release_does_not_undo_it(placed: Procedure) -> None:
    found = verdict(with_last(truly(placed, depth=0.009), Phase.ABORTED, "the depth has changed"))
    assert (
        found.outcome is Outcome.OUT_OF_TOLERANCE and "had given up: the depth has changed" in found.headline
    )


@pytest.mark.parametrize("phase", [Phase.HOLD, Phase.CONTRAST])
def test_controller_that_waits_in_the_end_has_held(placed: Procedure, phase: Phase) -> None:
    found = verdict(in_phase(placed, phase))
    assert found.outcome is Outcome.HELD and not found.ok


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.APPROACH, Phase.RETRACT, Phase.VERIFY])
def test_controller_that_works_in_the_end_has_not_finished(placed: Procedure, phase: Phase) -> None:
    found = verdict(in_phase(placed, phase))
    assert found.outcome is Outcome.UNFINISHED and not found.ok
    assert phase.name.lower() in found.headline


def test_release_that_the_controller_only_believes_in_is_none(placed: Procedure) -> None:
    found = verdict(with_last(in_phase(placed, Phase.RELEASE), Phase.DONE, "it takes it for released"))
    assert found.outcome is Outcome.UNFINISHED


def test_placed_valve_is_not_well_while_something_moved_without_leave(placed: Procedure) -> None:
    too_fast = replace(placed.commands, advance=np.where(placed.commands.hold, 0.0, -0.04))
    found = verdict(replace(placed, commands=too_fast))
    assert found.outcome is Outcome.PLACED and not found.ok
    assert found.motion.counts[Breach.TOO_FAST] == found.motion.moving
    assert "motion without leave" in found.headline


def test_phases_follow_each_other_without_gaps(placed: Procedure) -> None:
    spans = verdict(placed).spans
    assert [span.phase for span in spans] == [
        Phase.IDLE, Phase.CONTRAST, Phase.APPROACH, Phase.RETRACT, Phase.HOLD, Phase.RETRACT, Phase.VERIFY,
        Phase.RELEASE, Phase.DONE,
    ]  # fmt: skip
    assert [span.begin for span in spans[1:]] == [span.end for span in spans[:-1]]


def test_holds_contrast_and_duration_are_told(placed: Procedure) -> None:
    found = verdict(placed)
    assert (found.holds, found.recaptures, found.injections, found.contrast_ml) == (1, 0, 1, 12.0)
    work = [span for span in found.spans if span.phase not in (Phase.IDLE, Phase.DONE)]
    assert found.duration == pytest.approx(work[-1].end - work[0].begin)


def test_recapture_that_was_interrupted_is_one(placed: Procedure) -> None:
    again = {Phase.RETRACT: Phase.RECAPTURE}
    steered = tuple(replace(one, phase=again.get(one.phase, one.phase)) for one in placed.steered)
    assert verdict(replace(placed, steered=steered)).recaptures == 1


def test_contrast_that_nobody_counts_is_unknown(placed: Procedure) -> None:
    assert verdict(replace(placed, contrast=())).injections is None


def test_bag_without_a_controller_says_what_is_missing(run_bag) -> None:
    with pytest.raises(BagError, match=r"holds no /controller/state.*record"):
        verdict_of(run_bag())


def test_verdict_of_a_bag_is_that_of_what_it_holds(placed_bag: Path, placed: Procedure) -> None:
    assert verdict_of(placed_bag) == verdict(placed)
