"""How long a frame takes on each stage of its way through the node, and the figures of the frames so far."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum

from tavi_perception.histogram import Durations, Histogram

ROUNDS = 60
"""Calls of ``StageTimes.next_round`` over which figures are told: a minute at one a second."""


class TimedStage(Enum):
    """The stages in their order; the value is the name under which their times are published."""

    TRANSPORT = "transport"
    """From the capture of the image (its stamp) to its receipt by the middleware."""
    RECEPTION = "reception"
    """From there to the node's callback: the wait for the executor."""
    WAITING = "waiting"
    """Until its turn: reading the message's fields, and the frame before it."""
    CONVERSION = "conversion"
    """To grey levels, and the checks whether they can be a new frame of a fluoroscopy."""
    INFERENCE = "inference"
    REGISTRATION = "registration"
    TRACKING = "tracking"
    """With annulus frame, deviation and validity."""
    PUBLICATION = "publication"
    """Of keypoints, annulus, deviation, pose and transform."""
    DISPLAY = "display"
    """Of the C-arm as a camera and a transform, after the answer: the next frame waits for it."""
    FORESIGHT = "foresight"
    """The look at the whole of the frame, for those to come: the next one waits for it too."""
    DRAWING = "drawing"
    """Of markers and overlay, where anybody looks: no frame waits for it."""
    LATENCY = "latency"
    """The whole, from the capture of the image to the publication of its deviation."""


class StageClock:
    """Times one frame, from its making on; each stage begins where the one before has ended.

    Args:
        now: a steady time (s).

    Attributes:
        seconds: what each stage took so far (s).
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._last = now()
        self.seconds: dict[TimedStage, float] = {}

    def passed(self, stage: TimedStage) -> None:
        """The frame leaves the stage; one that it passes twice took both times together."""
        now = self._now()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now

    def skip(self) -> None:
        """What the time since the last stage was spent with belongs to none."""
        self._last = self._now()

    def took(self, stage: TimedStage, seconds: float) -> None:
        """For a stage that is timed by other clocks; negative where they differ, which counts for nothing."""
        self.seconds[stage] = seconds


class StageTimes:
    """The times of many frames, in memory that does not grow with them; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest = _empty()
        self._rounds: deque[Mapping[TimedStage, Histogram]] = deque(maxlen=ROUNDS)

    def add(self, clock: StageClock) -> None:
        """Counts a frame, on the stages that it came to."""
        with self._lock:
            for stage, seconds in clock.seconds.items():
                self._newest[stage].add(seconds)

    def next_round(self) -> Mapping[TimedStage, Histogram]:
        """The frames since the last call."""
        with self._lock:
            newest, self._newest = self._newest, _empty()
            self._rounds.append(newest)
        return newest

    def recent(self) -> dict[TimedStage, Durations]:
        """Figures of the frames in the last ``ROUNDS`` rounds, of the stages that any of them came to."""
        with self._lock:
            rounds = list(self._rounds)
        sums = {stage: Histogram.sum(each[stage] for each in rounds).durations() for stage in TimedStage}
        return {stage: durations for stage, durations in sums.items() if durations.count}


def _empty() -> dict[TimedStage, Histogram]:
    return {stage: Histogram() for stage in TimedStage}
