"""Whether the stent still hangs on the catheter, told by how both move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from plant import Plant, moving, started

from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Phase
from tavi_perception.landmarks import INFLOW_EDGE


def mostly_open() -> tuple[Plant, Controller]:
    """The capsule is drawn back by more than two thirds."""
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RETRACT)
    while plant.extraction < 0.7:
        plant.show(controller, plant.deviation())
    return plant, controller


def test_a_stent_that_has_let_go_unseen_is_recognised_by_the_catheter_that_moves_without_it() -> None:
    plant, controller = mostly_open()
    plant.let_go_unseen()
    plant.depth -= 0.0012
    before = plant.advance
    last = plant.run(controller)
    assert last.phase is Phase.ABORTED
    assert last.command.reason == "the stent has let go: the catheter moves without it"
    assert plant.advance - before < 0.004


def test_one_corner_that_stays_behind_is_mistaken_and_no_stent_that_has_let_go() -> None:
    plant, controller = mostly_open()
    plant.depth -= 0.0024
    since = plant.advance
    while not controller.finished:
        seen = plant.deviation()
        # One corner follows by most of the way, the other not at all.
        seen.landmarks[list(INFLOW_EDGE), 1] -= np.array([0.35, 1.0]) * (plant.advance - since)
        plant.show(controller, seen)
    assert plant.released


def test_an_annulus_that_moves_along_with_the_catheter_is_not_taken_for_a_stent_that_has_let_go() -> None:
    plant, controller = mostly_open()
    plant.depth -= 0.003
    carried = plant.advance
    while not controller.finished:
        seen, moved = plant.deviation(), np.array([0.0, plant.advance - carried, 0.0])
        last = plant.show(
            controller, replace(seen, depth=seen.depth - moved[1], landmarks=seen.landmarks - moved)
        )
    assert last.phase is Phase.ABORTED
    assert last.command.reason.startswith("the catheter does not do what its drives do")


def test_a_sheathed_stent_cannot_let_go_whatever_its_corners_seem_to_do() -> None:
    plant, controller = Plant(depth=-0.03), started()
    moving(plant, controller)
    seen_at = plant.deviation().landmarks[list(INFLOW_EDGE)].copy()
    while plant.retraction == 0.0 and not controller.finished:
        landmarks = plant.deviation().landmarks
        landmarks[list(INFLOW_EDGE)] = seen_at
        plant.show(controller, replace(plant.deviation(), landmarks=landmarks))
    assert not controller.finished and plant.advance > 0.02
