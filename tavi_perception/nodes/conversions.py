"""Core types to ROS messages; the way back is ``tavi_perception.bags.decode``."""

from __future__ import annotations

import array
import math
import sys

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion, TransformStamped, Vector3
from rclpy.duration import Duration as RosDuration
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tavi_msgs.msg import AnnulusFrame as AnnulusFrameMsg
from tavi_msgs.msg import CArmGeometry as CArmGeometryMsg
from tavi_msgs.msg import CatheterDeviation as CatheterDeviationMsg
from tavi_msgs.msg import ControllerState, DeliveryCommand, DeliveryState, KeypointArray

from tavi_perception.calibration import NOMINAL_SOURCE_TO_PATIENT_MM
from tavi_perception.carm import CArmGeometry
from tavi_perception.control.decision import Decision, DriveCommand, RobotReading
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints


def duration(seconds: float) -> Duration:
    """A duration message; unknown (NaN) becomes zero, which the message comments name as unknown."""
    if not math.isfinite(seconds):
        return Duration()
    return RosDuration(nanoseconds=round(seconds * 1e9)).to_msg()


def keypoints_to_msg(keypoints: Keypoints, header: Header) -> KeypointArray:
    msg = KeypointArray(header=header, image_width=keypoints.width, image_height=keypoints.height)
    for i, out in enumerate(msg.keypoints):
        out.id = i
        out.presence = float(keypoints.presence[i])
        out.present = bool(keypoints.present[i])
        out.measured = bool(keypoints.measured[i])
        out.x, out.y = (float(v) for v in keypoints.xy[i])
        (xx, xy), (_, yy) = keypoints.covariance[i]
        out.covariance = np.array([xx, xy, yy], dtype=np.float64)
    return msg


def annulus_to_msg(annulus: AnnulusFrame, header: Header) -> AnnulusFrameMsg:
    return AnnulusFrameMsg(
        header=header,
        source=int(annulus.source),
        valid=annulus.valid,
        reasons=int(annulus.reasons),
        contrast_age=float(annulus.contrast_age),
        x=float(annulus.x),
        y=float(annulus.y),
        angle=float(annulus.angle),
        covariance=np.asarray(annulus.covariance, dtype=np.float64).ravel(),
        diameter=float(annulus.diameter),
        pose=_pose(annulus),
    )


def deviation_to_msg(deviation: CatheterDeviation, header: Header, latency: float) -> CatheterDeviationMsg:
    """``latency``: s from the header's stamp to publication."""
    return CatheterDeviationMsg(
        header=header,
        valid=deviation.valid,
        reasons=int(deviation.reasons),
        stage=int(deviation.stage),
        reference=int(deviation.reference),
        depth=float(deviation.depth),
        depth_sigma=float(deviation.depth_sigma),
        depth_error=float(deviation.depth_error),
        lateral=float(deviation.lateral),
        lateral_sigma=float(deviation.lateral_sigma),
        angle=float(deviation.angle),
        angle_sigma=float(deviation.angle_sigma),
        stent_tilt=float(deviation.stent_tilt),
        extraction=float(deviation.extraction),
        within_tolerance=deviation.within_tolerance,
        landmarks=[Point(x=float(x), y=float(y), z=float(z)) for x, y, z in deviation.landmarks],
        annulus_source=int(deviation.annulus_source),
        latency=duration(latency),
    )


def geometry_to_msg(geometry: CArmGeometry, header: Header) -> CArmGeometryMsg:
    return CArmGeometryMsg(
        header=header,
        source_to_detector=float(geometry.source_to_detector),
        source_to_object=float(geometry.source_to_object),
        imager_pixel_spacing=float(geometry.imager_pixel_spacing),
        primary_angle=float(geometry.primary_angle),
        secondary_angle=float(geometry.secondary_angle),
        image_width=geometry.image_width,
        image_height=geometry.image_height,
        calibration=int(geometry.calibration),
    )


def command_to_msg(command: DriveCommand, header: Header) -> DeliveryCommand:
    """``header``: that of the deviation which the command answers."""
    return DeliveryCommand(
        header=header,
        advance_velocity=float(command.advance_velocity),
        retraction_velocity=float(command.retraction_velocity),
        hold=command.hold,
        reason=command.reason,
    )


