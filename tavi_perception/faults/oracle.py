"""The oracle of the fault campaign: what must never happen, whatever fails, found in what was recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from tavi_perception.audit.motion import NS, Answers, Commands, Travel, recount
from tavi_perception.audit.motion import Limits as MotionLimits
from tavi_perception.estimates import Reason

MB = 2**20


@dataclass(frozen=True)
class SentImage:
    """An image that was published.

    Attributes:
        stamp: of its header (ns).
        sent: when it was published (ns), by the clock by which messages are received.
        good: whether a valid deviation may come of it; None: not to be known.
    """

    stamp: int
    sent: int
    good: bool | None = True


@dataclass(frozen=True)
class Answer:
    """A deviation that was received.

    Attributes:
        stamp: of its header (ns).
        received: when it arrived (ns).
    """

    stamp: int
    received: int
    valid: bool
    reasons: Reason


@dataclass(frozen=True)
class Record:
    """What was sent and what was received while one case ran; times in ns by one clock.

    Attributes:
        keypoints: stamps (ns) of the keypoint arrays.
        speaking: spans in which the node was active and had to say something.
        commands, deviations, travel: of the robot, where one takes part; see ``audit.motion``.
        provoked: spans in which a case moves the robot without leave, to see that it is found.
        memory: resident memory of the node (bytes), sample by sample.
        start, end: of the fault.
        recovered_at: when what recovery means was seen; None: never.
        accounted: images that the node's diagnostics count as overwritten or lost on the way.
        hold_up: longest time for which the machine did not let the witness itself go on (s).
    """

    start: int
    end: int
    images: tuple[SentImage, ...] = ()
    keypoints: tuple[int, ...] = ()
    answers: tuple[Answer, ...] = ()
    speaking: tuple[tuple[int, int], ...] = ()
    commands: Commands | None = None
    deviations: Answers | None = None
    travel: Travel | None = None
    provoked: tuple[tuple[int, int], ...] = ()
    memory: tuple[int, ...] = ()
    recovered_at: int | None = None
    accounted: int = 0
    hold_up: float = 0.0


@dataclass(frozen=True)
class Limits:
    """What is allowed.

    Attributes:
        silence: between two deviations of an active node (s): ``stale_after`` and a look of its watchdog.
        recovery: from the end of a fault (s).
        start: of a process, until it is ready (s).
        growth: of the resident memory (bytes).
        taken_before: images sent this long before a fault may still be taken by it (s).
        motion: of the robot.
        late: most that is granted there, since the machine kept messages waiting (s).
    """

    silence: float = 0.25
    recovery: float = 2.0
    start: float = 3.0
    growth: int = 50 * MB
    taken_before: float = 0.15
    motion: MotionLimits = field(default_factory=MotionLimits)
    late: float = 0.3

    def granted(self, hold_up: float) -> float:
        """What is granted to a motion (s) where the machine has kept messages waiting for ``hold_up`` (s)."""
        return min(hold_up, self.late)


class Rule(Enum):
    """What must never happen."""

    BAD_INPUT = "a valid deviation from bad input"
    UNKNOWN_IMAGE = "a valid deviation of an image that nobody sent"
    NOT_ONCE = "an image that is not answered exactly once"
    SILENCE = "silence of an active node"
    MOTION = "motion without leave"
    RECOVERY = "no recovery in time"
    MEMORY = "memory that grows"
    LOSS = "an image lost that the fault did not take"


@dataclass(frozen=True)
class Violation:
    """What has happened that must not, in a sentence with the numbers."""

    rule: Rule
    sentence: str


def judge(record: Record, limits: Limits | None = None) -> tuple[Violation, ...]:
    """Everything in a record that must not be; nothing, where all is as it should be."""
    limits = limits or Limits()
    return (
        *_bad_input(record),
        *_not_once(record, limits),
        *_silence(record, limits),
        *_motion(record, limits),
        *_recovery(record, limits),
        *_memory(record, limits),
        *_loss(record, limits),
    )


def _bad_input(record: Record) -> Iterator[Violation]:
    usable: dict[int, bool] = {}
    for image in record.images:
        usable[image.stamp] = usable.get(image.stamp, False) or image.good is not False
    for answer in record.answers:
        if not answer.valid:
            continue
        if record.images and answer.stamp not in usable:
            yield Violation(
                Rule.UNKNOWN_IMAGE,
                f"a deviation is valid {_when(record, answer.received)}, and no image of its stamp was sent",
            )
        elif not usable.get(answer.stamp, True):
            yield Violation(
                Rule.BAD_INPUT,
                f"the deviation of a bad image is valid {_when(record, answer.received)}; none may be",
            )


def _not_once(record: Record, limits: Limits) -> Iterator[Violation]:
    """Every keypoint array has one deviation, and there are no more of them than images of the stamp."""
    sent = Counter(image.stamp for image in record.images)
    answered = Counter(record.keypoints)
    said = Counter(answer.stamp for answer in record.answers)
    unheard = {image.stamp for image in record.images if not _heard(record, image, limits)}
    fresh = Counter(answer.stamp for answer in record.answers if answer.reasons != Reason.IMAGE_STALE)
    for stamp, count in answered.items():
        if record.images and count > sent[stamp] > 0:
            yield Violation(
                Rule.NOT_ONCE, f"the image of stamp {stamp} was sent {sent[stamp]} times and answered {count}"
            )
        if said[stamp] < count and stamp not in unheard:
            yield Violation(
                Rule.NOT_ONCE,
                f"the image of stamp {stamp} has {count} keypoint arrays and {said[stamp]} deviations",
            )
    for stamp, count in fresh.items():
        if count > max(answered[stamp], 1):
            yield Violation(
                Rule.NOT_ONCE,
                f"the image of stamp {stamp} has {answered[stamp]} keypoint arrays and {count} deviations "
                "that say more than IMAGE_STALE; one that repeats may say nothing else",
            )


def _heard(record: Record, image: SentImage, limits: Limits) -> bool:
    """Whether all of an image's answers had to reach the witness: nothing stood between it and the node."""
    margin = round(limits.taken_before * NS)
    return any(begin <= image.sent <= end - margin for begin, end in record.speaking)


