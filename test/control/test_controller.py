"""The controller places the valve, asks for what it needs, and gives up where it cannot go on."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from plant import FRAME, UNKNOWN_ANNULUS, Plant, moving, phases, started

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Phase, RobotReading
from tavi_perception.control.shortening import Shortening
from tavi_perception.estimates import NAN, CatheterDeviation, Reason, Stage


@pytest.fixture(scope="module")
def placed() -> Plant:
    plant = Plant()
    plant.run(started())
    return plant


def test_it_goes_through_all_phases_to_the_end(placed: Plant) -> None:
    assert phases(placed) == [Phase.APPROACH, Phase.RETRACT, Phase.VERIFY, Phase.RELEASE, Phase.DONE]


def test_the_valve_lands_where_it_was_to_less_the_jump_that_the_plant_does_not_have(placed: Plant) -> None:
    jump = ControlConfig().jump
    assert placed.inflow == pytest.approx(ControlConfig().target_depth + jump, abs=0.0006)


def test_it_asks_for_contrast_first(placed: Plant) -> None:
    asked = [decision.contrast_requested for decision in placed.decisions]
    assert asked.index(True) == 1
    assert not any(decision.moving for decision in placed.decisions[: asked.index(False, 1)])


def test_every_command_carries_the_stamp_of_the_deviation_that_it_answers(placed: Plant) -> None:
    stamps = [decision.command.stamp for decision in placed.decisions]
    assert stamps == pytest.approx([index * FRAME for index in range(len(stamps))])


def test_every_decision_has_a_cause(placed: Plant) -> None:
    assert all(decision.command.reason for decision in placed.decisions)


def test_nothing_moves_before_it_is_started() -> None:
    plant, controller = Plant(contrast=0.0), Controller(ControlConfig())
    for _ in range(100):
        assert not plant.show(controller, plant.deviation()).moving
    assert plant.decisions[-1].phase is Phase.IDLE


@pytest.mark.parametrize("phase", [Phase.APPROACH, Phase.RETRACT, Phase.RELEASE])
def test_one_invalid_deviation_stops_it_at_once(phase: Phase) -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, phase)
    decision = plant.show(controller, replace(plant.deviation(), valid=False, reasons=Reason.LOW_CONFIDENCE))
    assert not decision.moving and decision.phase is Phase.HOLD
    assert "LOW_CONFIDENCE" in decision.command.reason


def test_it_moves_again_only_after_several_that_agree() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    plant.show(controller, UNKNOWN_ANNULUS)
    moved = [plant.show(controller, plant.deviation()).moving for _ in range(6)]
    again = ControlConfig().agreeing
    assert moved == [False] * (again - 1) + [True] * (7 - again)


@pytest.mark.parametrize(("displaced", "earliest", "latest"), [(0.0, 0.0, 0.4), (0.0025, 0.9, 1.3)])
def test_after_an_injection_the_capsule_opens_on_at_once_if_it_shows_what_the_one_before_did(
    displaced: float, earliest: float, latest: float
) -> None:
    """Otherwise the heart beat is averaged out first."""
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RETRACT)
    plant.contrast = injected = plant.now
    plant.depth += displaced
    moving(plant, controller, Phase.RETRACT)
    assert earliest < plant.now - injected < latest


def test_after_an_injection_the_sheathed_valve_is_moved_on_within_little_more_than_a_heart_beat() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    while not plant.now - plant.contrast > 3.5:
        plant.show(controller, plant.deviation())
    plant.depth -= 0.002
    plant.contrast = injected = plant.now
    moving(plant, controller)
    assert 0.9 < plant.now - injected < 1.3


def test_a_depth_that_jumps_does_not_move_it() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    far = replace(plant.deviation(), depth=plant.inflow + 0.02)
    assert not plant.show(controller, far).moving


@pytest.mark.parametrize("late", [0.21, 5.0, -0.21])
def test_an_old_deviation_or_one_from_the_future_moves_nothing(late: float) -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    assert not plant.show(controller, plant.deviation(), late).moving


def test_silence_stops_it() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    assert controller.on_clock(plant.now) is None
    decision = controller.on_clock(plant.now + 0.25)
    assert decision is not None and not decision.moving and decision.phase is Phase.HOLD


def test_a_robot_that_is_not_heard_of_is_not_moved() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    plant.now += 0.5
    decision = controller.on_deviation(plant.deviation(), plant.now, plant.now)
    assert not decision.moving and "robot" in decision.command.reason


def test_a_fault_of_the_robot_that_lasts_aborts() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    for step in range(80):
        controller.on_robot(RobotReading(plant.now + step * 0.02, plant.advance, 0.0, fault=True))
    decision = controller.on_clock(plant.now + 1.6)
    assert decision is not None and decision.phase is Phase.ABORTED and "fault" in decision.command.reason


def half_open() -> tuple[Plant, Controller]:
    """A capsule that is being drawn back, 40 % open."""
    plant, controller = Plant(), started()
    while plant.extraction < 0.4:
        moving(plant, controller, Phase.RETRACT)
    return plant, controller


def test_a_capsule_that_is_seen_elsewhere_for_a_moment_waits_and_goes_on() -> None:
    plant, controller = half_open()
    for _ in range(15):
        last = plant.show(controller, replace(plant.deviation(), extraction=plant.extraction - 0.2))
    assert last.phase is Phase.HOLD and "capsule" in last.command.reason
    assert plant.run(controller).phase is Phase.DONE


def test_a_perception_that_begins_anew_with_an_open_capsule_is_steered_by_all_the_same() -> None:
    plant, controller = half_open()
    for _ in range(3000):
        stage = Stage.DEPLOYMENT
        last = plant.show(controller, replace(plant.deviation(), extraction=NAN, stage=stage))
        if controller.finished:
            break
    assert last.phase is Phase.DONE and plant.released


def test_a_capsule_that_does_not_follow_its_drive_aborts() -> None:
    plant, controller = half_open()
    stuck = plant.extraction - 0.2
    for _ in range(40):
        last = plant.show(controller, replace(plant.deviation(), extraction=stuck))
    assert last.phase is Phase.ABORTED and "capsule" in last.command.reason


def test_contrast_that_never_comes_aborts() -> None:
    plant = Plant(contrast_works=False)
    assert plant.run(started()).phase is Phase.ABORTED
    assert "contrast" in plant.decisions[-1].command.reason


def test_an_annulus_that_is_found_again_is_acted_on_without_another_injection() -> None:
    plant, controller = Plant(contrast_lasts=0.5), started()
    moving(plant, controller)
    plant.contrast_works, plant.contrast = False, plant.now - 10.0
    lost = [plant.show(controller, UNKNOWN_ANNULUS) for _ in range(15)]
    assert lost[-1].contrast_requested
    found = plant.now
    assert not moving(plant, controller).contrast_requested
    assert plant.now - found < controller.config.contrast_patience + controller.config.averaged + 1.0


def test_no_contrast_is_asked_for_where_it_cannot_help() -> None:
    plant, controller = Plant(), started()
    for _ in range(60):
        assert not plant.show(controller, CatheterDeviation(reasons=Reason.IMAGE_STALE)).contrast_requested


def test_a_stent_that_lets_go_too_early_is_reported_and_not_moved() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RETRACT)
    for _ in range(12):
        last = plant.show(controller, replace(plant.deviation(), stage=Stage.RELEASED))
    assert last.phase is Phase.ABORTED and not last.moving


def test_a_released_valve_is_never_advanced(placed: Plant) -> None:
    released = [
        decision for decision, extraction in zip(placed.decisions, extractions(placed), strict=True)
        if extraction >= 0.98
    ]  # fmt: skip
    assert released
    assert all(decision.command.advance_velocity <= 0.0 for decision in released)


def extractions(plant: Plant) -> list[float]:
    """Extraction after each decision."""
    travelled = 0.0
    result = []
    for decision in plant.decisions:
        travelled = min(max(travelled + FRAME * decision.command.retraction_velocity, 0.0), 0.06)
        result.append(travelled / 0.06)
    return result


def test_abort_stops_for_good() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    assert controller.abort("the physician says so").phase is Phase.ABORTED
    for _ in range(30):
        decision = plant.show(controller, plant.deviation())
    assert not decision.moving and decision.command.reason == "the physician says so"


def test_readings_of_the_robot_that_are_no_numbers_are_ignored() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller)
    controller.on_robot(RobotReading(plant.now + 0.001, NAN, math.inf))
    assert plant.show(controller, plant.deviation()).moving


def test_parameters_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="last_extraction"):
        replace(ControlConfig(), verify_extraction=0.75, last_extraction=0.7)


@pytest.mark.parametrize(
    ("extraction", "phase"),
    [(0.4, Phase.RETRACT), (0.75, Phase.VERIFY), (0.92, Phase.RELEASE)],
)
def test_restarted_with_the_valve_half_open_it_goes_on_from_there(extraction: float, phase: Phase) -> None:
    plant = Plant(depth=0.003 + 0.14 * 0.06 * extraction**2, retraction=0.06 * extraction, contrast=0.0)
    controller = started()
    seen = {plant.show(controller, plant.deviation()).phase for _ in range(60)}
    assert min(seen - {Phase.HOLD, Phase.CONTRAST}) >= phase


def test_a_capsule_that_is_not_where_its_drive_says_aborts() -> None:
    plant, controller = Plant(), started()
    while plant.extraction < 0.4:
        plant.show(controller, plant.deviation())
    stuck = plant.extraction
    for _ in range(90):
        last = plant.show(controller, replace(plant.deviation(), extraction=stuck))
    assert last.phase is Phase.ABORTED and "capsule" in last.command.reason


def test_it_does_not_wait_for_ever_for_a_depth_that_cannot_be_reached() -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, Phase.RETRACT)
    for _ in range(1500):
        off = replace(plant.deviation(), depth=0.0018)
        last = plant.show(controller, off)
    assert last.phase is Phase.ABORTED and not plant.released


def test_the_shortening_of_the_stent_is_learned() -> None:
    learned = Shortening(ControlConfig())
    for frame in range(200):
        opened = 0.06 * (frame / 200) ** 2
        learned.update(frame / 15, 0.003 - 0.09 * opened, 0.0, opened)
    assert learned.share == pytest.approx(0.09, abs=0.01)
