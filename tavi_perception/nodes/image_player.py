"""The image player node: a DICOM cine, a video, a folder of images or a bag as a live fluoroscope."""

from __future__ import annotations

import threading
import traceback
from pathlib import Path

from rclpy.node import Node

from tavi_perception.calibration import UserCalibration
from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE
from tavi_perception.imaging.source import SourceError
from tavi_perception.nodes.declaration import declare, read, warn_of_undeclared
from tavi_perception.nodes.playback import FramePublisher, paced
from tavi_perception.nodes.process import run_node
from tavi_perception.nodes.settings import PlayerConfig

LOOK_PERIOD = 0.05
"""s between two looks for a first subscriber."""

SETTLE = 0.5
"""s between the first subscriber and the first frame: discovery is not simultaneous."""


class ImagePlayer(Node):
    """Publishes ``image`` at the recorded rate and ``carm_geometry`` once, latched.

    It begins when somebody subscribes to the images: nodes launched together are not ready together, and a
    recording is to be seen from its first frame on.

    ``failure`` says why it has ended by itself, before the end of its source; empty: it has not.
    """

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("image_player", **node_arguments)
        declare(self, PlayerConfig)
        config = read(self, PlayerConfig)
        warn_of_undeclared(self)
        if not config.source:
            raise SourceError("source is empty; name the file or folder to play")
        self._loop = config.loop
        self._source = open_source(
            Path(config.source),
            frame_rate=config.frame_rate or None,
            calibration=_given_calibration(config),
            bits_stored=config.bits_stored or None,
        )
        for note in self._source.notes:
            self.get_logger().warning(f"{self._source.name}: {note}")
        self._publisher = FramePublisher(self, config.frame_id, config.image_reliability)
        self._publisher.announce(self._source.geometry)
        self.failure = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play, name="player", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def destroy_node(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        super().destroy_node()

    def _play(self) -> None:
        try:
            self._wait_for_subscriber()
            while not self._stop.is_set():
                before = last = 0.0
                for frame in paced(self._source, self._stop, self._report):
                    self._publisher.publish(frame.image, frame.geometry)
                    before, last = last, frame.time
                self._report_losses()
                if not self._loop:
                    self.get_logger().info(f"{self._source.name} is played to its end")
                    return
                self._stop.wait(last - before or 1.0 / DEFAULT_FRAME_RATE)
        except Exception as error:  # no thread ends unheard
            known = isinstance(error, SourceError)
            self.failure = str(error) if known else f"playing has broken down: {traceback.format_exc()}"

    def _report_losses(self) -> None:
        for loss in self._source.losses:
            self.get_logger().error(f"{self._source.name}: {loss}")

    def _report(self, sentence: str) -> None:
        self.get_logger().warning(f"{self._source.name}: {sentence}")

    def _wait_for_subscriber(self) -> None:
        images = self._publisher.images
        self.get_logger().info(f"{self._source.name} waits for a subscriber of {images.topic_name}")
        while images.get_subscription_count() == 0:
            if self._stop.wait(LOOK_PERIOD):
                return
        if self._stop.wait(SETTLE):
            return
        self.get_logger().info(f"playing {self._source.name}: {self._source.frame_count} frames")


def _given_calibration(config: PlayerConfig) -> UserCalibration | None:
    given = UserCalibration(
        pixel_size_mm=config.pixel_size_mm or None,
        source_to_detector_mm=config.sid_mm or None,
        source_to_patient_mm=config.sod_mm or None,
        imager_pixel_spacing_mm=config.imager_pixel_spacing_mm or None,
    )
    return None if given == UserCalibration() else given


def main(args: list[str] | None = None) -> None:
    try:
        run_node(ImagePlayer, args, start=ImagePlayer.start)
    except SourceError as error:
        raise SystemExit(f"image_player: {error}") from None


if __name__ == "__main__":
    main()
