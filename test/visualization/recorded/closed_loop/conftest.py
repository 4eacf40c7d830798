"""A bag of a procedure whose valve is placed by a crude controller that knows the truth."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tavi_perception.audit.procedure import Procedure, read_procedure
from tavi_perception.control.decision import Phase
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Reason, Stage
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.distributions import Normal
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.robot import Command, RobotConfig
from tavi_perception.simulation.seeds import DEMO_SEED

SIZE = 96
START = 1_700_000_000_000_000_000
"""Stamp of the first frame (ns)."""
STEP, FRAME = 20_000_000, 80_000_000
"""ns between two reports of the robot, and between two images."""
ANSWERED, COMMANDED = 40_000_000, 45_000_000
"""ns from an image to its deviation, and to the command that answers it."""
TARGET = 0.003
ML = 12.0
"""Contrast medium of an injection."""
LONGEST = 40.0
BLIND = 0.45, 0.9
"""Extraction at which the perception loses the annulus, and for how long (s)."""


@pytest.fixture(scope="session")
def placed_bag(tmp_path_factory: pytest.TempPathFactory, bag_of: Callable[[Path], Any]) -> Path:
    """A valve that is placed within tolerance after one hold."""
    path = tmp_path_factory.mktemp("procedure") / "bag"
    small_jump = RobotConfig(jump=Normal(0.3, 0.05, 0.2, 0.4))
    live = LiveProcedure(DEMO_SEED, SIZE, config=SimulationConfig(robot=small_jump))
    _Run(bag_of(path), live).play()
    return path


@pytest.fixture(scope="session")
def placed(placed_bag: Path) -> Procedure:
    return read_procedure(placed_bag)


@dataclass
class _Run:
    """The procedure, what records it, and the controller in it."""

    bag: Any
    live: LiveProcedure
    now: int = START
    phase: Phase = Phase.IDLE
    since: float = 0.0
    reason: str = "waits to be started"
    blind: float = float("nan")
    injections: int = 0
    depths: deque[float] = field(default_factory=lambda: deque(maxlen=12))
    command: Command = field(default_factory=Command)

    def play(self) -> None:
        for name, kind in (("/controller/state", "ControllerState"),):
            self.bag.writer.add_topic(name, f"tavi_msgs/msg/{kind}")
        header = self.bag.header(START)
        self.bag.write("/fluoro/carm_geometry", self.bag.geometry(header, self.live.geometry), START)
        ended = None
        while self.live.time < LONGEST and (ended is None or self.live.time < ended + 2.0):
            if (self.now - START) % FRAME == 0:
                self._frame()
            self._robot()
            self.live.step(STEP * 1e-9, self.command)
            self.now += STEP
            if ended is None and self.phase is Phase.DONE:
                ended = self.live.time
        self.bag.close()

    def _frame(self) -> None:
        """An image, what the perception makes of it, and what the controller makes of that."""
        header, truth = self.bag.header(self.now), self.live.truth()
        straight = replace(truth.deviation, stent_tilt=0.1 * truth.deviation.stent_tilt)
        truth = replace(truth, deviation=straight)
        self.bag.write("/fluoro/image", self.bag.image(header, self.live.image()), self.now)
        self.bag.scene("/truth", header, truth, self.now)
        found = self._perceived(truth.deviation, truth.annulus.contrast_age)
        known = AnnulusFrame(reasons=found.reasons) if found.reasons else truth.annulus
        self.bag.scene("/tavi", header, replace(truth, deviation=found, annulus=known), self.now + ANSWERED)
        self._decide(found)
        self._told(header)
        if (self.now - START) % 960_000_000 == 0:
            self._diagnostics(header)

    def _perceived(self, true: CatheterDeviation, contrast_age: float) -> CatheterDeviation:
        extraction, seconds = BLIND
        if np.isnan(self.blind) and true.extraction > extraction:
            self.blind = self.live.time
        reasons = Reason.NO_ANNULUS if np.isnan(contrast_age) else Reason.NONE
        if self.live.time < self.blind + seconds:
            reasons |= Reason.LOW_CONFIDENCE
        noise = np.random.default_rng(self.now % 2**32).normal(0.0, 0.0002)
        depth = float("nan") if reasons & Reason.NO_ANNULUS else true.depth + noise
        return replace(
            true, valid=not reasons, reasons=reasons, depth=depth, depth_error=depth - TARGET,
            depth_sigma=0.0003, within_tolerance=not reasons and abs(depth - TARGET) < 0.002,
        )  # fmt: skip

    def _decide(self, found: CatheterDeviation) -> None:
        """One step of the simplest controller that gets there."""
        waited = self.live.time - self.since
        error = 1e3 * (TARGET + 0.0003 - found.depth)
        if not found.valid:
            if self.phase in (Phase.IDLE, Phase.CONTRAST):
                if waited > 0.5 and self.phase is Phase.IDLE:
                    self._enter(Phase.CONTRAST, "the annulus is unknown: contrast medium is needed")
                elif waited > 0.8 and not self.injections:
                    self.injections += 1
                    self.live.inject()
            elif self.phase is not Phase.HOLD:
                self._enter(Phase.HOLD, "the deviation is not valid: too uncertain")
            self.command = Command()
            return
        self.depths.append(found.depth)
        speed = float(np.clip(2.0 * error, -8.0, 8.0))
        match self.phase:
            case Phase.IDLE | Phase.CONTRAST:
                self._enter(Phase.APPROACH, "the annulus is known")
            case Phase.APPROACH if abs(error) < 0.4:
                self._enter(Phase.RETRACT, "the target depth is reached")
            case Phase.HOLD:
                self._enter(Phase.RETRACT, "valid again, 1 deviation agrees")
            case Phase.RETRACT if found.extraction > 0.74:
                self._enter(Phase.VERIFY, "the point of no recapture is near")
            case Phase.VERIFY if waited > 1.0:
                self._enter(Phase.RELEASE, "depth and tilt are within tolerance")
            case Phase.RELEASE if found.stage is Stage.RELEASED:
                self._enter(Phase.DONE, "the stent has left the delivery system")
        self.command = {
            Phase.APPROACH: Command(speed, 0.0, hold=False),
            Phase.RETRACT: Command(speed, 6.0, hold=False),
            Phase.RELEASE: Command(speed, 10.0, hold=False),
        }.get(self.phase, Command())

    def _enter(self, phase: Phase, reason: str) -> None:
        self.phase, self.since, self.reason = phase, self.live.time, reason

    def _told(self, header: Any) -> None:
        """Command and state of the controller."""
        advance, retraction = (
            1e-3 * self.command.advance_velocity_mm_s,
            1e-3 * self.command.retraction_velocity_mm_s,
        )
        message = self.bag.make(
            "DeliveryCommand", header, advance, retraction, self.command.hold, self.reason
        )
        self.bag.write("/delivery/command", message, self.now + COMMANDED)
        depth = float(np.mean(self.depths)) if self.depths else float("nan")
        state = self.bag.make(
            "ControllerState", header, int(self.phase), not self.command.hold, self.phase is Phase.CONTRAST,
            depth, 0.0002, TARGET, self.reason,
        )  # fmt: skip
        self.bag.write("/controller/state", state, self.now + COMMANDED + 1_000_000)

    def _robot(self) -> None:
        state = self.live.robot.state
        message = self.bag.make(
            "DeliveryState", self.bag.header(self.now), 1e-3 * state.advance_mm, 1e-3 * state.retraction_mm,
            state.moving, state.fault,
        )  # fmt: skip
        self.bag.write("/delivery/state", message, self.now + 1_000_000)

    def _diagnostics(self, header: Any) -> None:
        values = {"injections": str(self.injections), "ml": str(ML * self.injections)}
        pairs = [self.bag.make("diagnostic_msgs/msg/KeyValue", *pair) for pair in values.items()]
        status = self.bag.make("diagnostic_msgs/msg/DiagnosticStatus", 0, "contrast", "", "patient", pairs)
        message = self.bag.make("diagnostic_msgs/msg/DiagnosticArray", header, [status])
        self.bag.write("/diagnostics", message, self.now)
