"""A depth that does not follow the drives is looked at again with contrast before the controller gives up."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from plant import Plant, moving, started

from tavi_perception.control.decision import Phase
from tavi_perception.estimates import AnnulusSource


@pytest.mark.parametrize(("phase", "pushed"), [(Phase.APPROACH, 0.012), (Phase.RETRACT, 0.006)])
def test_a_catheter_that_does_not_follow_its_drive_is_looked_at_with_contrast_and_aborts(
    phase: Phase, pushed: float
) -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, phase)
    frozen, begun = plant.inflow - 0.004, plant.advance
    for _ in range(300):
        last = plant.show(controller, replace(plant.deviation(), depth=frozen))
        if controller.finished:
            break
    assert last.phase is Phase.ABORTED and "drives" in last.command.reason
    assert abs(plant.advance - begun) < pushed


@pytest.mark.parametrize("phase", [Phase.APPROACH, Phase.RETRACT])
def test_landmarks_that_are_mistaken_for_a_moment_are_looked_at_again_with_contrast(phase: Phase) -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, phase)
    plant.contrast = plant.now
    for _ in range(15):
        plant.show(controller, replace(plant.deviation(), depth=plant.inflow + 0.0048))
    assert plant.run(controller).phase is Phase.DONE
    assert any("still where it was" in decision.command.reason for decision in plant.decisions)


def test_a_valve_is_recaptured_first_and_looked_at_again_with_contrast_then() -> None:
    plant, controller = Plant(tilt=0.004), started()
    moving(plant, controller, Phase.RECAPTURE)
    plant.depth += 0.002
    while plant.show(controller, plant.deviation()).phase is Phase.RECAPTURE:
        pass
    assert plant.extraction < 0.02
    plant.tilt = 0.0
    recaptured = len(plant.decisions)
    assert plant.run(controller).phase is Phase.DONE
    reasons = [decision.command.reason for decision in plant.decisions[recaptured:]]
    assert "still where it was" in next(reason for reason in reasons if "contrast is asked for" in reason)


def test_an_annulus_that_moves_along_with_the_catheter_aborts_however_slowly() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RELEASE)
    while plant.extraction < 0.9:
        plant.show(controller, plant.deviation())
    begun, seen = plant.advance, plant.deviation().depth - 0.002
    for _ in range(900):
        last = plant.show(controller, replace(plant.deviation(), depth=seen))
        if controller.finished:
            break
    assert last.phase is Phase.ABORTED and "drives" in last.command.reason
    assert plant.advance - begun < 0.0065


def test_landmarks_mistaken_early_in_the_first_contrast_are_nothing_to_compare_later_ones_with() -> None:
    plant, controller = Plant(contrast_lasts=4.0), started()
    while not plant.now > plant.contrast:
        plant.show(controller, plant.deviation())
    for _ in range(24):
        plant.show(controller, replace(plant.deviation(), depth=plant.inflow + 0.0048))
    assert plant.run(controller).phase is Phase.DONE


@pytest.mark.parametrize(("shortening", "creep"), [(0.08, 0.0012), (0.20, -0.0012)])
def test_a_stent_that_shortens_otherwise_than_expected_is_no_broken_robot_after_a_slip(
    shortening: float, creep: float
) -> None:
    plant, controller = Plant(shortening=shortening), started()
    moving(plant, controller, Phase.RETRACT)
    plant.depth += creep
    slipped = math.nan
    while not controller.finished:
        if math.isnan(slipped) and plant.extraction > 0.6:
            slipped = plant.now
        seen = plant.deviation()
        if seen.annulus_source is AnnulusSource.PIGTAIL and plant.contrast < slipped:
            seen = replace(seen, depth=seen.depth + 0.003)
        plant.show(controller, seen)
    assert plant.decisions[-1].phase is Phase.DONE
