"""Core types from messages of tavi_msgs: works on anything with the attributes of those messages.

What has others raises a BagError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from tavi_perception.bags.topics import BagError
from tavi_perception.carm import Calibration, CArmGeometry, uncalibrated
from tavi_perception.control.decision import Decision, DriveCommand, Phase, RobotReading
from tavi_perception.estimates import (
    NAN,
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    Keypoints,
    Reason,
    Stage,
)

Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")


def _of_this_version(decode: Callable[Parameters, Found]) -> Callable[Parameters, Found]:
    """``decode``, which raises a BagError for a message with other fields than it reads.

    A bag brings the definitions of its messages along, and may be older than this version of tavi_msgs.
    """

    @wraps(decode)
    def checked(*arguments: Parameters.args, **more: Parameters.kwargs) -> Found:
        try:
            return decode(*arguments, **more)
        except (AttributeError, TypeError, IndexError) as error:
            raise BagError(
                f"the {decode.__name__} of a message was recorded with another version of tavi_msgs: play "
                f"its images through ./tavi run to have it anew ({error})"
            ) from error

    return checked


def seconds(stamp: Any) -> float:
    """A ROS Time or Duration in s."""
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


@_of_this_version
def stamp_ns(message: Any) -> int:
    """``header.stamp`` in ns."""
    return int(message.header.stamp.sec) * 1_000_000_000 + int(message.header.stamp.nanosec)


@_of_this_version
def keypoints(message: Any) -> Keypoints:
    """From a tavi_msgs/KeypointArray."""
    points = message.keypoints
    covariance = np.array([point.covariance for point in points], dtype=np.float64)
    return Keypoints(
        int(message.image_width),
        int(message.image_height),
        np.array([point.presence for point in points], dtype=np.float64),
        np.array([point.present for point in points], dtype=bool),
        np.array([point.measured for point in points], dtype=bool),
        np.array([(point.x, point.y) for point in points], dtype=np.float64),
        covariance[:, [0, 1, 1, 2]].reshape(-1, 2, 2),
    )


@_of_this_version
def annulus(message: Any) -> AnnulusFrame:
    """From a tavi_msgs/AnnulusFrame, whose orientation tells the side of the ventricle."""
    orientation = message.pose.orientation
    quaternion = np.array([orientation.x, orientation.y, orientation.z, orientation.w], dtype=np.float64)
    position = message.pose.position
    return AnnulusFrame(
        **_plain(AnnulusFrame, message),
        source=AnnulusSource(int(message.source)),
        reasons=Reason(int(message.reasons)),
        covariance=np.array(message.covariance, dtype=np.float64).reshape(3, 3),
        ventricle_sign=_sign_of_orientation(quaternion),
        position=np.array([position.x, position.y, position.z], dtype=np.float64),
        orientation=quaternion,
    )


@_of_this_version
def deviation(message: Any) -> CatheterDeviation:
    """From a tavi_msgs/CatheterDeviation; its latency is not part of the core type."""
    return CatheterDeviation(
        **_plain(CatheterDeviation, message),
        reasons=Reason(int(message.reasons)),
        stage=Stage(int(message.stage)),
        reference=DepthReference(int(message.reference)),
        landmarks=np.array([(point.x, point.y, point.z) for point in message.landmarks], dtype=np.float64),
        annulus_source=AnnulusSource(int(message.annulus_source)),
    )


@_of_this_version
def geometry(message: Any) -> CArmGeometry:
    """From a tavi_msgs/CArmGeometry.

    Raises:
        ValueError: its angles, or the lengths with which it claims to be calibrated, are impossible.
    """
    size = int(message.image_width), int(message.image_height)
    angles = float(message.primary_angle), float(message.secondary_angle)
    if message.calibration not in set(Calibration):
        raise ValueError(f"C-arm geometry: calibration is {message.calibration}; give one of its constants")
    calibration = Calibration(int(message.calibration))
    if calibration is Calibration.UNCALIBRATED:
        return uncalibrated(*size, *angles)
    return CArmGeometry(
        float(message.source_to_detector),
        float(message.source_to_object),
        float(message.imager_pixel_spacing),
        *size,
        *angles,
        calibration,
    )


@_of_this_version
def robot_reading(message: Any) -> RobotReading:
    """From a tavi_msgs/DeliveryState."""
    return RobotReading(
        seconds(message.header.stamp),
        float(message.advance),
        float(message.retraction),
        bool(message.moving),
        bool(message.fault),
    )


@_of_this_version
def drive_command(message: Any) -> DriveCommand:
    """From a tavi_msgs/DeliveryCommand."""
    return DriveCommand(
        seconds(message.header.stamp),
        float(message.advance_velocity),
        float(message.retraction_velocity),
        bool(message.hold),
        str(message.reason),
    )


@_of_this_version
def decision(message: Any) -> Decision:
    """From a tavi_msgs/ControllerState, which does not hold the velocities of a motion: they are NaN.

    Raises:
        ValueError: it is in a phase that there is not.
    """
    velocity = NAN if message.moving else 0.0
    return Decision(
        DriveCommand(
            seconds(message.header.stamp), velocity, velocity, not message.moving, str(message.reason)
        ),
        Phase(int(message.phase)),
        bool(message.contrast_requested),
        float(message.depth),
        float(message.depth_sigma),
        float(message.target_depth),
    )


def _plain(kind: type[AnnulusFrame] | type[CatheterDeviation], message: Any) -> dict[str, Any]:
    """The numbers and flags of a core type, which its message holds under the same names."""
    types: dict[Any, type] = {"float": float, "bool": bool}
    return {f.name: types[f.type](getattr(message, f.name)) for f in fields(kind) if f.type in types}


def _sign_of_orientation(quaternion: NDArray[np.float64]) -> int:
    """+1 when the frame's z axis points to the detector (y is x turned from image x towards image y).

    An annulus that is unknown has no orientation and gets +1, as ``AnnulusFrame`` has it.
    """
    if not np.all(np.isfinite(quaternion)):
        return 1
    x, y, _, _ = quaternion
    return 1 if 1.0 - 2.0 * (x * x + y * y) >= 0 else -1
