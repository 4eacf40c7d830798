"""The controller says that the valve is released when it is, and says so whatever comes afterwards."""

from __future__ import annotations

from dataclasses import replace

from plant import FRAME, LENGTH, Plant, moving, started

from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Phase
from tavi_perception.estimates import CatheterDeviation, Reason, Stage


def releasing_for_long() -> tuple[Plant, Controller]:
    """The stent may let go, after a release that has waited for half a minute."""
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RELEASE)
    while plant.extraction < 0.9:
        plant.show(controller, plant.deviation())
    unsure = CatheterDeviation(reasons=Reason.LOW_CONFIDENCE)
    for _ in range(round(22.0 / FRAME)):
        plant.show(controller, unsure)
    return plant, controller


def seen_loose_early(plant: Plant) -> CatheterDeviation:
    """Perception calls the stent released before it lets go."""
    stage = Stage.RELEASED if plant.extraction >= 0.955 else Stage.DEPLOYMENT
    return replace(plant.deviation(), stage=stage)


def test_it_is_not_done_before_the_capsule_is_at_its_end_however_long_the_release_took() -> None:
    plant, controller = releasing_for_long()
    while not controller.finished:
        last = plant.show(controller, seen_loose_early(plant))
    assert last.phase is Phase.DONE and plant.released and plant.extraction == 1.0


def test_after_the_stent_has_let_go_whatever_aborts_says_so() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RELEASE)
    while not plant.released:
        plant.show(controller, plant.deviation())
    for _ in range(6):
        plant.show(controller, plant.deviation())
    for _ in range(round(60.0 / FRAME)):
        last = plant.show(controller, CatheterDeviation(reasons=Reason.LOW_CONFIDENCE))
    assert last.phase is Phase.ABORTED and "the stent has let go" in last.command.reason


def test_what_aborts_while_the_stent_may_be_letting_go_says_that_nobody_knows_whether_it_has() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RELEASE)
    while "lets go" not in plant.decisions[-1].command.reason:
        plant.show(controller, plant.deviation())
    last = controller.abort("somebody says so")
    assert last.command.reason.startswith("somebody says so; whether the stent has let go is not known")


def test_a_capsule_that_stops_short_of_its_end_is_not_said_to_have_released_the_valve() -> None:
    plant, controller = releasing_for_long()
    while not controller.finished:
        last = plant.show(controller, seen_loose_early(plant))
        plant.retraction = min(plant.retraction, 0.958 * LENGTH)
    assert last.phase is Phase.ABORTED and not plant.released
    assert "whether the stent has let go is not known" in last.command.reason


def test_a_stent_that_seems_loose_for_a_moment_moves_nothing_and_is_forgotten() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RETRACT)
    for _ in range(3):
        last = plant.show(controller, replace(plant.deviation(), stage=Stage.RELEASED))
        assert not last.moving and "seems to have let go" in last.command.reason
    assert plant.run(controller).phase is Phase.DONE and plant.released
