"""The figures of a study: how its closed loops ended, all together and by fault."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tavi_perception.clinical import STENT_TILT_TOLERANCE
from tavi_perception.control.decision import Phase
from tavi_perception.evaluation.closed_loop.outcome import Outcome
from tavi_perception.simulation.staff import StaffConfig

BESIDES_MM = 1.0
"""A valve taken for good that lies this far outside the tolerance is a false success."""

_SAID = ("has let go", "is released")
"""What the controller says of a valve that it knows to be free."""


def figures_of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Figures of all outcomes; ``faults`` has a row for each kind of fault. Lengths in mm, times in s."""
    released = [each for each in outcomes if each.released]
    error = np.array([each.depth_error for each in released])
    size = np.abs(error)
    tilt = np.abs([each.tilt for each in released])
    believed = np.array([each.believed_depth - each.depth for each in released])
    return {
        "procedures": len(outcomes),
        "released": len(released),
        "placed": sum(each.placed for each in outcomes),
        "within_tolerance": sum(each.within_tolerance for each in outcomes),
        "false_successes": sum(map(is_false_success, outcomes)),
        "aborted": sum(map(is_aborted, outcomes)),
        "aborted_safely": sum(map(is_safe_abort, outcomes)),
        "unfinished": sum(math.isnan(each.duration) for each in outcomes),
        "depth_error": {**_spread(size), "mean": _mean(error)},
        "depth_beyond_1_mm": _share(size > 1.0),
        "depth_beyond_2_mm": _share(size > 2.0),
        "tilt_within": _share(tilt <= 1e3 * STENT_TILT_TOLERANCE),
        "believed_minus_true": {**_spread(np.abs(believed)), "mean": _mean(believed)},
        "duration": _spread([each.duration for each in outcomes]),
        "injections": _spread([each.injections for each in outcomes]),
        "contrast_ml": _spread([contrast_ml(each) for each in outcomes]),
        "holds": _spread([each.holds for each in outcomes]),
        "recaptures": _spread([each.recaptures for each in outcomes]),
        "valid": _mean([each.valid for each in outcomes]),
        "commands": sum(each.commands for each in outcomes),
        "moving": sum(each.moving for each in outcomes),
        "breaches": _breaches(outcomes),
        "abort_reasons": dict(Counter(map(worded, filter(is_aborted, outcomes))).most_common()),
        "faults": _by_fault(outcomes),
    }


def is_aborted(outcome: Outcome) -> bool:
    return outcome.phase == Phase.ABORTED.name


def is_safe_abort(outcome: Outcome) -> bool:
    """Aborted with the valve still held, or knowing, and saying, that it is free."""
    said = any(words in outcome.reason for words in _SAID)
    return is_aborted(outcome) and (not outcome.released or said)


def is_false_success(outcome: Outcome) -> bool:
    """Taken for good, but still held, or out of tolerance by more than ``BESIDES_MM``."""
    if outcome.phase != Phase.DONE.name:
        return False
    # What is not known, is not good.
    return not (outcome.released and outcome.beyond_tolerance <= BESIDES_MM)


def contrast_ml(outcome: Outcome) -> float:
    """Contrast medium used (ml)."""
    return outcome.injections * StaffConfig.volume_ml


def worded(outcome: Outcome) -> str:
    """The reason without its numbers, so that alike ones can be counted."""
    return re.sub(r"[-+−]?\d+(\.\d+)?", "…", outcome.reason)


def _by_fault(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    kinds = sorted({each.fault for each in outcomes if each.fault})
    return {kind: _row([each for each in outcomes if each.fault == kind]) for kind in kinds}


def _row(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    typical, count = Counter(map(worded, outcomes)).most_common(1)[0]
    return {
        "procedures": len(outcomes),
        "placed": sum(each.placed for each in outcomes),
        "aborted": sum(map(is_aborted, outcomes)),
        "aborted_safely": sum(map(is_safe_abort, outcomes)),
        "false_successes": sum(map(is_false_success, outcomes)),
        "breaches": sum(_breaches(outcomes).values()),
        "depth_error_median": _spread([abs(each.depth_error) for each in outcomes if each.released])[
            "median"
        ],
        "typically": typical,
        "typical_share": count / len(outcomes),
    }


def _breaches(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Motions without leave, by kind."""
    counted: Counter[str] = Counter()
    for each in outcomes:
        counted.update(each.breaches)
    return dict(counted.most_common())


def _spread(values: Any) -> dict[str, float]:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return dict.fromkeys(("median", "p95", "max"), math.nan)
    return {
        "median": float(np.median(known)),
        "p95": float(np.quantile(known, 0.95)),
        "max": float(known.max()),
    }


def _mean(values: Any) -> float:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else math.nan


def _share(flags: Any) -> float:
    return float(np.mean(flags)) if len(flags) else math.nan