def decision_to_msg(decision: Decision, header: Header) -> ControllerState:
    """``header``: that of the deviation last looked at."""
    return ControllerState(
        header=header,
        phase=int(decision.phase),
        moving=decision.moving,
        contrast_requested=decision.contrast_requested,
        depth=float(decision.depth),
        depth_sigma=float(decision.depth_sigma),
        target_depth=float(decision.target_depth),
        reason=decision.command.reason,
    )


def reading_to_msg(reading: RobotReading, header: Header) -> DeliveryState:
    """``header``: stamped when it was measured."""
    return DeliveryState(
        header=header,
        advance=float(reading.advance),
        retraction=float(reading.retraction),
        moving=reading.moving,
        fault=reading.fault,
    )


def has_finite_pose(annulus: AnnulusFrame) -> bool:
    """A pose that may be sent: every number finite, the quaternion of unit length."""
    return bool(np.isfinite(annulus.position).all() and abs(np.linalg.norm(annulus.orientation) - 1.0) < 1e-6)


def pose_to_msg(annulus: AnnulusFrame, header: Header) -> PoseStamped:
    return PoseStamped(header=header, pose=_pose(annulus))


def transform_to_msg(annulus: AnnulusFrame, header: Header, child_frame_id: str) -> TransformStamped:
    msg = TransformStamped(header=header, child_frame_id=child_frame_id)
    msg.transform.translation = Vector3(**dict(zip("xyz", map(float, annulus.position), strict=True)))
    msg.transform.rotation = _quaternion(annulus)
    return msg


def c_arm_to_msg(geometry: CArmGeometry, header: Header, parent_frame_id: str) -> TransformStamped:
    """Where the image's frame (``header.frame_id``, origin at the X-ray source) lies in patient axes.

    The parent's origin lies on the optical axis at the patient. An angle that is not known counts as 0, a
    distance as the nominal one.
    """
    beam = geometry.rotation[2]
    distance = geometry.source_to_object if geometry.calibrated else NOMINAL_SOURCE_TO_PATIENT_MM / 1000
    msg = TransformStamped(header=Header(stamp=header.stamp, frame_id=parent_frame_id))
    msg.child_frame_id = header.frame_id
    msg.transform.translation = Vector3(**dict(zip("xyz", (-distance * beam).tolist(), strict=True)))
    msg.transform.rotation = Quaternion(**dict(zip("xyzw", geometry.orientation.tolist(), strict=True)))
    return msg


def camera_info(geometry: CArmGeometry, header: Header) -> CameraInfo:
    """Pinhole camera of the C-arm; zeros when uncalibrated, as sensor_msgs/CameraInfo asks."""
    msg = CameraInfo(header=header, width=geometry.image_width, height=geometry.image_height)
    if geometry.calibrated:
        matrix = geometry.camera_matrix
        msg.distortion_model = "plumb_bob"
        msg.d = [0.0] * 5
        msg.k = matrix.ravel()
        msg.r = np.eye(3).ravel()
        msg.p = np.hstack([matrix, np.zeros((3, 1))]).ravel()
    return msg


def image_to_msg(image: np.ndarray, header: Header) -> Image:
    """mono8 from (H, W) uint8, mono16 from (H, W) uint16, bgr8 from (H, W, 3) uint8."""
    # array.array takes the message's fast path; bytes would be checked element by element.
    data = array.array("B")
    data.frombytes(memoryview(np.ascontiguousarray(image)).cast("B"))
    return Image(
        header=header,
        height=image.shape[0],
        width=image.shape[1],
        encoding="bgr8" if image.ndim == 3 else f"mono{8 * image.itemsize}",
        is_bigendian=int(sys.byteorder == "big"),
        step=image[0].nbytes,
        data=data,
    )


def _pose(annulus: AnnulusFrame) -> Pose:
    x, y, z = (float(v) for v in annulus.position)
    return Pose(position=Point(x=x, y=y, z=z), orientation=_quaternion(annulus))


def _quaternion(annulus: AnnulusFrame) -> Quaternion:
    x, y, z, w = (float(v) for v in annulus.orientation)
    return Quaternion(x=x, y=y, z=z, w=w)
