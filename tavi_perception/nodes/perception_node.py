"""The perception node: images in; keypoints, annulus frame and deviation out, each with its validity."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import Header
from tavi_msgs.msg import CArmGeometry, ModelInfo

from tavi_perception.bags import decode
from tavi_perception.carm import uncalibrated
from tavi_perception.inference.bundle import ModelContractError, default_bundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.nodes import qos
from tavi_perception.nodes.declaration import declare, read, refuse_invalid, warn_of_undeclared
from tavi_perception.nodes.frame_worker import LOG_PERIOD, FrameWorker, Situation
from tavi_perception.nodes.health import INCOMPATIBLE, Health, Part
from tavi_perception.nodes.image_input import Arrival, ImageInput, crowd
from tavi_perception.nodes.mismatches import Mismatches
from tavi_perception.nodes.outputs import Outputs
from tavi_perception.nodes.process import run_node
from tavi_perception.nodes.settings import NodeConfig
from tavi_perception.nodes.transitions import told
from tavi_perception.pipeline import Pipeline
from tavi_perception.tracking.config import TrackingConfig

WATCHDOG_PERIOD = 0.02
"""s between two looks at whether images still arrive."""

DIAGNOSTICS_PERIOD = 1.0
"""s between two messages on /diagnostics."""


class PerceptionNode(LifecycleNode):
    """Lifecycle node around ``Pipeline``.

    Inference runs in a thread of its own (``FrameWorker``), so that services, parameters and timers never
    wait for it. A model that cannot be loaded does not stop the node: each image is then answered
    with an invalid deviation and MODEL_NOT_READY.
    """

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("perception", **node_arguments)
        declare(self, NodeConfig)
        declare(self, TrackingConfig)
        self._apply_parameters([])
        self.add_on_set_parameters_callback(refuse_invalid(self, NodeConfig, TrackingConfig))
        self.add_post_set_parameters_callback(self._apply_parameters)
        self._health = Health(self.get_fully_qualified_name())
        for sentence in warn_of_undeclared(self):
            self._health.warn(Part.NODE, sentence, sentence)
        self._mismatches = Mismatches(self)
        self._geometry, self._geometry_frame = uncalibrated(0, 0), ""
        self._pipeline: Pipeline | None = None
        self._predictor: Predictor | None = None
        self._worker: FrameWorker | None = None
        self._dropped_before = 0
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", qos.OUTPUT)
        # Steady: neither simulated time that stands still nor a set wall clock may stop the watchdog.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=self._steady)

    def autostart(self) -> None:
        """Configures and activates, unless that is left to a lifecycle manager."""
        if self._config.autostart and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def destroy_node(self) -> None:
        self._stop_working()
        super().destroy_node()

    # Transitions ------------------------------------------------------------------------------------

    @told
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._outputs = Outputs(
            self, self._config, self.resolve_topic_name("image"), self._mismatches.report, self._health
        )
        geometry_topic = self.resolve_topic_name("carm_geometry")
        self._geometry_subscription = self.create_subscription(
            CArmGeometry,
            "carm_geometry",
            self._on_geometry,
            qos.LATCHED,
            event_callbacks=qos.subscription_events(geometry_topic, self._mismatches.report),
        )
        self._load_model()
        self._health.state = "inactive"
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self._pipeline is not None:
            self._pipeline.reset()
        worker = FrameWorker(
            self._pipeline, self._outputs, self._health, self._situation, self.get_clock(), self.get_logger()
        )
        worker.start()
        self._images = ImageInput(
            self, self._config, self._on_image, self._mismatches.report, self._on_unreadable
        )
        self._health.topic = self._images.topic
        self._watchdog = self.create_timer(WATCHDOG_PERIOD, worker.watch, clock=self._steady)
        self._worker = worker  # last: who spins the node beside this takes it for active from here on
        self._health.state = "active"
        self.get_logger().info(f"active, waiting for images on {self._images.topic}")
        return super().on_activate(state)

    @told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop_working()
        self._health.state = "inactive"
        return super().on_deactivate(state)

    @told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._release()
        self._health.state = "unconfigured"
        return TransitionCallbackReturn.SUCCESS

    @told
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop_working()
        self._release()
        self._health.state = "finalized"
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """A transition has failed: nothing of what it left half done remains, and it may be tried again."""
        self._stop_working()
        self._release()
        self._health.state = "unconfigured"
        return TransitionCallbackReturn.SUCCESS

    def _stop_working(self) -> None:
        if self._worker is None:
            return
        self._worker.stop()
        self._dropped_before += self._worker.dropped
        self._worker = None
        self._images.destroy()
        self.destroy_timer(self._watchdog)
        del self._watchdog  # it holds the worker, and that the model

    def _release(self) -> None:
        self._health.model = {}
        if hasattr(self, "_outputs"):
            self._outputs.destroy()
            self.destroy_subscription(self._geometry_subscription)
            del self._outputs, self._geometry_subscription
        self._pipeline = self._predictor = None

    def _load_model(self) -> None:
        self._pipeline, self._predictor, self._health.model = None, None, {}
        self._health.warn(Part.MODEL, "runtime", "")
        try:
            bundle = load_bundle(self._config.model) if self._config.model else default_bundle()
            predictor = Predictor(bundle, self._config.runtime, self._config.threads, at_once=True)
            predictor.warm_up()
        except (ModelContractError, ValueError, RuntimeError) as error:
            self._health.error(Part.MODEL, "bundle", str(error))
            self.get_logger().error(f"{error}; until then every deviation is invalid")
            return
        self._health.error(Part.MODEL, "bundle", "")
        self._pipeline, self._predictor = Pipeline(predictor.predict, predictor.halves), predictor
        self._tell_model(predictor)

    def _tell_model(self, predictor: Predictor) -> None:
        """What runs it now, where that has changed: a GPU takes over when it is ready."""
        self._health.warn(Part.MODEL, "runtime", predictor.failure)
        bundle, runtime, device = predictor.bundle, predictor.runtime, predictor.device
        if device == self._health.model.get("device"):
            return
        self._health.model = {
            "name": bundle.name,
            "version": bundle.version,
            "sha256": bundle.sha256,
            "runtime": runtime,
            "device": device,
            "input px": f"{bundle.input_width} x {bundle.input_height}",
            "threads": str(self._config.threads),
        }
        self.get_logger().info(f"model {bundle.name} {bundle.version} on {runtime}, {device}")
        self._outputs.announce_model(
            ModelInfo(
                header=Header(stamp=self.get_clock().now().to_msg()),
                name=bundle.name,
                version=bundle.version,
                sha256=bundle.sha256,
                runtime=runtime,
                device=device,
                input_width=bundle.input_width,
                input_height=bundle.input_height,
                presence_thresholds=[float(t) for t in bundle.presence_thresholds],
            )
        )

    # Inputs -----------------------------------------------------------------------------------------

    def _on_image(self, arrival: Arrival) -> None:
        self._health.image_received(arrival.stamp, arrival.lost)
        if self._worker is not None:
            self._worker.put(arrival)

    def _on_unreadable(self, sentence: str) -> None:
        self._health.frame_rejected(sentence)
        self.get_logger().error(sentence, throttle_duration_sec=LOG_PERIOD)

    def _on_geometry(self, msg: CArmGeometry) -> None:
        try:
            self._geometry = decode.geometry(msg)
            self._health.error(Part.INPUT, "geometry", "")
        except ValueError as error:
            # A wrong scale is worse than none.
            self._geometry = uncalibrated(msg.image_width, msg.image_height)
            self._health.error(Part.INPUT, "geometry", str(error))
            self.get_logger().error(str(error))
        self._geometry_frame = msg.header.frame_id
        if msg.header.frame_id:
            self._outputs.publish_c_arm(msg.header, self._geometry)

    def _apply_parameters(self, _: list[Parameter]) -> None:
        """Takes over what has been set, for the frames to come."""
        self._config, self._tracking = read(self, NodeConfig), read(self, TrackingConfig)

    def _situation(self) -> Situation:
        return Situation(self._config, self._tracking, self._geometry, self._geometry_frame)

    def _publish_diagnostics(self) -> None:
        header = Header(stamp=self.get_clock().now().to_msg())
        active = self._worker is not None
        silence = self._images.silence(self._config.stale_after) if active else ""
        self._health.warn(Part.INPUT, "silence", silence)
        if active:
            for topic in (self._images.topic, self.resolve_topic_name("carm_geometry")):
                self._health.warn(Part.INPUT, topic, crowd(self, topic))
        if self._predictor is not None:
            self._tell_model(self._predictor)
        for part, topic, sentence in self._mismatches.look():
            self._health.warn(part, f"{INCOMPATIBLE}{topic}", sentence)
        dropped = self._dropped_before + (self._worker.dropped if self._worker else 0)
        self._diagnostics.publish(self._health.to_msg(header, dropped))


def main(args: list[str] | None = None) -> None:
    run_node(PerceptionNode, args, start=PerceptionNode.autostart)


if __name__ == "__main__":
    main()
