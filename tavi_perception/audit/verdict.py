"""How a closed-loop procedure ended: what the valve's true position says beside what was believed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from tavi_perception.audit.motion import Recount
from tavi_perception.audit.phases import WAITS, holds, recaptures
from tavi_perception.audit.procedure import CONTROLLER, OF_MOTION, Measured, Procedure, read_procedure
from tavi_perception.clinical import DEPTH_TOLERANCE, STENT_TILT_TOLERANCE, TARGET_DEPTH, beyond_tolerance
from tavi_perception.control.decision import FINAL, Phase
from tavi_perception.estimates import NAN, CatheterDeviation

SETTLED = 1.0
"""s at the end of a procedure over which the final position is averaged: about a heart beat."""


class Outcome(Enum):
    """How a procedure ended."""

    PLACED = "placed"
    """Released within tolerance."""
    OUT_OF_TOLERANCE = "out of tolerance"
    """Released elsewhere."""
    ABORTED = "aborted"
    """Given up before the release; a person has to take over."""
    HELD = "held"
    """Stands still and waits, for images or contrast medium, when the record ends."""
    UNFINISHED = "not finished"
    """Still at work when the record ends, or never started."""


@dataclass(frozen=True)
class Final:
    """Where the valve is in the end, averaged over the last ``SETTLED`` s; NaN unknown.

    Attributes:
        depth, tilt: implantation depth of the inflow edge, and how much deeper FE2 is than FE1 (m).
    """

    depth: float = NAN
    tilt: float = NAN


@dataclass(frozen=True)
class Span:
    """A phase of the controller: from when to when (s since the first frame), and why it began."""

    phase: Phase
    begin: float
    end: float
    reason: str


@dataclass(frozen=True)
class Verdict:
    """The end of a procedure.

    Attributes:
        outcome: how it ended.
        headline: the same in one sentence with the numbers that count.
        ok: placed within tolerance or safely aborted, and nothing moved without leave.
        true: where the valve is; unknown where no truth was recorded.
        believed: the same as controller and perception knew it.
        target, depth_tolerance, tilt_tolerance: that it is judged by (m).
        duration: from start to end of the controller's work (s).
        spans: the phases of the controller, in order.
        injections, contrast_ml: contrast medium used; None and NaN where not recorded.
        motion: what the recount of motion says.
        fault: what the simulator let go wrong; empty: nothing.
    """

    outcome: Outcome
    headline: str
    ok: bool
    true: Final
    believed: Final
    target: float
    depth_tolerance: float
    tilt_tolerance: float
    duration: float
    spans: tuple[Span, ...]
    injections: int | None
    contrast_ml: float
    motion: Recount
    fault: str = ""

    @property
    def holds(self) -> int:
        """How often the controller stopped to wait after it had begun to move."""
        return holds(span.phase for span in self.spans)

    @property
    def recaptures(self) -> int:
        """How often it closed the capsule again."""
        return recaptures(span.phase for span in self.spans)


def verdict_of(bag: Path) -> Verdict:
    """The verdict on the procedure that a bag holds.

    Raises:
        BagError: the bag cannot be read, or holds no procedure of a controller.
    """
    return verdict(read_procedure(bag, (*OF_MOTION, CONTROLLER)))


def verdict(
    procedure: Procedure,
    depth_tolerance: float = DEPTH_TOLERANCE,
    tilt_tolerance: float = STENT_TILT_TOLERANCE,
) -> Verdict:
    """The verdict on a procedure.

    Args:
        depth_tolerance, tilt_tolerance: largest difference to the target depth, and largest tilt (m).
    """
    motion = procedure.recount()
    spans = spans_of(procedure)
    target = _target(procedure)
    true, believed = _final(procedure.truth, procedure.released), _believed(procedure)
    judged = true if procedure.truth else believed
    within = not beyond_tolerance(judged.depth - target, judged.tilt, depth_tolerance, tilt_tolerance)
    outcome = _outcome(spans[-1].phase if spans else Phase.IDLE, math.isfinite(procedure.released), within)
    contrast = procedure.contrast[-1] if procedure.contrast else None
    at_work = [span for span in spans if span.phase not in (Phase.IDLE, *FINAL)]
    return Verdict(
        outcome=outcome,
        headline=_headline(procedure, outcome, spans, judged, target, motion),
        ok=outcome in (Outcome.PLACED, Outcome.ABORTED) and motion.ok,
        true=true,
        believed=believed,
        target=target,
        depth_tolerance=depth_tolerance,
        tilt_tolerance=tilt_tolerance,
        duration=at_work[-1].end - at_work[0].begin if at_work else 0.0,
        spans=spans,
        injections=None if contrast is None else contrast.injections,
        contrast_ml=NAN if contrast is None else contrast.ml,
        motion=motion,
        fault=procedure.fault,
    )


def spans_of(procedure: Procedure) -> tuple[Span, ...]:
    """The phases of the controller, one after the other without gaps."""
    begins = [
        now
        for before, now in itertools.pairwise([None, *procedure.steered])
        if now is not None and (before is None or before.phase is not now.phase)
    ]
    ends = [*(later.time for later in begins[1:]), procedure.end]
    return tuple(
        Span(begun.phase, begun.time, end, begun.reason) for begun, end in zip(begins, ends, strict=True)
    )


def _outcome(last: Phase, released: bool, within: bool) -> Outcome:
    if released:
        return Outcome.PLACED if within else Outcome.OUT_OF_TOLERANCE
    if last is Phase.ABORTED:
        return Outcome.ABORTED
    return Outcome.HELD if last in WAITS else Outcome.UNFINISHED


def _target(procedure: Procedure) -> float:
    """The depth aimed at (m): that of the perception, whose deviations are told against it."""
    aims = [measured.deviation.depth - measured.deviation.depth_error for measured in procedure.believed]
    known = [aim for aim in aims if math.isfinite(aim)]
    return float(np.median(known)) if known else TARGET_DEPTH


def _believed(procedure: Procedure) -> Final:
    """What the controller steered by last, with the tilt that the perception measured last."""
    valid = [measured for measured in procedure.believed if measured.deviation.valid]
    measured = _final(valid, procedure.released)
    depth = next((s.depth for s in reversed(procedure.steered) if math.isfinite(s.depth)), measured.depth)
    return Final(depth, measured.tilt)


def _final(course: Sequence[Measured], released: float) -> Final:
    """Averages over the last ``SETTLED`` s, after the release where there is one."""
    since = float(np.fmax(released, course[-1].time - SETTLED)) if course else NAN
    last = [measured.deviation for measured in course if not measured.time < since]
    return Final(_mean(last, lambda d: d.depth), _mean(last, lambda d: d.stent_tilt))


def _mean(deviations: Iterable[CatheterDeviation], value: Callable[[CatheterDeviation], float]) -> float:
    known = [number for deviation in deviations if math.isfinite(number := value(deviation))]
    return float(np.mean(known)) if known else NAN


def _headline(
    procedure: Procedure,
    outcome: Outcome,
    spans: Sequence[Span],
    judged: Final,
    target: float,
    motion: Recount,
) -> str:
    last = spans[-1] if spans else Span(Phase.IDLE, 0.0, 0.0, "no message of it")
    whose = "true" if procedure.truth else "measured"
    place = (
        f"{whose} depth {1e3 * judged.depth:.1f} mm for a target of {1e3 * target:.1f} mm, tilt "
        f"{1e3 * judged.tilt:.1f} mm"
    )
    given_up = f"; the controller had given up: {last.reason}" if last.phase is Phase.ABORTED else ""
    words = {
        Outcome.PLACED: f"Valve placed within tolerance: {place}{given_up}",
        Outcome.OUT_OF_TOLERANCE: f"Valve released out of tolerance: {place}{given_up}",
        Outcome.ABORTED: f"Aborted before the release: {last.reason}",
        Outcome.HELD: f"Held before the release when the time was up: {last.reason}",
        Outcome.UNFINISHED: f"Not finished, in phase {last.phase.name.lower()}: {last.reason}",
    }[outcome]
    return words if motion.ok else f"{words}; {motion_in_words(motion)}"


def motion_in_words(motion: Recount) -> str:
    """What the recount says, in one phrase."""
    if motion.ok and not motion.moving:
        return "no command asked for motion, and there was none"
    if motion.ok:
        return f"all {motion.moving} commands of motion answer a valid and fresh deviation"
    kinds = ", ".join(f"{count} {breach.value}" for breach, count in motion.counts.items() if count)
    return f"{len(motion.violations)} times motion without leave: {kinds}"
