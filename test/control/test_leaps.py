"""A robot that counts its travel from elsewhere is no robot to go on with."""

from __future__ import annotations

import pytest
from plant import Plant, moving, started

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Phase, RobotReading


@pytest.mark.parametrize("travel", [0.0, 5.0])
def test_a_robot_whose_travel_leaps_aborts(travel: float) -> None:
    plant, controller = Plant(advance=0.02), started()
    moving(plant, controller)
    controller.on_robot(RobotReading(plant.now + 0.02, travel, 0.0))
    decision = controller.on_clock(plant.now + 0.02)
    assert decision is not None and decision.phase is Phase.ABORTED and "leapt" in decision.command.reason


def test_a_robot_that_is_started_again_before_the_procedure_is_no_reason_to_abort() -> None:
    controller = Controller(ControlConfig())
    for stamp, travel in ((0.0, 0.02), (0.02, 0.0)):
        controller.on_robot(RobotReading(stamp, travel, 0.0))
    controller.start(0.04)
    assert controller.on_clock(0.06) is None
