"""The simulated patient and the device, as the simulator node uses them: in SI units, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.nodes.simulator_settings import SimulatorConfig
from tavi_perception.simulation.fault import Fault, fault_of
from tavi_perception.simulation.faulty import FaultyImages, FaultyProcedure, faulty_room
from tavi_perception.simulation.live import LiveProcedure, Recorded
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.robot import Command, RobotState
from tavi_perception.simulation.scene import Contents, Scene
from tavi_perception.simulation.staff import Staff, staff_of
from tavi_perception.simulation.truth import Truth, truth_of
from tavi_perception.simulation.watchdog import Drive


@dataclass(frozen=True)
class RobotReport:
    """The robot's reported state: of both drives, travel since the start (m), velocity (m/s), force (N)."""

    advance: float
    retraction: float
    advance_velocity: float
    retraction_velocity: float
    advance_force: float
    retraction_force: float
    moving: bool
    fault: bool


@dataclass(frozen=True)
class PatientFrame:
    """One frame and what is true of it.

    Attributes:
        image: (H, W) uint8 or uint16; None: it gets lost.
        delay: s by which it comes late. stamp_error: s by which its stamp is wrong.
    """

    image: NDArray[Any] | None
    geometry: CArmGeometry
    truth: Truth
    delay: float = 0.0
    stamp_error: float = 0.0


class Patient(Protocol):
    """A patient whose time is stepped in one thread, and whose moments may be rendered in another."""

    name: str
    stored_bits: int
    """Low bits of a pixel that carry the grey level."""
    period: float
    """s of one step."""
    staff: Staff | None
    """Who injects when asked to; None where a script does."""
    fault: Fault | None
    """What goes wrong; None: nothing."""

    @property
    def finished(self) -> bool:
        """There is no further frame."""
        ...

    @property
    def robot(self) -> RobotReport | None:
        """None where nothing but a script moves the device."""
        ...

    def moment(self) -> Any:
        """What ``picture`` needs of this moment; it no longer changes."""
        ...

    def picture(self, moment: Any) -> PatientFrame: ...

    def step(self, drive: Drive, contrast_requested: bool) -> None:
        """Lets one period pass."""
        ...


class CommandedPatient:
    """Commands alone move the device; the heart beats and the lungs breathe all the while."""

    finished = False

    def __init__(self, config: SimulatorConfig) -> None:
        self.name = f"synthetic patient, seed {config.seed}"
        self.period = 1.0 / config.robot_rate
        self.fault = fault_of(config.fault, config.seed)
        self._procedure = LiveProcedure(
            config.seed,
            config.size,
            config.bits,
            room=lambda _, scene: faulty_room(self.fault, scene),
            contents=Contents(make=config.device),
        )
        self._images, self._faulty = FaultyImages(self.fault), FaultyProcedure(self._procedure, self.fault)
        self.stored_bits = _stored_bits(self._procedure.scene, config)
        self.staff = staff_of(config.seed, config.staff)
        self._injection_period = config.injection_period or math.inf
        self._scheduled = 0.0 if config.injection_period else math.inf
        self._pictures = 0

    @property
    def robot(self) -> RobotReport:
        return _report(self._procedure.robot.state)

    def moment(self) -> tuple[float, Recorded]:
        return self._procedure.time, self._procedure.recorded()

    def picture(self, moment: tuple[float, Recorded]) -> PatientFrame:
        time, recorded = moment
        scene, state, images = self._procedure.scene, recorded.moment, self._images
        noise = np.random.default_rng([self._procedure.seed, self._pictures])
        self._pictures += 1
        return PatientFrame(
            images.image(scene.render(state, noise), time),
            images.geometry(state.view.geometry, time),
            truth_of(scene, state, recorded.contrast_age),
            images.delay(time),
            images.stamp(time) - time,
        )

    def step(self, drive: Drive, contrast_requested: bool) -> None:
        procedure, staff = self._procedure, self.staff
        self._faulty.act()
        injects = staff.asked(procedure.time, contrast_requested)
        if procedure.time >= self._scheduled:
            self._scheduled += self._injection_period
            staff.inject(procedure.time)
            injects = True
        if injects and not self._faulty.contrast_fails:
            procedure.inject()
        device = procedure.robot.device
        procedure.pacing = staff.paces(procedure.time, device.extraction, device.released)
        procedure.step(self.period, Command(1e3 * drive.advance, 1e3 * drive.retraction, drive.hold))


class ScriptedPatient:
    """A whole procedure runs by itself, injections included; commands and requests change nothing."""

    robot = None
    staff = None
    fault = None

    def __init__(self, config: SimulatorConfig) -> None:
        self._procedure = RenderedProcedure(
            config.seed,
            config.duration,
            config.frame_rate,
            config.size,
            bits=config.bits,
            contents=Contents(make=config.device),
        )
        self.name = self._procedure.name
        self.stored_bits = _stored_bits(self._procedure.scene, config)
        self.period = 1.0 / config.frame_rate
        self._index = 0

    @property
    def finished(self) -> bool:
        return self._index >= self._procedure.frame_count

    def moment(self) -> int:
        return self._index

    def picture(self, moment: int) -> PatientFrame:
        procedure = self._procedure
        return PatientFrame(procedure.image(moment), procedure.geometry_at(moment), procedure.truth(moment))

    def step(self, drive: Drive, contrast_requested: bool) -> None:
        self._index += 1


def _report(state: RobotState) -> RobotReport:
    return RobotReport(
        1e-3 * state.advance_mm,
        1e-3 * state.retraction_mm,
        1e-3 * state.advance_velocity_mm_s,
        1e-3 * state.retraction_velocity_mm_s,
        state.advance_force_n,
        state.retraction_force_n,
        state.moving,
        state.fault,
    )


def _stored_bits(scene: Scene, config: SimulatorConfig) -> int:
    return 8 if config.bits == 8 else scene.imager.technique.display.stored_bits


PATIENTS: dict[str, Callable[[SimulatorConfig], Patient]] = {
    "none": CommandedPatient,
    "procedure": ScriptedPatient,
}
"""By the parameter ``script``."""
