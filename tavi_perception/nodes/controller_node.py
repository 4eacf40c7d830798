"""The controller node: deviations in, commands to the delivery robot and their causes out."""

from __future__ import annotations

import math
import re
import traceback
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from tavi_msgs.msg import CatheterDeviation as CatheterDeviationMsg
from tavi_msgs.msg import ControllerState, DeliveryCommand, DeliveryState

from tavi_perception.bags import decode
from tavi_perception.bags.topics import BagError
from tavi_perception.control.config import ControlConfig
from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Decision, DriveCommand, Phase
from tavi_perception.estimates import CatheterDeviation, Reason
from tavi_perception.nodes import qos
from tavi_perception.nodes.controller_settings import ControllerNodeConfig
from tavi_perception.nodes.conversions import command_to_msg, decision_to_msg
from tavi_perception.nodes.declaration import declare, read, refuse_invalid, warn_of_undeclared
from tavi_perception.nodes.process import run_node
from tavi_perception.nodes.transitions import told

CLOCK_PERIOD = 0.02
"""s between two looks at whether there is still something to act on."""

DIAGNOSTICS_PERIOD = 1.0
"""s between two messages on /diagnostics."""

FAREWELL = Duration(seconds=0.2)
"""How long the node waits at its end for the robot to have received its last command."""

LOG_PERIOD = 5.0
"""s between two log lines about the same defect."""


