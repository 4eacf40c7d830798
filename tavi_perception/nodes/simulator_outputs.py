"""What the simulator publishes: frames with their truth, the robot's reports, and diagnostics of both."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from tavi_msgs.msg import DeliveryState

from tavi_perception.nodes import qos
from tavi_perception.nodes.playback import FramePublisher, TruthPublisher
from tavi_perception.nodes.simulated_patient import PatientFrame, RobotReport
from tavi_perception.nodes.simulator_settings import SimulatorConfig
from tavi_perception.simulation.fault import Fault
from tavi_perception.simulation.staff import Staff
from tavi_perception.simulation.watchdog import Drive


class SimulatorOutputs:
    """The publishers; may be called from any thread, each method from one."""

    def __init__(self, node: Node, config: SimulatorConfig) -> None:
        self._frames = FramePublisher(node, config.frame_id, config.image_reliability)
        self._truth = TruthPublisher(node)
        self._state = node.create_publisher(DeliveryState, "/delivery/state", qos.OUTPUT)
        self._joints = node.create_publisher(JointState, "/delivery/joint_states", qos.OUTPUT)
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", qos.OUTPUT)

    @property
    def images(self) -> Publisher:
        return self._frames.images

    def frame(self, frame: PatientFrame, taken: Time) -> None:
        """Everything of one frame goes out with one stamp; a frame that is lost does not."""
        if frame.image is None:
            return
        stamp = taken.nanoseconds + round(1e9 * frame.stamp_error)
        header = self._frames.publish(frame.image, frame.geometry, stamp)
        self._truth.publish(frame.truth, header)

    def robot(self, robot: RobotReport, fault: bool, measured: Time) -> None:
        # The robot's lengths lie in no coordinate frame.
        header = Header(stamp=measured.to_msg())
        self._state.publish(
            DeliveryState(
                header=header,
                advance=robot.advance,
                retraction=robot.retraction,
                moving=robot.moving,
                fault=fault,
            )
        )
        # The same drives as prismatic joints, for ros2_control, MoveIt and RViz: m, m/s and N.
        self._joints.publish(
            JointState(
                header=header,
                name=["catheter_advance", "capsule_retraction"],
                position=[robot.advance, robot.retraction],
                velocity=[robot.advance_velocity, robot.retraction_velocity],
                effort=[robot.advance_force, robot.retraction_force],
            )
        )

    def health(self, statuses: list[DiagnosticStatus], now: Time) -> None:
        self._diagnostics.publish(DiagnosticArray(header=Header(stamp=now.to_msg()), status=statuses))


def robot_status(drive: Drive, fault: bool) -> DiagnosticStatus:
    """Why the robot stands still: ERROR for a fault, WARN where nobody has told it to."""
    level = (
        DiagnosticStatus.ERROR if fault else DiagnosticStatus.WARN if drive.defect else DiagnosticStatus.OK
    )
    return DiagnosticStatus(
        level=level,
        name="delivery robot",
        hardware_id="delivery",
        message=f"stands still: {drive.cause}" if drive.hold else "follows its commands",
        values=[KeyValue(key="fault", value=str(fault).lower())],
    )


def fault_status(fault: Fault) -> DiagnosticStatus:
    """What goes wrong on purpose: a bag tells it."""
    return DiagnosticStatus(
        level=DiagnosticStatus.WARN, name="simulated fault", hardware_id="simulator", message=fault.words
    )


def contrast_status(staff: Staff) -> DiagnosticStatus:
    """How much contrast medium has been used: WARN once nobody gets any more."""
    return DiagnosticStatus(
        level=DiagnosticStatus.WARN if staff.exhausted else DiagnosticStatus.OK,
        name="contrast",
        hardware_id="injector",
        message=contrast_in_words(staff),
        values=[
            KeyValue(key="injections", value=str(staff.injections)),
            KeyValue(key="ml", value=f"{staff.volume_ml:g}"),
        ],
    )


def contrast_in_words(staff: Staff) -> str:
    last = ", no more will be given" if staff.exhausted else ""
    return f"{staff.injections} injection{'' if staff.injections == 1 else 's'}, {staff.volume_ml:g} ml{last}"
