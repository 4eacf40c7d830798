"""The operator of a scripted procedure: what is injected, paced and commanded, and when."""

from __future__ import annotations

import numpy as np

from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.robot import FULL_EXTRACTION, Command, Robot

TARGET_MM = 3.0
"""Depth at which the inflow edge is placed (clinical default)."""

INJECTIONS = (0.02, 0.70)
"""When the contrast injections begin, as shares of the procedure."""

_POSITION_FROM, _POSITIONED, _RETRACTING, _PAUSED, _DEPLOYING, _RELEASED = 0.14, 0.36, 0.42, 0.70, 0.80, 0.92
"""Shares of the procedure at which: the capsule is advanced; it is in place; retraction begins; it pauses for
the second injection; it goes on; the stent is released and the system is withdrawn."""

_PAUSE_EXTRACTION = 0.75
_WITHDRAWN_MM = 30.0
_FOLLOW_S = 0.3
"""Time in which the operator corrects what he sees."""


class Operator:
    """Drives a procedure of ``duration`` (s) through positioning, retraction, deployment and release."""

    def __init__(self, procedure: LiveProcedure, duration: float) -> None:
        self._procedure, self._duration = procedure, duration
        self._start = procedure.robot.depth_mm
        self._injected = 0

    def command(self) -> Command:
        """The command for this moment; injects and paces when it is time to."""
        procedure = self._procedure
        share = procedure.time / self._duration
        if self._injected < len(INJECTIONS) and share >= INJECTIONS[self._injected]:
            self._injected += 1
            procedure.inject()
        procedure.pacing = _RETRACTING <= share < _RELEASED + 0.02
        depth = self._wanted_depth(share) - procedure.robot.depth_mm
        retraction = self._wanted_retraction(share) - procedure.robot.state.retraction_mm
        limit = Robot.MAX_VELOCITY_MM_S
        velocities = np.clip(np.array([depth, retraction]) / _FOLLOW_S, -limit, limit)
        return Command(float(velocities[0]), float(velocities[1]), hold=False)

    def _wanted_depth(self, share: float) -> float:
        device = self._procedure.scene.device
        extraction = self._procedure.robot.device.extraction
        placed = float(np.interp(share, [_POSITION_FROM, _POSITIONED], [self._start, TARGET_MM]))
        # The stent shortens as it expands; the operator follows, so that its inflow edge stays in place.
        followed = placed + device.shortening * device.capsule_length * extraction**2
        if share <= _RELEASED or not self._procedure.robot.device.released:
            return followed
        return followed - _WITHDRAWN_MM * (share - _RELEASED) / (1 - _RELEASED)

    def _wanted_retraction(self, share: float) -> float:
        # A little more than needed, for the backlash between drive and capsule.
        full = FULL_EXTRACTION + 0.03
        knots = [0.0, _RETRACTING, _PAUSED, _DEPLOYING, _RELEASED]
        extraction = np.interp(share, knots, [0.0, 0.0, _PAUSE_EXTRACTION, _PAUSE_EXTRACTION, full])
        return float(extraction * self._procedure.scene.device.capsule_length)
