"""Whatever comes: no motion on an invalid or old deviation, none beyond the limits, no blind release."""

from __future__ import annotations

import copy
import math
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from plant import INFLOW_WIDTH, Plant, started

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Phase, RobotReading
from tavi_perception.estimates import AnnulusSource, CatheterDeviation, Reason, Stage

CONFIG = ControlConfig()
wild = st.floats(allow_nan=True, allow_infinity=True)
depths = st.one_of(st.floats(-0.02, 0.02), wild)

deviations = st.builds(
    CatheterDeviation,
    valid=st.sampled_from([True, True, True, False]),
    reasons=st.sampled_from([Reason.NONE, Reason.NO_ANNULUS, Reason.IMAGE_STALE, Reason.LOW_CONFIDENCE]),
    stage=st.sampled_from(list(Stage)),
    depth=depths,
    depth_sigma=st.one_of(st.floats(0.0, 0.002), wild),
    stent_tilt=depths,
    extraction=st.one_of(st.floats(0.0, 1.0), wild),
    annulus_source=st.sampled_from(list(AnnulusSource)),
)
gaps = st.one_of(st.just(1 / 15), st.floats(-0.2, 3.0))
ages = st.one_of(st.just(0.045), st.floats(-1.0, 1.0))
faults = st.sampled_from([False] * 9 + [True])


def running(phase: Phase) -> tuple[Plant, Controller]:
    """A procedure that has come as far as a phase."""
    return copy.deepcopy(_come_to(phase))


@cache
def _come_to(phase: Phase) -> tuple[Plant, Controller]:
    plant, controller = Plant(), started()
    for _ in range(3000):
        if plant.show(controller, plant.deviation()).phase is phase:
            return plant, controller
    raise AssertionError(f"never in {phase.name}")


@given(
    phase=st.sampled_from([Phase.APPROACH, Phase.RETRACT, Phase.VERIFY, Phase.RELEASE]),
    events=st.lists(st.tuples(deviations, gaps, ages, faults, st.integers(0, 8)), max_size=12),
)
@settings(max_examples=40)
def test_nothing_moves_without_a_valid_and_fresh_deviation_nor_beyond_the_limits(
    phase: Phase, events: list[tuple[CatheterDeviation, float, float, bool, int]]
) -> None:
    plant, controller = running(phase)
    for strange, gap, age, fault, usual in events:
        for _ in range(usual):
            plant.show(controller, plant.deviation())
        plant.now += gap
        controller.on_robot(RobotReading(plant.now, plant.advance, plant.retraction, fault=fault))
        decision = plant.show(controller, strange, age)
        command = decision.command
        assert math.isfinite(command.advance_velocity) and math.isfinite(command.retraction_velocity)
        assert abs(command.advance_velocity) <= max(CONFIG.approach_velocity, CONFIG.correction_velocity)
        assert abs(command.retraction_velocity) <= CONFIG.retraction_velocity
        if not strange.valid or abs(age) > CONFIG.stale_after or not math.isfinite(strange.depth):
            assert command.hold and command.advance_velocity == command.retraction_velocity == 0.0
        clock = controller.on_clock(plant.now + 0.3)
        assert clock is None or clock.command.hold


@given(
    tilt=st.floats(-0.006, 0.006),
    angle_sigma=st.floats(0.001, 0.1),
    sigma=st.floats(0.0001, 0.0015),
    lost=st.lists(st.booleans(), min_size=40, max_size=40),
    offset=st.floats(-0.006, 0.006),
)
@settings(max_examples=15)
def test_nothing_is_released_without_verified_depth_and_tilt(
    tilt: float, angle_sigma: float, sigma: float, lost: list[bool], offset: float
) -> None:
    """Half-way the stent is displaced, and one frame in some is lost."""
    plant, controller = running(Phase.RETRACT)
    plant.tilt, plant.angle_sigma, plant.depth_sigma, displaced = tilt, angle_sigma, sigma, False
    for frame in range(1200):
        if controller.finished:
            break
        seen = plant.deviation()
        if lost[frame % 40] and frame % 3 == 0:
            seen = CatheterDeviation(reasons=Reason.DEVICE_NOT_VISIBLE)
        plant.show(controller, seen)
        if not displaced and plant.extraction > 0.5:
            plant.depth, displaced = plant.depth + offset, True
    if plant.released:
        tilt_sigma = min(angle_sigma * math.hypot(INFLOW_WIDTH, tilt), CONFIG.tilt_tolerance / 2.0)
        assert abs(tilt) <= CONFIG.tilt_tolerance + 2.0 * tilt_sigma
        assert 2.0 * sigma <= CONFIG.depth_tolerance
        assert abs(plant.inflow - CONFIG.target_depth) <= CONFIG.depth_tolerance + CONFIG.jump
