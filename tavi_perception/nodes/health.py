"""Health of the perception node, by its parts: what /diagnostics says of each."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from enum import Enum

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header

from tavi_perception.bags import decode
from tavi_perception.estimates import Reason
from tavi_perception.reason_shares import ReasonShares
from tavi_perception.stage_clock import StageClock, StageTimes
from tavi_perception.timing_values import timing_values

RATE_ROUNDS = 10
"""Messages over which the rate of the images is told."""


INCOMPATIBLE = "QoS of "
"""How what a warning is about begins where peers on a topic ask for another quality of service."""


class Part(Enum):
    """What a status is about. Its name is that of the node, and for all but the first this value after it."""

    NODE = ""
    INPUT = "input"
    MODEL = "model"
    OUTPUT = "output"
    VALIDITY = "validity"
    TIMING = "timing"


class Health:
    """Counts what happens to frames; its methods may be called from any thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._errors: dict[tuple[Part, str], str] = {}
        self._warnings: dict[tuple[Part, str], str] = {}
        self._failure = ""
        self._shares = ReasonShares()
        self._times = StageTimes()
        self._newest_stamp = math.nan
        self._arrivals = deque([(time.monotonic(), 0)], maxlen=RATE_ROUNDS + 1)
        self._counts = dict.fromkeys(("received", "lost on the way", "processed", "rejected", "failed"), 0)
        self.state = "unconfigured"
        self.topic = "none"
        """Of the images."""
        self.model: Mapping[str, str] = {}
        """What is told of the model in use."""

    def error(self, part: Part, about: str, sentence: str) -> None:
        """What is wrong about something from now on; with an empty sentence it no longer is."""
        with self._lock:
            self._errors[part, about] = sentence

    def warn(self, part: Part, about: str, sentence: str) -> None:
        """The same for what deserves a look."""
        with self._lock:
            self._warnings[part, about] = sentence

    def image_received(self, stamp: float, lost: int) -> None:
        """``stamp``: when it was taken (s); ``lost``: how many were sent before it and never came."""
        with self._lock:
            self._counts["received"] += 1
            self._counts["lost on the way"] += lost
            self._newest_stamp = stamp

    def frame_processed(self) -> None:
        with self._lock:
            self._counts["processed"] += 1
            self._errors[Part.INPUT, "image"] = ""

    def frame_rejected(self, reason: str) -> None:
        with self._lock:
            self._counts["rejected"] += 1
            self._errors[Part.INPUT, "image"] = reason

    def frame_failed(self, reason: str) -> None:
        with self._lock:
            self._counts["failed"] += 1
            self._failure = reason

    def frame_answered(self, reasons: Reason) -> None:
        """``reasons``: why the deviation that was published is not valid, none where it is."""
        with self._lock:
            self._shares.add(reasons)

    def frame_timed(self, clock: StageClock) -> None:
        self._times.add(clock)

    def to_msg(self, header: Header, dropped: int) -> DiagnosticArray:
        """A status for each part; the first has what is wrong with any of them.

        ERROR for no model, rejected images, and frames that have failed since the last message; WARN for what
        deserves a look.

        Args:
            header: with the time of the node's clock.
            dropped: images that were overwritten by newer ones before their turn came.
        """
        timing = self._timing()  # has a lock of its own, which frames need not wait for
        with self._lock:
            errors, warnings = dict(self._errors), dict(self._warnings)
            errors[Part.VALIDITY, "failure"], self._failure = self._failure, ""
            told = {
                Part.INPUT: self._input(decode.seconds(header.stamp), dropped),
                Part.MODEL: self._model(),
                Part.OUTPUT: ("every subscriber can be served", self._incompatible(Part.OUTPUT)),
                Part.VALIDITY: self._validity(),
                Part.TIMING: timing,
            }
        told = {Part.NODE: (f"{self.state}, {told[Part.VALIDITY][0]}", {"state": self.state}), **told}
        statuses = [
            _status(self._name, part, message, values, _of(errors, part), _of(warnings, part))
            for part, (message, values) in told.items()
        ]
        return DiagnosticArray(header=header, status=statuses)

    def _input(self, now: float, dropped: int) -> tuple[str, dict[str, str]]:
        received = self._counts["received"]
        self._arrivals.append((time.monotonic(), received))
        (since, before), (until, _) = self._arrivals[0], self._arrivals[-1]
        rate = (received - before) / (until - since)
        age = now - self._newest_stamp
        values = {
            "topic": self.topic,
            "rate Hz": f"{rate:.2f}",
            "age of the newest image s": f"{age:.3f}" if math.isfinite(age) else "none came",
            **{f"images {what}": str(count) for what, count in self._counts.items()},
            "images dropped": str(dropped),
            **self._incompatible(Part.INPUT),
        }
        return f"{rate:.1f} images/s on {self.topic}", values

    def _incompatible(self, part: Part) -> dict[str, str]:
        return {"incompatible QoS": "; ".join(_of(self._warnings, part, INCOMPATIBLE)) or "none"}

    def _model(self) -> tuple[str, dict[str, str]]:
        model = dict(self.model)
        said = "{name} {version} on {runtime}, {device}".format(**model) if model else "no model loaded"
        return said, model

    def _validity(self) -> tuple[str, dict[str, str]]:
        newest, recent = self._shares.next_round(), self._shares.recent()
        values = {
            "frames since the last message": str(newest.frames),
            "invalid since the last message": newest.in_words,
            "frames in the last minute": str(recent.frames),
        }
        if not recent.frames:
            return "no frame in the last minute", values
        values["valid %"] = _percent(recent.valid, recent.frames)
        for reason in filter(None, Reason):
            values[f"{reason.name} %"] = _percent(recent.reasons[reason], recent.frames)
        if newest.frames and not newest.valid:
            return f"no deviation is valid: {newest.in_words}", values
        return f"{values['valid %']} % of the last minute's {recent.frames} frames are valid", values

    def _timing(self) -> tuple[str, dict[str, str]]:
        values = timing_values(self._times)
        if "latency count" not in values:
            return "no frame in the last minute", values
        figures = (f"{name} {values[f'latency {name} ms']} ms" for name in ("median", "p99", "max"))
        return f"latency in the last minute: {', '.join(figures)}", values


def _of(sentences: Mapping[tuple[Part, str], str], part: Part, about: str = "") -> list[str]:
    """Those on a part, on things that begin so; the node as a whole has all of them."""
    return [
        sentence
        for (its, thing), sentence in sentences.items()
        if sentence and part in (Part.NODE, its) and thing.startswith(about)
    ]


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f}"


def _status(
    name: str, part: Part, message: str, values: Mapping[str, str], errors: list[str], warnings: list[str]
) -> DiagnosticStatus:
    level = DiagnosticStatus.ERROR if errors else DiagnosticStatus.WARN if warnings else DiagnosticStatus.OK
    return DiagnosticStatus(
        level=level,
        name=f"{name}: {part.value}" if part.value else name,
        hardware_id="fluoroscopy",
        message="; ".join(errors + warnings) or message,
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )
