"""What a bag holds of a procedure in which a controller moved a robot: the one place where it is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tavi_perception.audit.motion import NS, Answers, Commands, Limits, NsArray, Recount, Travel, recount
from tavi_perception.bags import decode
from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.control.decision import Phase
from tavi_perception.estimates import NAN, CatheterDeviation, Stage

COMMAND, STATE = "/delivery/command", "/delivery/state"
CONTROLLER = "/controller/state"
DEVIATION, TRUTH = "/tavi/deviation", "/truth/deviation"
DIAGNOSTICS = "/diagnostics"

OF_MOTION = (COMMAND, STATE, DEVIATION)
"""Without these topics nothing can be said of a robot's motion."""

PLAUSIBLE = 10 * NS
"""ns by which the stamp of a frame may differ from the time of receipt; others are no times."""

CONTRAST = "contrast"
"""How the name of the diagnostic status ends that counts the contrast medium."""


FAULT = "simulated fault"
"""The same of the one that tells what goes wrong on purpose."""


@dataclass(frozen=True)
class Steered:
    """What the controller said of itself at one moment; tavi_msgs/ControllerState.

    Attributes:
        time: s since the first frame.
        phase: what it was doing.
        moving: its last command asked for motion.
        contrast_requested: it waited for an injection.
        depth, depth_sigma, target_depth: that it steered by, and that it aimed at (m); NaN unknown.
        reason: why, in words.
    """

    time: float
    phase: Phase
    moving: bool
    contrast_requested: bool
    depth: float
    depth_sigma: float
    target_depth: float
    reason: str


@dataclass(frozen=True)
class Measured:
    """A deviation and its time (s since the first frame): when its frame was taken, unless said otherwise."""

    time: float
    deviation: CatheterDeviation


@dataclass(frozen=True)
class Contrast:
    """Contrast medium used up to a moment: when (s since the first frame), number of injections, ml."""

    time: float
    injections: int
    ml: float


@dataclass(frozen=True)
class Procedure:
    """A procedure as its bag tells it; whatever was not recorded is empty.

    Attributes:
        start: when the first frame was taken, else when the first message was received (ns).
        end: when the last message was received (s since ``start``).
        commands, answers, travel: what the recount of motion needs; times in ns.
        steered: what the controller said, in order of time.
        believed, truth: deviations that the perception measured, and the true ones, one for each frame.
        reports: all deviations, by when they were received: those that images are missing too.
        contrast: as it grew.
        fault: what the simulator let go wrong, in words; empty: nothing.
    """

    start: int
    end: float
    commands: Commands
    answers: Answers
    travel: Travel
    steered: tuple[Steered, ...]
    believed: tuple[Measured, ...]
    truth: tuple[Measured, ...]
    reports: tuple[Measured, ...]
    contrast: tuple[Contrast, ...]
    fault: str = ""

    def seconds(self, time_ns: int) -> float:
        """A time as s since ``start``."""
        return (time_ns - self.start) / NS

    @property
    def released(self) -> float:
        """When the first frame shows the released valve, in truth where that is known (s); NaN: never."""
        if self.truth:
            return next((m.time for m in self.truth if m.deviation.stage is Stage.RELEASED), NAN)
        return next((steered.time for steered in self.steered if steered.phase is Phase.DONE), NAN)

    def recount(self, limits: Limits | None = None) -> Recount:
        """Of its motion; the valve is released in truth, or once the controller takes it for that."""
        done = [steered.time for steered in self.steered if steered.phase is Phase.DONE]
        ends = [end for end in (self.released, *done[:1]) if end == end]
        released = self.start + round(min(ends) * NS) if ends else None
        return recount(self.commands, self.answers, self.travel, released, limits)


