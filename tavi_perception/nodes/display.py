"""The thread that draws for people, so that no answer waits for a picture."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from std_msgs.msg import Header

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import GreyImage
from tavi_perception.nodes.mailbox import Mailbox
from tavi_perception.nodes.outputs import Outputs
from tavi_perception.stage_clock import StageClock, TimedStage
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.tracker import TrackedFrame


@dataclass(frozen=True)
class View:
    """A frame that was answered, as it is to be drawn.

    Attributes:
        header, image: of the frame; (H, W) uint8.
        frame: its answer.
        geometry: of the C-arm.
        config: parameters of the tracking then.
        overlay_rate: overlays a second at most (Hz).
    """

    header: Header
    image: GreyImage
    frame: TrackedFrame
    geometry: CArmGeometry
    config: TrackingConfig
    overlay_rate: float


class Display:
    """Publishes markers and overlay of the newest frame; those that come while it draws are left out.

    Args:
        timed: told how long each took.
        failed: told, while it is handled, what kept a frame from being drawn; the next one is tried.
    """

    def __init__(
        self, outputs: Outputs, timed: Callable[[StageClock], None], failed: Callable[[Exception], None]
    ) -> None:
        self._outputs, self._timed, self._failed = outputs, timed, failed
        self._mailbox: Mailbox[View] = Mailbox()
        self._thread = threading.Thread(target=self._work, name="display", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the last picture is out; no other follows."""
        self._mailbox.close()
        self._thread.join()

    def show(self, view: View) -> None:
        """Where anybody looks."""
        if self._outputs.watched:
            self._mailbox.put(view)

    def _work(self) -> None:
        while (view := self._mailbox.take()) is not None:
            clock = StageClock()
            try:
                self._outputs.publish_views(
                    view.header, view.image, view.frame, view.geometry, view.config, view.overlay_rate
                )
            except Exception as error:  # the frame is answered already
                self._failed(error)
            clock.passed(TimedStage.DRAWING)
            self._timed(clock)