def _silence(record: Record, limits: Limits) -> Iterator[Violation]:
    allowed = limits.silence + record.hold_up
    received = np.sort(np.array([answer.received for answer in record.answers], dtype=np.int64))
    for begin, end in record.speaking:
        inside = received[(received > begin) & (received < end)]
        gaps = np.diff(np.concatenate([[begin], inside, [end]])) / NS
        if gaps.max() > allowed:
            after = np.concatenate([[begin], inside])[int(gaps.argmax())]
            yield Violation(
                Rule.SILENCE,
                f"no deviation for {gaps.max():.3f} s, from {_when(record, int(after))} on; expected an "
                f"invalid one with IMAGE_STALE within {allowed:.3f} s",
            )


def _motion(record: Record, limits: Limits) -> Iterator[Violation]:
    if record.commands is None or record.deviations is None or record.travel is None:
        return
    own, waited = limits.motion, limits.granted(record.hold_up)
    granted = replace(own, age=own.age + waited, lag=own.lag + waited, delay=own.delay + waited)
    violations = recount(record.commands, record.deviations, record.travel, limits=granted).violations
    rests = round(granted.lag * NS)
    for begin, end in record.provoked:
        if not any(begin <= violation.time <= end + rests for violation in violations):
            yield Violation(
                Rule.MOTION,
                f"it was provoked {_when(record, begin)} and is not found among {len(violations)} violations",
            )
    for violation in violations:
        if not any(begin <= violation.time <= end + rests for begin, end in record.provoked):
            yield Violation(Rule.MOTION, f"{violation.sentence} ({_when(record, violation.time)})")


def _recovery(record: Record, limits: Limits) -> Iterator[Violation]:
    allowed = limits.recovery + record.hold_up
    if record.recovered_at is None:
        yield Violation(Rule.RECOVERY, f"nothing has recovered; expected within {allowed:.1f} s")
    elif (taken := (record.recovered_at - record.end) / NS) > allowed:
        yield Violation(Rule.RECOVERY, f"recovery took {taken:.2f} s from the end of the fault; expected "
                        f"{allowed:.1f} s at most")  # fmt: skip


def _memory(record: Record, limits: Limits) -> Iterator[Violation]:
    if len(record.memory) < 2:
        return
    growth = max(record.memory) - record.memory[0]
    if growth > limits.growth:
        yield Violation(
            Rule.MEMORY,
            f"resident memory grew by {growth / MB:.0f} MiB; expected {limits.growth / MB:.0f} at most",
        )


def _loss(record: Record, limits: Limits) -> Iterator[Violation]:
    answered = Counter(record.keypoints)
    begin = record.start - round(limits.taken_before * NS)
    unanswered = [
        image
        for image in record.images
        if not answered[image.stamp] and not begin <= image.sent <= record.end
    ]
    if len(unanswered) > record.accounted:
        yield Violation(
            Rule.LOSS,
            f"{len(unanswered)} images sent outside of the fault were not answered, the first "
            f"{_when(record, unanswered[0].sent)}; the node tells of {record.accounted} dropped or lost",
        )


def _when(record: Record, time: int) -> str:
    return f"{(time - record.start) / NS:+.2f} s from the fault's start"
