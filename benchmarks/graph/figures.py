"""Figures of one node under one stream of frames, from what was sent, what came back, and what it used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MB = 1e6


@dataclass(frozen=True)
class Sample:
    """What a process has used so far.

    Attributes:
        time: when it was looked at (s, steady).
        cpu: time on processors of all its threads (s).
        memory: resident size (bytes), shared memory included.
        machine: busy time of all processors of the machine together, by whomever (s).
    """

    time: float
    cpu: float
    memory: int
    machine: float


@dataclass(frozen=True)
class Figures:
    """What one measurement gave; None where there is nothing to tell.

    Attributes:
        sent: frames. answered: those that an answer came to. lost: the others.
        failed: answers that say that nothing was worked out; their frames are lost.
        stale: answered frames whose answer says that it came too late to act on.
        sent_hz: frames a second as they were really sent. answered_hz: answers a second.
        median_ms, p99_ms, max_ms: from the stamp of an answered frame to the arrival of its answer.
        cpu_percent: of one core. cpu_ms: processor time for each answer.
        memory_mb: largest resident size. growth_mb: of the resident size between the first and last quarter.
        machine_percent: how busy all cores of the machine were, with all processes.
        publish_ms: median of what handing a frame to the middleware took the camera.
        stages_ms: median of what each stage took, by its name; empty where the node does not say.
    """

    sent: int
    answered: int
    lost: int
    failed: int
    stale: int
    sent_hz: float | None
    answered_hz: float | None
    median_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    cpu_percent: float | None
    cpu_ms: float | None
    memory_mb: float | None
    growth_mb: float | None
    machine_percent: float | None
    publish_ms: float | None
    stages_ms: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        return {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Answer:
    """The first answer to a frame.

    Attributes:
        arrival: by the clock of the stamps (ns).
        failed, stale: as in ``Figures``.
    """

    arrival: int
    failed: bool = False
    stale: bool = False


def figures_of(
    sent: Sequence[int],
    answers: Mapping[int, Answer],
    samples: Sequence[Sample],
    cores: int,
    publish_ms: float | None = None,
    stages_ms: Mapping[str, float] | None = None,
) -> Figures:
    """Figures of the frames with the stamps ``sent`` (ns), each of which is answered or lost.

    Args:
        answers: by the stamp of their frame; those to other frames do not count.
        samples: of the node while the frames were sent.
        cores: of the machine.
        publish_ms, stages_ms: as in ``Figures``.
    """
    told = {stamp: answers[stamp] for stamp in sent if stamp in answers}
    good = {stamp: answer for stamp, answer in told.items() if not answer.failed}
    latencies = np.array([1e-6 * (answer.arrival - stamp) for stamp, answer in good.items()])
    median, p99, most = np.percentile(latencies, [50, 99, 100]).tolist() if good else (None,) * 3
    sent_hz = 1e9 * (len(sent) - 1) / (sent[-1] - sent[0]) if len(sent) > 1 else None
    answered_hz = sent_hz * len(good) / len(sent) if sent_hz is not None else None
    cpu = _share(samples, [sample.cpu for sample in samples])
    machine = _share(samples, [sample.machine for sample in samples])
    memory = np.array([sample.memory for sample in samples]) / MB
    return Figures(
        sent=len(sent),
        answered=len(good),
        lost=len(sent) - len(good),
        failed=len(told) - len(good),
        stale=sum(answer.stale for answer in good.values()),
        sent_hz=sent_hz,
        answered_hz=answered_hz,
        median_ms=median,
        p99_ms=p99,
        max_ms=most,
        cpu_percent=100.0 * cpu if cpu is not None else None,
        cpu_ms=1e3 * cpu / answered_hz if cpu is not None and answered_hz else None,
        memory_mb=float(memory.max()) if memory.size else None,
        growth_mb=growth_mb(memory) if memory.size else None,
        machine_percent=100.0 * machine / cores if machine is not None else None,
        publish_ms=publish_ms,
        stages_ms=stages_ms or {},
    )


def growth_mb(memory: NDArray[np.float64]) -> float:
    """The median of the last quarter of the samples (N,) minus that of the first."""
    quarter = max(1, len(memory) // 4)
    return float(np.median(memory[-quarter:]) - np.median(memory[:quarter]))


def slope(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Of the line through the points, by least squares; None where no two points differ in ``x``."""
    if len(set(x)) < 2:
        return None
    return float(np.polyfit(x, y, 1)[0])


def _share(samples: Sequence[Sample], seconds: Sequence[float]) -> float | None:
    """Seconds spent for each second between the first and the last sample."""
    if len(samples) < 2 or samples[-1].time <= samples[0].time:
        return None
    return (seconds[-1] - seconds[0]) / (samples[-1].time - samples[0].time)
