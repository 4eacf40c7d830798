"""A pigtail that slips takes the annulus along; contrast tells it from a robot that is broken."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from plant import Plant, moving, started

from tavi_perception.control.decision import Phase
from tavi_perception.estimates import AnnulusSource


def placed_with_a_slip(millimetres: float, phase: Phase) -> Plant:
    """A procedure whose pigtail slips in a phase: depths are wrong by so much until contrast is seen."""
    plant, controller = Plant(), started()
    moving(plant, controller, phase)
    slipped = plant.now
    while not controller.finished:
        seen = plant.deviation()
        if seen.annulus_source is AnnulusSource.PIGTAIL and plant.contrast < slipped:
            seen = replace(seen, depth=seen.depth + 0.001 * millimetres)
        plant.show(controller, seen)
    return plant


@pytest.mark.parametrize("millimetres", [-4.0, -2.0, 2.0, 4.0])
@pytest.mark.parametrize("phase", [Phase.RETRACT, Phase.RELEASE])
def test_a_pigtail_that_slips_is_found_out_by_contrast_and_the_valve_placed_all_the_same(
    millimetres: float, phase: Phase
) -> None:
    plant = placed_with_a_slip(millimetres, phase)
    assert plant.decisions[-1].phase is Phase.DONE
    assert plant.inflow == pytest.approx(0.003, abs=0.001)


def test_nothing_moves_from_the_doubt_until_contrast_has_come() -> None:
    plant = placed_with_a_slip(4.0, Phase.RETRACT)
    asked = [decision for decision in plant.decisions if "still where it was" in decision.command.reason]
    assert asked and not any(decision.moving for decision in asked)


def test_where_no_contrast_comes_a_doubt_ends_the_procedure() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RETRACT)
    plant.contrast_works = False
    while not controller.finished:
        seen = plant.deviation()
        plant.show(controller, replace(seen, depth=seen.depth + 0.004))
    assert plant.decisions[-1].phase is Phase.ABORTED
    assert "still where it was" in plant.decisions[-1].command.reason
    assert not plant.released


def test_a_slip_of_less_than_slack_explains_costs_no_contrast() -> None:
    counts = []
    for millimetres in (0.0, 0.8, 4.0):
        plant = placed_with_a_slip(millimetres, Phase.RETRACT)
        asked = [decision.contrast_requested for decision in plant.decisions]
        counts.append(sum(now and not before for before, now in pairwise(asked)))
    assert counts[0] == counts[1] < counts[2]
