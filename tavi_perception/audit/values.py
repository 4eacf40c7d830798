"""Recount, verdict and replay as JSON has them: times in s since the first frame, lengths in mm."""

from __future__ import annotations

import math
from typing import Any

from tavi_perception.audit.motion import Recount
from tavi_perception.audit.procedure import Procedure
from tavi_perception.audit.replay import Comparison
from tavi_perception.audit.verdict import Final, Verdict


def motion_values(found: Recount, procedure: Procedure) -> dict[str, Any]:
    """What was found of a procedure's motion."""
    return {
        "commands": found.commands,
        "moving": found.moving,
        "violations": {breach.name: count for breach, count in found.counts.items()},
        "list": [
            {"time_s": procedure.seconds(v.time), "breach": v.breach.name, "sentence": v.sentence}
            for v in found.violations
        ],
    }


def replay_values(found: Comparison) -> dict[str, Any]:
    """What two recordings of the same frames have in common."""
    return {
        "frames": found.frames,
        "late": found.late,
        "both_valid": found.both_valid,
        "validity_differs_s": list(found.validity),
        "depth_beyond": found.beyond,
        "depth_difference_max_mm": _mm(found.largest),
        "tolerance_mm": 1e3 * found.tolerance,
    }


def verdict_values(verdict: Verdict, procedure: Procedure) -> dict[str, Any]:
    """How a procedure ended, and how it came to that."""
    return {
        "outcome": verdict.outcome.name,
        "headline": verdict.headline,
        "ok": verdict.ok,
        "true": _final(verdict.true),
        "believed": _final(verdict.believed),
        "target_depth_mm": _mm(verdict.target),
        "depth_tolerance_mm": _mm(verdict.depth_tolerance),
        "tilt_tolerance_mm": _mm(verdict.tilt_tolerance),
        "duration_s": verdict.duration,
        "holds": verdict.holds,
        "recaptures": verdict.recaptures,
        "injections": verdict.injections,
        "contrast_ml": _known(verdict.contrast_ml),
        "fault": verdict.fault,
        "phases": [
            {"phase": span.phase.name, "begin_s": span.begin, "end_s": span.end, "reason": span.reason}
            for span in verdict.spans
        ],
        "motion": motion_values(verdict.motion, procedure),
    }


def _final(final: Final) -> dict[str, float | None]:
    return {"depth_mm": _mm(final.depth), "tilt_mm": _mm(final.tilt)}


def _mm(metres: float) -> float | None:
    return _known(1e3 * metres)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