class ControllerNode(LifecycleNode):
    """Lifecycle node around ``Controller``, which decides; every activation places a valve afresh.

    Nothing that comes in ends the node: a message that cannot be used is answered with a hold, and an error
    of the controller's own aborts for good.
    """

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("controller", **node_arguments)
        declare(self, ControllerNodeConfig)
        declare(self, ControlConfig)
        self._config = read(self, ControllerNodeConfig)
        self._controller: Controller | None = None
        self._timer: Timer | None = None
        self._inputs: list[Subscription] = []
        self._apply_parameters([])
        self.add_on_set_parameters_callback(refuse_invalid(self, ControllerNodeConfig, ControlConfig))
        self.add_post_set_parameters_callback(self._apply_parameters)
        self._warnings = warn_of_undeclared(self)
        self._forget()
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", qos.OUTPUT)
        self.create_service(Trigger, "~/start", self._on_start)
        self.create_service(Trigger, "~/abort", self._on_abort)
        # Steady: neither simulated time that stands still nor a set wall clock may stop the controller.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=self._steady)

    def autostart(self) -> None:
        """Configures and activates, unless that is left to a lifecycle manager."""
        if self._config.autostart and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def destroy_node(self) -> None:
        self._stop("the controller ends")
        super().destroy_node()

    # Transitions ------------------------------------------------------------------------------------

    @told
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._commands = self.create_publisher(DeliveryCommand, "/delivery/command", qos.OUTPUT)
        self._states = self.create_publisher(ControllerState, "/controller/state", qos.OUTPUT)
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._controller = Controller(self._control)
        self._forget()
        self._listen(CatheterDeviationMsg, "deviation", self._on_deviation)
        self._listen(DeliveryState, "/delivery/state", self._on_robot)
        self._timer = self.create_timer(CLOCK_PERIOD, self._on_clock, clock=self._steady)
        self.get_logger().info(
            f"active, waiting for deviations on {self.resolve_topic_name('deviation')}"
            + ("" if self._config.start_at_once else "; ~/start begins")
        )
        self._due = self._config.start_at_once
        self._start_if_due()
        return super().on_activate(state)

    @told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop("the controller is deactivated")
        return super().on_deactivate(state)

    @told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop("the controller is taken down")
        self._release()
        return TransitionCallbackReturn.SUCCESS

    on_shutdown = on_error = on_cleanup  # also after a transition that failed: nothing of it remains

    def _listen(self, message: type, topic: str, callback: Callable[[object], None]) -> None:
        events = qos.subscription_events(self.resolve_topic_name(topic), self._warn)
        subscription = self.create_subscription(message, topic, callback, qos.OUTPUT, event_callbacks=events)
        self._inputs.append(subscription)

    def _stop(self, reason: str) -> None:
        """Tells the robot to hold, and is silent from then on."""
        if self._controller is None:
            return
        if self._timer is not None:
            self.destroy_timer(self._timer)
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._controller, self._timer, self._inputs = None, None, []
        if not self.context.ok():
            return
        phase = self._last.phase if self._last else Phase.IDLE
        self._publish(Decision(DriveCommand(math.nan, reason=reason), phase))
        self._commands.wait_for_all_acked(FAREWELL)

    def _release(self) -> None:
        for name in ("_commands", "_states"):  # one of them where the other could not be made
            if hasattr(self, name):
                self.destroy_publisher(getattr(self, name))
                delattr(self, name)

    def _forget(self) -> None:
        self._header = Header()
        self._last: Decision | None = None
        self._said = ""
        self._robot_fault = self._due = False

    # Inputs -----------------------------------------------------------------------------------------

    def _on_deviation(self, msg: CatheterDeviationMsg) -> None:
        try:
            deviation = decode.deviation(msg)
        except (ValueError, BagError) as error:
            topic = self.resolve_topic_name("deviation")
            self.get_logger().error(
                f"{topic}: {error}; it is answered with a hold", throttle_duration_sec=LOG_PERIOD
            )
            deviation = CatheterDeviation(reasons=Reason.PROCESSING_FAILED)
        self._header = msg.header
        stamp = decode.seconds(msg.header.stamp)
        self._decide(lambda controller, now: controller.on_deviation(deviation, stamp, now))

    def _on_robot(self, msg: DeliveryState) -> None:
        reading = decode.robot_reading(msg)
        if not (math.isfinite(reading.advance) and math.isfinite(reading.retraction)):
            self.get_logger().error(
                "/delivery/state: the travel of a drive is no number; the message is ignored",
                throttle_duration_sec=LOG_PERIOD,
            )
            return
        self._robot_fault = reading.fault
        if self._controller is not None:
            self._controller.on_robot(reading)

    def _on_clock(self) -> None:
        self._start_if_due()
        self._decide(Controller.on_clock)

    def _start_if_due(self) -> None:
        """Simulated time is 0 until its clock is heard: nothing can be timed from there."""
        if self._due and self._now() > 0.0:
            self._due = False
            self._decide(Controller.start)

    def _on_start(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._controller is None:
            response.message = "the controller is not active: activate it first"
        elif self._last is not None and self._last.phase is not Phase.IDLE:
            response.message = f"it has been started already: {self._words(self._last)}"
        else:
            self._due = True
            self._start_if_due()
            response.success = True
            response.message = "it waits for /clock" if self._due else self._words(self._last)
        return response

    def _on_abort(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._controller is None:
            response.message = "the controller is not active: it moves nothing"
        elif self._controller.finished:
            response.message = f"it moves nothing any more: {self._words(self._last)}"
        else:
            self._decide(lambda controller, _: controller.abort("aborted by the operator"))
            response.success, response.message = True, self._words(self._last)
        return response

    def _apply_parameters(self, _: list[Parameter]) -> None:
        """Takes over what has been set, for the decisions to come."""
        self._control = read(self, ControlConfig)
        if self._controller is not None:
            self._controller.configure(self._control)

    # Outputs ----------------------------------------------------------------------------------------

    def _decide(self, ask: Callable[[Controller, float], Decision | None]) -> None:
        """Asks the controller, if it is active, and does what it says."""
        if self._controller is None:
            return
        now = self._now()
        try:
            decision = ask(self._controller, now)
        except Exception:  # whatever it is, the robot must stand still
            self.get_logger().error(
                f"the controller has broken down: {traceback.format_exc()}", throttle_duration_sec=LOG_PERIOD
            )
            decision = self._controller.abort("the controller has broken down; its log says how")
        if decision is not None:
            self._last = decision
            self._publish(decision)

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9

    def _publish(self, decision: Decision) -> None:
        self._commands.publish(command_to_msg(decision.command, self._header))
        self._states.publish(decision_to_msg(decision, self._header))
        words = self._words(decision)
        # The same cause with other figures is no news.
        said = re.sub(r"[-+\d.]+", "", words)
        if said != self._said:
            self._said = said
            self.get_logger().info(words)

    @staticmethod
    def _words(decision: Decision) -> str:
        return f"{decision.phase.name.lower()}: {decision.command.reason}"

    def _warn(self, sentence: str) -> None:
        self.get_logger().warning(sentence)
        self._warnings.append(sentence)

    def _publish_diagnostics(self) -> None:
        errors, warnings = self._errors(), self._warnings + self._company()
        level = (
            DiagnosticStatus.ERROR if errors else DiagnosticStatus.WARN if warnings else DiagnosticStatus.OK
        )
        words = self._words(self._last) if self._last else "no decision yet"
        values = {"state": "inactive" if self._controller is None else "active", "decision": words}
        status = DiagnosticStatus(
            level=level,
            name=self.get_fully_qualified_name(),
            hardware_id="delivery",
            message="; ".join(errors + warnings) or words,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
        header = Header(stamp=self.get_clock().now().to_msg())
        self._diagnostics.publish(DiagnosticArray(header=header, status=[status]))

    def _errors(self) -> list[str]:
        aborted = self._last is not None and self._last.phase is Phase.ABORTED
        return [
            *([self._words(self._last)] if aborted else []),
            *(["the robot has stopped for a fault, see /delivery/state"] if self._robot_fault else []),
        ]

    def _company(self) -> list[str]:
        """Who is missing in the graph, and who is too many."""
        if self._controller is None:
            return []
        names = [subscription.topic_name for subscription in self._inputs]
        sentences = [f"nobody publishes {name}" for name in names if not self.count_publishers(name)]
        commands = self._commands.topic_name
        if self.count_publishers(commands) > 1:
            sentences.append(f"others publish {commands} too, and the robot obeys all: stop all but one")
        return sentences


def main(args: list[str] | None = None) -> None:
    run_node(ControllerNode, args, start=ControllerNode.autostart)


if __name__ == "__main__":
    main()
