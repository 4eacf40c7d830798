"""The delivery robot's two drives as joints: what messages of ros2_control say of them, and tell them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from builtin_interfaces.msg import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from tavi_perception.nodes.conversions import duration

Pair = tuple[float, float]
"""Of catheter advance and capsule retraction, in this order."""

Command = Float64MultiArray | JointTrajectory | JointState

STOP_TIME = 0.1
"""s within which a trajectory brings the joints to a standstill."""


@dataclass(frozen=True)
class Joints:
    """What a message says of the two joints: positions (m) and velocities (m/s; NaN where it has none)."""

    positions: Pair
    velocities: Pair


def joints(message: JointState, names: tuple[str, str]) -> Joints | None:
    """Reads a message, which may hold other joints too; None where it holds none of the two.

    Raises:
        ValueError: it holds one of them only, or its arrays do not belong together; in a sentence.
    """
    found = [name in message.name for name in names]
    if not any(found):
        return None
    if not all(found):
        raise ValueError(f"it has no joint {names[found.index(False)]}: publish both joints in one message")
    for field in ("position", "velocity"):
        count = len(getattr(message, field))
        if count not in (0, len(message.name)):
            raise ValueError(
                f"it has {len(message.name)} names but {count} values of {field}: give one for each name, "
                "or none at all"
            )
    indices = [message.name.index(name) for name in names]
    positions, velocities = (
        tuple(float(values[i]) if len(values) else math.nan for i in indices)
        for values in (message.position, message.velocity)
    )
    if not all(map(math.isfinite, positions)):
        raise ValueError("the position of a joint is missing, or is no number: the robot must report it")
    return Joints(positions, velocities)


def velocity_array(velocities: Pair) -> Float64MultiArray:
    """For a forward_command_controller whose ``joints`` are advance and retraction, in this order."""
    return Float64MultiArray(data=list(velocities))


def joint_state_command(names: tuple[str, str], velocities: Pair, stamp: Time) -> JointState:
    """For a driver that listens to JointState."""
    return JointState(header=Header(stamp=stamp), name=list(names), velocity=list(velocities))


def moving_trajectory(
    names: tuple[str, str], positions: Pair, velocities: Pair, horizon: float
) -> JointTrajectory:
    """From where the joints are, on with these velocities for ``horizon`` s, then to a standstill.

    A joint_trajectory_controller takes no trajectory that ends in motion, nor one without positions; and
    where no other trajectory follows, the joints stop by themselves.
    """
    reached = [p + v * horizon for p, v in zip(positions, velocities, strict=True)]
    stopped = [p + v * STOP_TIME / 2 for p, v in zip(reached, velocities, strict=True)]
    return JointTrajectory(  # without a stamp it begins at once
        joint_names=list(names),
        points=[
            _point(reached, list(velocities), horizon),
            _point(stopped, [0.0, 0.0], horizon + STOP_TIME),
        ],
    )


def standing_trajectory(names: tuple[str, str], positions: Pair) -> JointTrajectory:
    """To a standstill at these positions (m)."""
    return JointTrajectory(joint_names=list(names), points=[_point(list(positions), [0.0, 0.0], STOP_TIME)])


def stopping_positions(now: Joints) -> Pair:
    """Where the joints come to a standstill (m) if they slow down evenly, from a velocity that is known."""
    advance, retraction = (
        position + (velocity * STOP_TIME / 2 if math.isfinite(velocity) else 0.0)
        for position, velocity in zip(now.positions, now.velocities, strict=True)
    )
    return advance, retraction


def _point(positions: list[float], velocities: list[float], time: float) -> JointTrajectoryPoint:
    return JointTrajectoryPoint(positions=positions, velocities=velocities, time_from_start=duration(time))
