"""What goes into and comes out of a delivery controller; SI units, all stamps on one clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from tavi_perception.estimates import NAN


class Phase(IntEnum):
    """What the controller is doing; tavi_msgs/msg/ControllerState.msg has the same numbers."""

    IDLE = 0
    """Waits to be started."""
    APPROACH = 1
    """Brings the sheathed valve to the target depth."""
    HOLD = 2
    """Stands still until it knows again where the valve is."""
    CONTRAST = 3
    """Stands still and waits for the contrast medium that it has asked for."""
    RETRACT = 4
    """Opens the capsule and keeps the stent's inflow edge in place."""
    VERIFY = 5
    """Stands still and checks depth and tilt before the point of no recapture."""
    RECAPTURE = 6
    """Closes the capsule again, to place the valve anew."""
    RELEASE = 7
    """Opens the capsule to the end."""
    DONE = 8
    """The valve is released; nothing moves any more."""
    ABORTED = 9
    """Stopped for good; a person has to take over."""


FINAL = (Phase.DONE, Phase.ABORTED)


@dataclass(frozen=True)
class RobotReading:
    """What the delivery robot reports of itself; tavi_msgs/DeliveryState.

    Attributes:
        stamp: when it was measured (s).
        advance: of the whole catheter since the start (m), positive into the ventricle.
        retraction: of the capsule over the stent since the start (m), positive opens it.
        moving: a drive is moving.
        fault: it has stopped for a fault and ignores commands.
    """

    stamp: float
    advance: float
    retraction: float
    moving: bool = False
    fault: bool = False


@dataclass(frozen=True)
class DriveCommand:
    """What the robot is to do until the next command; tavi_msgs/DeliveryCommand.

    Attributes:
        stamp: of the deviation that it answers (s).
        advance_velocity: of the whole catheter (m/s), positive into the ventricle.
        retraction_velocity: of the capsule over the stent (m/s), positive opens it.
        hold: stand still, whatever the velocities say; then both are 0.
        reason: why, in words for a person.
    """

    stamp: float
    advance_velocity: float = 0.0
    retraction_velocity: float = 0.0
    hold: bool = True
    reason: str = ""


@dataclass(frozen=True)
class Decision:
    """One command and why; with ``command.stamp`` and ``command.reason`` this is tavi_msgs/ControllerState.

    Attributes:
        command: to the robot.
        phase: what the controller is doing.
        contrast_requested: somebody should inject contrast medium now.
        depth, depth_sigma: implantation depth that it steers by, averaged over the heart beat, and its
            standard deviation (m); NaN when unknown.
        target_depth: depth that it aims at (m).
    """

    command: DriveCommand
    phase: Phase
    contrast_requested: bool = False
    depth: float = NAN
    depth_sigma: float = NAN
    target_depth: float = NAN

    @property
    def moving(self) -> bool:
        return not self.command.hold
