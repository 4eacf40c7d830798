"""Health of the perception node: counts, rates and latencies as diagnostics."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header

RECENT = 300
"""Frames over which latency is told: 10 s at 30 frames/s."""


class Health:
    """Counts what happens to frames; its methods may be called from any thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._latencies: deque[float] = deque(maxlen=RECENT)
        self._qos_problems: set[str] = set()
        self.state = "unconfigured"
        self.model = "no model loaded"
        self.model_error = ""
        self.input_error = ""
        self.geometry_error = ""
        self.warning = ""
        self.received = 0
        self.processed = 0
        self.rejected = 0
        self.failed = 0
        self._failure = ""
        self.valid = 0

    def frame_done(self, latency: float, valid: bool) -> None:
        with self._lock:
            self.processed += 1
            self.valid += valid
            self._latencies.append(latency)
        self.input_error = ""

    def frame_rejected(self, reason: str) -> None:
        with self._lock:
            self.rejected += 1
        self.input_error = reason

    def frame_failed(self, reason: str) -> None:
        with self._lock:
            self.failed += 1
            self._failure = reason

    def qos_problem(self, sentence: str) -> None:
        with self._lock:
            self._qos_problems.add(sentence)

    def to_msg(self, header: Header, dropped: int) -> DiagnosticArray:
        """One status: ERROR for no model, rejected images, and frames that have failed since the last one.

        WARN is for what deserves a look.
        """
        with self._lock:
            latencies = np.array(self._latencies) * 1e3
            qos_problems = sorted(self._qos_problems)
            failure, self._failure = self._failure, ""
        errors = [e for e in (self.model_error, self.geometry_error, self.input_error, failure) if e]
        warnings = [w for w in (self.warning, *qos_problems) if w]
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
        }
        if latencies.size:
            values["latency median ms"] = f"{np.median(latencies):.1f}"
            values["latency p99 ms"] = f"{np.percentile(latencies, 99):.1f}"
        status = DiagnosticStatus(
            level=level,
            name=self._name,
            hardware_id="fluoroscopy",
            message="; ".join(errors + warnings) or self.state,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        return DiagnosticArray(header=header, status=[status])
