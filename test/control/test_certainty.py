"""How well the depth must be known before the valve is released."""

from __future__ import annotations

import pytest
from plant import Plant, moving, started

from tavi_perception.control.decision import Decision, Phase

UNSURE, UNKNOWN = 0.0007, 0.0012
"""m: twice the one lies within the tolerance of 2 mm, three times it does not; twice the other neither."""


def unsure_from(phase: Phase, sigma: float = UNSURE) -> Plant:
    """A whole procedure, whose depth is known less well from its first motion in a phase on."""
    plant, controller = Plant(), started()
    moving(plant, controller, phase)
    plant.depth_sigma = sigma
    plant.run(controller, 200.0)
    return plant


def entered(plant: Plant, phase: Phase) -> list[Decision]:
    return [decision for decision in plant.decisions if decision.phase is phase]


@pytest.fixture(scope="module")
def unsure() -> Plant:
    return unsure_from(Phase.RETRACT)


def test_a_depth_that_is_not_known_well_enough_is_recaptured_and_never_released() -> None:
    unknown = unsure_from(Phase.RETRACT, UNKNOWN)
    assert entered(unknown, Phase.RECAPTURE) and not entered(unknown, Phase.RELEASE)


def test_a_depth_that_does_not_become_better_known_is_let_go_at_two_standard_deviations(
    unsure: Plant,
) -> None:
    assert unsure.decisions[-1].phase is Phase.DONE and not entered(unsure, Phase.RECAPTURE)


def test_before_that_more_contrast_is_waited_for(unsure: Plant) -> None:
    waits = [
        decision for decision in unsure.decisions if "waits for more contrast" in decision.command.reason
    ]
    asked = [
        decision
        for decision in entered(unsure, Phase.CONTRAST)
        if "still where it was" in decision.command.reason
    ]
    assert waits and asked


def test_a_depth_that_becomes_known_better_while_it_is_waited_for_is_released() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RETRACT)
    plant.depth_sigma = UNSURE
    while "waits for more contrast" not in plant.show(controller, plant.deviation()).command.reason:
        pass
    plant.depth_sigma = 0.0003
    assert plant.run(controller).phase is Phase.DONE and not entered(plant, Phase.RECAPTURE)


def test_what_cannot_be_recaptured_waits_and_is_then_let_go_at_two_standard_deviations() -> None:
    plant = unsure_from(Phase.RELEASE)
    reasons = [decision.command.reason for decision in entered(plant, Phase.RELEASE)]
    assert any("not to be let go yet" in reason for reason in reasons)
    assert plant.decisions[-1].phase is Phase.DONE and plant.released
