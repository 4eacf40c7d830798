"""The thread that turns images into outputs, and the watchdog that reports their absence."""

from __future__ import annotations

import math
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from rclpy.clock import Clock
from std_msgs.msg import Header

from tavi_perception.bags import decode
from tavi_perception.carm import CArmGeometry, uncalibrated
from tavi_perception.estimates import Reason
from tavi_perception.imaging.exposure import exposure_defect
from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.source import GreyImage
from tavi_perception.nodes.display import Display, View
from tavi_perception.nodes.health import Health, Part
from tavi_perception.nodes.image_input import Arrival
from tavi_perception.nodes.mailbox import Mailbox
from tavi_perception.nodes.outputs import Outputs
from tavi_perception.nodes.settings import NodeConfig
from tavi_perception.pipeline import Pipeline, aged, nothing_known
from tavi_perception.stage_clock import StageClock, TimedStage
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.tracker import TrackedFrame

LOG_PERIOD = 5.0
"""s between two log lines about the same failure with frames."""


@dataclass(frozen=True)
class Situation:
    """What holds for a frame when its turn comes; the node keeps it up to date."""

    config: NodeConfig
    tracking: TrackingConfig
    geometry: CArmGeometry
    geometry_frame: str
    """Of the images that the geometry is about; empty where it does not say."""

    def geometry_of(self, frame_id: str) -> CArmGeometry:
        """The geometry of images of a frame: unknown where the one that came is of another C-arm."""
        if self.geometry_frame and frame_id and self.geometry_frame.strip("/") != frame_id.strip("/"):
            return uncalibrated(0, 0)
        return self.geometry


