"""A valve on rails: what the controller's commands make of depth and extraction, without images."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Decision, Phase, RobotReading
from tavi_perception.estimates import (
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    FloatArray,
    Reason,
    Stage,
)
from tavi_perception.landmarks import COUNT, INFLOW_EDGE, Landmark

FRAME = 1.0 / 15.0
LATENCY = 0.045
LENGTH = 0.06
INFLOW_WIDTH = 0.024
RELEASED_AT = 0.97

UNKNOWN_ANNULUS = CatheterDeviation(reasons=Reason.NO_ANNULUS)


@dataclass
class Plant:
    """One valve: depth follows the advance, shortening and a heart beat; contrast comes two seconds late."""

    depth: float = -0.012
    depth_sigma: float = 0.0003
    tilt: float = 0.0003
    angle_sigma: float = 0.02
    beat: float = 0.001
    shortening: float = 0.14
    contrast_works: bool = True
    contrast_lasts: float = 2.0
    now: float = 0.0
    advance: float = 0.0
    retraction: float = 0.0
    released: bool = False
    asked: float = math.nan
    contrast: float = math.nan
    moved: bool = False
    loose_at: float = math.nan
    decisions: list[Decision] = field(default_factory=list)

    @property
    def extraction(self) -> float:
        return min(max(self.retraction / LENGTH, 0.0), 1.0)

    @property
    def inflow(self) -> float:
        """Depth of the inflow edge, the heart at rest (m); what is released stays where it is."""
        advance = self.advance if math.isnan(self.loose_at) else self.loose_at
        return self.depth + advance - self.shortening * LENGTH * min(self.extraction, RELEASED_AT) ** 2

    def let_go_unseen(self) -> None:
        """The stent stays where it is from now on, and perception takes it for one that is still held."""
        self.loose_at = self.advance

    def landmarks(self, beat: float) -> FloatArray:
        """(11, 3) annulus coordinates (m) of CP and of the inflow edge; NaN of the others."""
        points = np.full((COUNT, 3), np.nan)
        points[Landmark.CP] = 0.0, self.depth + self.advance - LENGTH + beat, 0.0
        for sign, corner in zip((-0.5, 0.5), INFLOW_EDGE, strict=True):
            points[corner] = INFLOW_WIDTH * sign, self.inflow + sign * self.tilt + beat, 0.0
        return points

    def deviation(self) -> CatheterDeviation:
        """What is seen now."""
        age = self.now - self.contrast
        if not age >= 0.0:
            return UNKNOWN_ANNULUS
        beat = self.beat * math.sin(2 * math.pi * 1.1 * self.now)
        return CatheterDeviation(
            valid=True,
            stage=Stage.RELEASED if self.released else Stage.DEPLOYMENT,
            reference=DepthReference.STENT,
            depth=self.inflow + beat,
            depth_sigma=self.depth_sigma,
            angle_sigma=self.angle_sigma,
            stent_tilt=self.tilt,
            extraction=self.extraction,
            landmarks=self.landmarks(beat),
            annulus_source=AnnulusSource.CONTRAST if age < self.contrast_lasts else AnnulusSource.PIGTAIL,
        )

    def show(self, controller: Controller, deviation: CatheterDeviation, late: float = LATENCY) -> Decision:
        """The controller decides on a deviation of this moment, which the plant then does for a frame."""
        controller.on_robot(RobotReading(self.now, self.advance, self.retraction, self.moved))
        decision = controller.on_deviation(deviation, self.now, self.now + late)
        self.decisions.append(decision)
        self._obey(decision)
        return decision

    def _obey(self, decision: Decision) -> None:
        command = decision.command
        before = self.advance, self.retraction
        if not self.released:
            self.advance += FRAME * command.advance_velocity
        self.retraction = min(max(self.retraction + FRAME * command.retraction_velocity, 0.0), LENGTH)
        self.moved = before != (self.advance, self.retraction)
        self.released = self.released or self.extraction >= RELEASED_AT
        if decision.contrast_requested and self.contrast_works:
            if math.isnan(self.asked):
                self.asked = self.now
            washed_out = not self.now - self.contrast < self.contrast_lasts + 1.5
            if self.now - self.asked > 2.0 and washed_out:
                self.contrast, self.asked = self.now, math.nan
        self.now += FRAME

    def run(self, controller: Controller, seconds: float = 120.0) -> Decision:
        """Until the controller has finished, or for so long."""
        end = self.now + seconds
        while self.now < end and not controller.finished:
            self.show(controller, self.deviation())
        return self.decisions[-1]


def started(**parameters: float) -> Controller:
    """A controller that has been started at time 0."""
    controller = Controller(replace(ControlConfig(), **parameters))
    controller.start(0.0)
    return controller


def moving(plant: Plant, controller: Controller, phase: Phase = Phase.APPROACH) -> Decision:
    """Runs to the first command of motion in a phase."""
    for _ in range(2000):
        decision = plant.show(controller, plant.deviation())
        if decision.moving and decision.phase is phase:
            return decision
    raise AssertionError(f"no motion in {phase.name}; the last: {plant.decisions[-1]}")


def phases(plant: Plant) -> list[Phase]:
    """Each phase once for every time that it is entered, standing still left out."""
    seen = [
        decision.phase for decision in plant.decisions if decision.phase not in (Phase.HOLD, Phase.CONTRAST)
    ]
    return [phase for before, phase in pairwise([None, *seen]) if phase is not before]
