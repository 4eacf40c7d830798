"""A controller of one's own: it brings the sheathed valve to the target depth and holds it there.

python examples/hold_depth.py --ros-args -r __ns:=/tavi

What it has to keep to, and why, stands in docs/controller.md.
"""

import signal
from contextlib import suppress

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from tavi_msgs.msg import CatheterDeviation, ControllerState, DeliveryCommand, Reason

TARGET, CLOSE_ENOUGH = 0.003, 0.0003  # implantation depth, m, positive into the ventricle
GAIN, FASTEST = 0.5, 0.003  # 1/s, m/s
BEAT = 1.0  # s over which the depth is averaged: the annulus moves with the heart
OLDEST = 0.2  # s
NEEDS_CONTRAST = Reason.NO_ANNULUS | Reason.ANNULUS_EXPIRED


class HoldDepth(Node):
    def __init__(self):
        super().__init__("controller")
        self.commands = self.create_publisher(DeliveryCommand, "/delivery/command", 10)
        self.states = self.create_publisher(ControllerState, "/controller/state", 10)
        self.last = None  # (time, averaged depth) of the last valid deviation
        self.create_subscription(CatheterDeviation, "deviation", self.answer, 10)

    def answer(self, deviation):
        """Every deviation is answered, with its own header: what the robot follows is never older than it."""
        time = Time.from_msg(deviation.header.stamp)
        age = (self.get_clock().now() - time).nanoseconds * 1e-9
        state = ControllerState(header=deviation.header, phase=ControllerState.HOLD, target_depth=TARGET)
        velocity = 0.0
        if not deviation.valid:
            state.contrast_requested = bool(deviation.reasons & NEEDS_CONTRAST)
            state.phase = ControllerState.CONTRAST if state.contrast_requested else ControllerState.HOLD
            state.reason = f"the deviation is not valid (reasons {deviation.reasons})"
        elif abs(age) > OLDEST:
            state.reason = f"the deviation is {age:.2f} s old"
        elif deviation.stage != CatheterDeviation.POSITIONING:
            state.reason = "the capsule is open: a stent that touches the wall is not pushed"
        else:
            state.depth, state.depth_sigma = self.average(time, deviation.depth), deviation.depth_sigma
            error = state.depth - TARGET
            if abs(error) > CLOSE_ENOUGH:
                velocity = max(-FASTEST, min(FASTEST, -GAIN * error))
                state.phase, state.moving = ControllerState.APPROACH, True
            state.reason = f"the depth is {1e3 * error:+.1f} mm from the target"
        self.commands.publish(
            DeliveryCommand(
                header=deviation.header,
                advance_velocity=velocity,
                hold=not state.moving,
                reason=state.reason,
            )
        )
        self.states.publish(state)

    def average(self, time, depth):
        """The depth averaged over about one heart beat; after a longer pause it begins anew."""
        if self.last is not None:
            before, average = self.last
            passed = (time - before).nanoseconds * 1e-9
            if 0.0 <= passed < BEAT:
                depth = average + passed / BEAT * (depth - average)
        self.last = time, depth
        return depth


def main():
    # With its own handlers rclpy may wait on after a Ctrl-C, where nothing is heard.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    node = HoldDepth()
    # Afterwards it is silent, and the robot stands still within 0.2 s.
    with suppress(KeyboardInterrupt):
        while True:
            rclpy.spin_once(node, timeout_sec=0.1)


if __name__ == "__main__":
    main()
