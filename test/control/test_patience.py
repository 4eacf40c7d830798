"""The controller gives up where acting leads nowhere, and waits longer where there is nothing to act on."""

from __future__ import annotations

from plant import FRAME, UNKNOWN_ANNULUS, Plant, moving, started

from tavi_perception.control.decision import Phase
from tavi_perception.estimates import CatheterDeviation, Reason


def test_a_task_that_takes_too_long_aborts_and_names_it() -> None:
    plant, controller = Plant(), started(task_timeout=1.0)
    moving(plant, controller)
    last = plant.run(controller)
    assert last.phase is Phase.ABORTED
    assert last.command.reason.startswith("APPROACH does not get on in 1 s")


def test_waiting_for_valid_deviations_is_no_time_of_the_task() -> None:
    plant, controller = Plant(), started(task_timeout=8.0)
    moving(plant, controller)
    for _ in range(round(20.0 / FRAME)):
        plant.show(controller, UNKNOWN_ANNULUS)
    assert plant.run(controller).phase is Phase.DONE


def test_standing_still_for_too_long_aborts_and_says_what_was_waited_for() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    for _ in range(round(40.0 / FRAME)):
        last = plant.show(controller, CatheterDeviation(reasons=Reason.UNCALIBRATED))
    assert last.phase is Phase.ABORTED
    assert last.command.reason == "nothing to act on for 30 s: the deviation is not valid: UNCALIBRATED"


def test_a_procedure_that_takes_too_long_aborts() -> None:
    plant, controller = Plant(), started(procedure_timeout=12.0)
    last = plant.run(controller)
    assert last.phase is Phase.ABORTED
    assert last.command.reason.startswith("not finished within 12 s")


def test_a_stent_that_is_being_let_go_is_let_go_whatever_the_time() -> None:
    first, plant = Plant(), Plant()
    first.run(started())
    cleared = next(i for i, each in enumerate(first.decisions) if each.command.reason == "lets go")
    controller = started(procedure_timeout=(cleared + 1) * FRAME)
    assert plant.run(controller).phase is Phase.DONE
    assert plant.now > controller.config.procedure_timeout