class FrameWorker:
    """Works from ``start`` to ``stop``; nothing is published before or after.

    Images wait in a one-slot mailbox, so that the executor's thread never waits for inference.

    Args:
        pipeline: None where no model could be loaded: every image is answered with MODEL_NOT_READY.
        situation: asked for each frame.
        clock: the node's, for the age of images.
    """

    def __init__(
        self,
        pipeline: Pipeline | None,
        outputs: Outputs,
        health: Health,
        situation: Callable[[], Situation],
        clock: Clock,
        logger: Any,
    ) -> None:
        self._pipeline = pipeline
        self._outputs = outputs
        self._health = health
        self._situation = situation
        self._clock = clock
        self._logger = logger
        self._mailbox: Mailbox[Arrival] = Mailbox()
        # Not by a method: worker and model would stay in memory until garbage is looked for.
        self._display = Display(outputs, health.frame_timed, partial(_not_drawn, logger))
        self._publishing = threading.Lock()
        self._active = False
        self._last_header = Header()
        """Of the image answered last; without stamp and frame before the first."""
        self._last_output = 0.0
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)

    def start(self) -> None:
        self._active = True
        self._last_output = time.monotonic()
        self._display.start()
        self._thread.start()

    def stop(self) -> None:
        """Returns when the last frame is done; what it found is not published any more."""
        with self._publishing:
            self._active = False
        self._mailbox.close()
        self._thread.join()
        self._display.stop()

    @property
    def dropped(self) -> int:
        """Images that were overwritten by newer ones before their turn came."""
        return self._mailbox.overwritten

    def put(self, arrival: Arrival) -> None:
        self._mailbox.put(arrival)

    def watch(self) -> None:
        """Publishes an invalid deviation before the first image, when images stop, or the inference hangs."""
        stale_after = self._situation().config.stale_after
        with self._publishing:
            header = self._last_header
            if not self._active or time.monotonic() - self._last_output < stale_after:
                return
            self._last_output = time.monotonic()
            stale = nothing_known(0, 0, Reason.IMAGE_STALE)
            self._outputs.publish_deviation(header, stale, self._age(header))

    def _work(self) -> None:
        while (arrival := self._mailbox.take()) is not None:
            arrival.clock.passed(TimedStage.WAITING)
            try:
                self._answer(arrival)
            except Exception as error:  # the node outlives any single frame
                text = _failure("publishing", error)
                self._logger.error(text, throttle_duration_sec=LOG_PERIOD)
            self._health.frame_timed(arrival.clock)

    def _answer(self, arrival: Arrival) -> None:
        """Publishes what is known after this image, once, whatever happens on the way."""
        header, clock, situation = arrival.header, arrival.clock, self._situation()
        try:
            image = arrival.grey(situation.config.bits_stored)
            self._check_source(header, image)
        except ImageRejectedError as error:
            self._logger.error(str(error), throttle_duration_sec=LOG_PERIOD)
            self._health.frame_rejected(str(error))
            clock.passed(TimedStage.CONVERSION)
            size = getattr(arrival.msg, "width", 0), getattr(arrival.msg, "height", 0)
            self._publish(header, nothing_known(*size, Reason.IMAGE_REJECTED), clock)
            return
        clock.passed(TimedStage.CONVERSION)
        height, width = image.shape
        geometry = situation.geometry_of(header.frame_id)
        self._health.error(
            Part.INPUT,
            "geometry frame",
            ""
            if geometry is situation.geometry
            else f"carm_geometry is of frame {situation.geometry_frame!r}, the images are of "
            f"{header.frame_id!r}: it is not used; publish that of this C-arm, with its images' frame",
        )
        if self._pipeline is None:
            self._publish(header, nothing_known(width, height, Reason.MODEL_NOT_READY), clock)
            return
        try:
            frame = self._pipeline.process(image, arrival.stamp, geometry, situation.tracking, clock)
        except Exception as error:  # the pipeline has forgotten the procedure: the next frame starts afresh
            self._logger.error(_failure("processing", error), throttle_duration_sec=LOG_PERIOD)
            self._health.frame_failed(f"processing a frame failed: {error}")
            clock.skip()
            self._publish(header, nothing_known(width, height, Reason.PROCESSING_FAILED), clock)
            return
        frame = self._publish(header, frame, clock)
        self._health.frame_processed()
        self._show(View(header, image, frame, geometry, situation.tracking, situation.config.overlay_rate))
        clock.passed(TimedStage.DISPLAY)
        try:
            self._pipeline.look_ahead()
        except Exception as error:  # the pipeline has forgotten the procedure
            self._logger.error(_failure("looking ahead after", error), throttle_duration_sec=LOG_PERIOD)
        clock.passed(TimedStage.FORESIGHT)

    def _check_source(self, header: Header, image: GreyImage) -> None:
        """Forgets the procedure when another source takes over.

        Raises:
            ImageRejectedError: the grey levels cannot be those of a fluoroscopy.
        """
        defect = exposure_defect(image)
        if defect:
            raise ImageRejectedError(defect)
        before = self._last_header.frame_id
        if before and header.frame_id != before and self._pipeline is not None:
            self._pipeline.reset()
            self._logger.warning(
                f"images of frame {header.frame_id!r} follow those of {before!r}: tracking starts afresh",
                throttle_duration_sec=LOG_PERIOD,
            )

    def _show(self, view: View) -> None:
        """Publishes for displays; the frame is answered already, so a failure only gets logged."""
        try:
            with self._publishing:
                if self._active:
                    height, width = view.image.shape
                    self._outputs.publish_c_arm(view.header, view.geometry)
                    self._outputs.publish_camera(view.header, view.geometry.for_image(width, height))
                    self._display.show(view)
        except Exception as error:
            self._logger.error(_failure("showing", error), throttle_duration_sec=LOG_PERIOD)

    def _publish(self, header: Header, frame: TrackedFrame, clock: StageClock) -> TrackedFrame:
        """Publishes a result, invalid if its image is too old by now, and returns what was published."""
        latency = self._age(header)
        frame = aged(frame, latency, self._situation().config.stale_after)
        stale = Reason.IMAGE_STALE in frame.deviation.reasons
        self._health.warn(Part.INPUT, "stamps", _stale_sentence(latency) if stale else "")
        with self._publishing:
            if self._active:
                self._outputs.publish_results(header, frame, latency)
                self._last_header = header
                self._last_output = time.monotonic()
        clock.passed(TimedStage.PUBLICATION)
        clock.took(TimedStage.LATENCY, latency)
        self._health.frame_answered(frame.deviation.reasons)
        return frame

    def _age(self, header: Header) -> float:
        """Time since capture (s) on the node's clock; NaN where there was no image."""
        if header == Header():
            return math.nan
        return self._clock.now().nanoseconds * 1e-9 - decode.seconds(header.stamp)


def _failure(doing: str, error: Exception) -> str:
    """For the log; throttling goes by the line that logs, so that each kind of failure has its own."""
    return f"{doing} a frame failed: {error}\n{traceback.format_exc()}"


def _stale_sentence(latency: float) -> str:
    if latency < 0:
        return f"image stamps lie {-latency:.1f} s in the future; synchronise the clocks of camera and node"
    return (
        f"image stamps are {latency:.1f} s old at publication; a replayed bag needs use_sim_time "
        "and a clock, a camera needs a clock synchronised with the node's"
    )


def _not_drawn(logger: Any, error: Exception) -> None:
    logger.error(_failure("drawing", error), throttle_duration_sec=LOG_PERIOD)
