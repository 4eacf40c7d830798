"""Health of the perception node: counts, rates and latencies as diagnostics."""

from __future__ import annotations

import threading
from collections import Counter, deque

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header

from tavi_perception.estimates import Reason

RECENT = 300
"""Frames over which latency is told: 10 s at 30 frames/s."""


class Health:
    """Counts what happens to frames; its methods may be called from any thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._latencies: deque[float] = deque(maxlen=RECENT)
        self._errors: dict[str, str] = {}
        self._warnings: dict[str, str] = {}
        self._failure = ""
        self._answered = self._answered_valid = 0
        self._invalid: Counter[Reason] = Counter()
        self.state = "unconfigured"
        self.model = "no model loaded"
        self.received = 0
        self.processed = 0
        self.rejected = 0
        self.failed = 0
        self.valid = 0

    def error(self, about: str, sentence: str) -> None:
        """What is wrong about something from now on; with an empty sentence it no longer is."""
        with self._lock:
            self._errors[about] = sentence

    def warn(self, about: str, sentence: str) -> None:
        """The same for what deserves a look."""
        with self._lock:
            self._warnings[about] = sentence

    def frame_done(self, latency: float, reasons: Reason) -> None:
        """``latency``: s; ``reasons``: why the deviation is not valid, none where it is."""
        with self._lock:
            self.processed += 1
            self.valid += not reasons
            self._answered += 1
            self._answered_valid += not reasons
            self._invalid.update(reason for reason in Reason if reason and reason in reasons)
            self._latencies.append(latency)
            self._errors["image"] = ""

    def frame_rejected(self, reason: str) -> None:
        with self._lock:
            self.rejected += 1
            self._errors["image"] = reason

    def frame_failed(self, reason: str) -> None:
        with self._lock:
            self.failed += 1
            self._failure = reason

    def to_msg(self, header: Header, dropped: int) -> DiagnosticArray:
        """One status: ERROR for no model, rejected images, and frames that have failed since the last one.

        WARN is for what deserves a look. The reasons for invalid deviations are those since the last message.
        """
        with self._lock:
            latencies = np.array(self._latencies) * 1e3
            errors = [*filter(None, self._errors.values()), *filter(None, [self._failure])]
            warnings = list(filter(None, self._warnings.values()))
            invalid = ", ".join(f"{reason.name} {count}" for reason, count in self._invalid.most_common())
            answered, none_valid = self._answered, self._answered > 0 and not self._answered_valid
            self._answered = self._answered_valid = 0
            self._invalid.clear()
            self._failure = ""
        level = (
            DiagnosticStatus.ERROR if errors else DiagnosticStatus.WARN if warnings else DiagnosticStatus.OK
        )
        values = {
            "state": self.state,
            "model": self.model,
            "images received": self.received,
            "images processed": self.processed,
            "images dropped": dropped,
            "images rejected": self.rejected,
            "images failed": self.failed,
            "valid deviations": self.valid,
            "frames since the last message": answered,
            "invalid since the last message": invalid or "none",
        }
        if latencies.size:
            values["latency median ms"] = f"{np.median(latencies):.1f}"
            values["latency p99 ms"] = f"{np.percentile(latencies, 99):.1f}"
        state = f"{self.state}, no deviation is valid: {invalid}" if none_valid else self.state
        status = DiagnosticStatus(
            level=level,
            name=self._name,
            hardware_id="fluoroscopy",
            message="; ".join(errors + warnings) or state,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        return DiagnosticArray(header=header, status=[status])