def read_procedure(path: Path, needed: Collection[str] = OF_MOTION) -> Procedure:
    """Reads a bag.

    Args:
        needed: topics without which there is nothing to tell.

    Raises:
        BagError: the bag cannot be read, or lacks a topic that is needed.
    """
    wanted = {*needed, COMMAND, STATE, CONTROLLER, DEVIATION, TRUTH, DIAGNOSTICS}
    messages: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
    with BagReader(path) as bag:
        recorded = {topic.name for topic in bag.topics if topic.count}
        missing = [topic for topic in needed if topic not in recorded]
        if missing:
            raise BagError(
                f"bag {path}: it holds no {' and no '.join(missing)}, which tell what a controller did; give "
                "a bag of ./tavi demo, or record these topics too, as ./tavi record does"
            )
        first = bag.start_ns
        for message in bag.messages(sorted(wanted & recorded)):
            messages[message.topic].append((message.time_ns, message.value))
        last = bag.end_ns
    start = min(
        (stamp for topic in (DEVIATION, TRUTH) for stamp, _ in _stamped(messages[topic])), default=first
    )
    return Procedure(
        start,
        (last - start) / NS,
        _commands(messages[COMMAND]),
        _answers(messages[DEVIATION]),
        _travel(messages[STATE]),
        tuple(_steered(value, (received - start) / NS) for received, value in messages[CONTROLLER]),
        _measured(messages[DEVIATION], start),
        _measured(messages[TRUTH], start),
        tuple(Measured((at - start) / NS, decode.deviation(value)) for at, value in messages[DEVIATION]),
        tuple(_contrast(messages[DIAGNOSTICS], start)),
        _fault(messages[DIAGNOSTICS]),
    )


_Received = Sequence[tuple[int, Any]]
"""Messages of a topic with the times of their receipt (ns)."""


def _times(messages: _Received) -> tuple[NsArray, NsArray]:
    """When messages were received, and their stamps (ns)."""
    received = np.array([received for received, _ in messages], dtype=np.int64)
    return received, np.array([decode.stamp_ns(value) for _, value in messages], dtype=np.int64)


def _commands(messages: _Received) -> Commands:
    return Commands(
        *_times(messages),
        np.array([value.advance_velocity for _, value in messages], dtype=np.float64),
        np.array([value.retraction_velocity for _, value in messages], dtype=np.float64),
        np.array([value.hold for _, value in messages], dtype=bool),
    )


def _answers(messages: _Received) -> Answers:
    return Answers(*_times(messages), np.array([value.valid for _, value in messages], dtype=bool))


def _travel(messages: _Received) -> Travel:
    return Travel(
        _times(messages)[0],
        np.array([value.advance for _, value in messages], dtype=np.float64),
        np.array([value.retraction for _, value in messages], dtype=np.float64),
    )


def _steered(state: Any, time: float) -> Steered:
    try:
        phase = Phase(int(state.phase))
    except ValueError:
        raise BagError(
            f"{CONTROLLER}: phase {state.phase} at {time:.2f} s is none of tavi_msgs/ControllerState; "
            "publish one of its constants"
        ) from None
    return Steered(
        time,
        phase,
        bool(state.moving),
        bool(state.contrast_requested),
        float(state.depth),
        float(state.depth_sigma),
        float(state.target_depth),
        str(state.reason),
    )


def _stamped(messages: _Received) -> Iterator[tuple[int, Any]]:
    """Those whose stamps can be the time of a frame, with it (ns)."""
    for received, value in messages:
        stamp = decode.stamp_ns(value)
        if stamp > 0 and abs(received - stamp) <= PLAUSIBLE:
            yield stamp, value


def _measured(messages: _Received, start: int) -> tuple[Measured, ...]:
    """The first deviation of each frame, in order of their stamps; without those that no frame has."""
    found: dict[int, CatheterDeviation] = {}
    for stamp, value in _stamped(messages):
        if stamp not in found:
            found[stamp] = decode.deviation(value)
    return tuple(Measured((stamp - start) / NS, found[stamp]) for stamp in sorted(found))


def _contrast(messages: _Received, start: int) -> list[Contrast]:
    """The moments at which the amount had changed."""
    changes: list[Contrast] = []
    for received, array in messages:
        for status in array.status:
            values = {pair.key: pair.value for pair in status.values}
            if status.name.endswith(CONTRAST) and values.get("injections", "").isdecimal():
                now = Contrast((received - start) / NS, int(values["injections"]), _ml(values.get("ml", "")))
                if not changes or now.injections != changes[-1].injections:
                    changes.append(now)
    return changes


def _fault(messages: _Received) -> str:
    statuses = (status for _, array in messages for status in array.status)
    return next((str(status.message) for status in statuses if status.name.endswith(FAULT)), "")


def _ml(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return NAN
