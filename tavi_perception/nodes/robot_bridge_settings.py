"""The parameters of the bridge to a robot under ros2_control: meaning, unit and range."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.nodes.settings import at_start
from tavi_perception.parameters import check_parameters


@dataclass(frozen=True)
class RobotBridgeConfig:
    """Parameters of the bridge."""

    output: str = at_start(
        "velocity",
        "What joint_commands carries. velocity: std_msgs/Float64MultiArray for a forward_command_controller; "
        "trajectory: trajectory_msgs/JointTrajectory for a joint_trajectory_controller; joint_state: "
        "sensor_msgs/JointState with velocities for a driver that listens to such.",
        choices=("velocity", "trajectory", "joint_state"),
    )
    advance_joint: str = at_start(
        "catheter_advance", "Joint that moves the whole catheter, positive into the ventricle."
    )
    retraction_joint: str = at_start(
        "capsule_retraction", "Joint that moves the capsule over the stent, positive opens it."
    )
    rate: float = at_start(
        50.0, "How often the command to the joints is repeated.", unit="Hz", minimum=10.0, maximum=1000.0
    )
    command_timeout: float = at_start(
        0.2,
        "A command this long after its stamp, or after it came, has run out, and joint states this long "
        "missing count as none: the joints stand still.",
        unit="s",
        minimum=0.02,
        maximum=1.0,
    )
    velocity_limit: float = at_start(
        0.03,
        "A command beyond it cannot be meant: the joints stand still with a fault until a command says hold.",
        unit="m/s",
        minimum=0.0001,
        maximum=1.0,
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        if self.advance_joint == self.retraction_joint:
            raise ValueError(
                f"advance_joint and retraction_joint are both {self.advance_joint!r}; name two joints"
            )
