"""The line in the terminal that tells how a running procedure goes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tavi_perception.control.decision import Phase
from tavi_perception.estimates import NAN, CatheterDeviation
from tavi_perception.visualization.closed_loop.phases import PHASES
from tavi_perception.visualization.words import number, reasons_in_words, with_sigma, with_unit


@dataclass(frozen=True)
class Progress:
    """Where a procedure stands.

    Attributes:
        phase: of the controller.
        reason: why, in its words.
        depth, depth_sigma, target_depth: that it steers by, and that it aims at (m); NaN unknown.
        deviation: the last one.
        latency: of it (s).
        contrast_ml: contrast medium used so far.
    """

    phase: Phase = Phase.IDLE
    reason: str = ""
    depth: float = NAN
    depth_sigma: float = NAN
    target_depth: float = NAN
    deviation: CatheterDeviation = field(default_factory=CatheterDeviation)
    latency: float = NAN
    contrast_ml: float = 0.0


def progress_line(time: float, progress: Progress) -> str:
    """All of it in one line, ``time`` s after the first frame."""
    deviation = progress.deviation
    validity = "valid" if deviation.valid else f"INVALID: {', '.join(reasons_in_words(deviation.reasons))}"
    target = (
        f" (target {number(1e3 * progress.target_depth)})" if math.isfinite(progress.target_depth) else ""
    )
    return "  ".join(
        [
            f"{time:5.1f} s",
            f"{PHASES[progress.phase].upper():9}",
            f"depth {with_sigma(1e3 * progress.depth, 1e3 * progress.depth_sigma, ' mm')}{target}",
            validity,
            f"latency {with_unit(number(1e3 * progress.latency, 0), ' ms')}",
            f"extraction {with_unit(number(1e2 * deviation.extraction, 0), ' %')}",
            f"contrast {with_unit(number(progress.contrast_ml, 0), ' ml')}",
        ]
    )


def phase_line(time: float, phase: Phase, reason: str) -> str:
    """What has begun, ``time`` s after the first frame, and why."""
    return f"{time:5.1f} s  {PHASES[phase].upper():9}  {reason}"
