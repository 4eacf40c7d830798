"""The figures of a Monte Carlo over procedures: errors of valid deviations, coverage, stage, jitter, lag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import Reason, Stage
from tavi_perception.evaluation.procedures.tracked import (
    RULES,
    Flags,
    Floats,
    Tracked,
    by_procedure,
    joined,
)
from tavi_perception.outages import outage_figures, outages

FAR_MM = 3.0
"""A valid depth that is wrong by more must not happen."""

EXTRACTION_TOLERANCE = 0.05

AGES_S = (0.0, 2.0, 5.0, 10.0, 20.0, 60.0)
"""Bounds of the groups by time since contrast; the first group is with contrast."""

_SMOOTH_S = 1.0
"""Jitter is what is left of the depth error after its mean over this time."""

_SLOWEST_MM_S = 2.0
"""Lag is estimated from frames in which the true depth changes at least so fast."""

_FEWEST = 5
"""Frames that jitter and lag of a procedure need."""


@dataclass(frozen=True)
class Procedure:
    """The judged frames of one procedure, and what can be told of them only together.

    Attributes:
        frames: in the order of time.
        jitter: mm, valid frames of positioning; NaN where they are too few.
        lag: frames, the same.
        outages: durations of its runs of frames that are not valid (s).
    """

    frames: Tracked
    jitter: float
    lag: float
    outages: Floats


def procedures_of(frames: Tracked) -> list[Procedure]:
    """Each procedure by itself, in the order of their seeds."""
    procedures = []
    for each in by_procedure(frames):
        judged = each.valid & np.isfinite(each.depth) & (each.true_stage == Stage.POSITIONING)
        run = each.only(judged)
        told = len(run) >= _FEWEST
        procedures.append(
            Procedure(
                each,
                jitter=_jitter(run) if told else float("nan"),
                lag=_lag(run) if told else float("nan"),
                outages=outages(each.time, each.valid),
            )
        )
    return procedures


def headline(procedures: Sequence[Procedure]) -> dict[str, Any]:
    """The figures of all frames together."""
    frames = joined([each.frames for each in procedures])
    lasting = outage_figures(np.concatenate([each.outages for each in procedures]))
    return {
        **_summary(frames),
        "stage_right": _share(frames.stage == frames.true_stage, frames.settled),
        "extraction_right": _share(
            np.abs(frames.extraction) <= EXTRACTION_TOLERANCE, np.isfinite(frames.extraction)
        ),
        "jitter_mm": _quantile(np.array([each.jitter for each in procedures]), 0.5),
        "lag_frames": _quantile(np.array([each.lag for each in procedures]), 0.5),
        "outages": lasting.count,
        "outage_s_median": lasting.median,
        "outage_s_p95": lasting.p95,
        "outage_s_longest": lasting.longest,
    }


def figures_of(frames: Tracked) -> dict[str, Any]:
    """Figures of all frames, by ``contrast``, ``stages`` and ``ages``; why not valid, what is far off."""
    with_contrast = frames.contrast_age == 0.0
    stages = {stage.name.lower(): frames.true_stage == stage for stage in Stage}
    ages = {"0 s": with_contrast}
    for low, high in pairwise(AGES_S):
        ages[f"{low:g}–{high:g} s"] = (frames.contrast_age > low) & (frames.contrast_age <= high)
    procedures = procedures_of(frames)
    return {
        "procedures": len(procedures),
        **headline(procedures),
        "contrast": _groups(frames, {"with": with_contrast, "without": ~with_contrast}),
        "stages": _groups(frames, stages),
        "ages": _groups(frames, ages),
        "not_valid": _why(frames),
        "not_valid_rules": _rules(frames),
        "far": _far(frames),
    }


def _summary(frames: Tracked) -> dict[str, Any]:
    judged = frames.valid & np.isfinite(frames.depth)
    depth, sigma = np.abs(frames.depth[judged]), frames.depth_sigma[judged]
    return {
        "frames": len(frames),
        "valid": _share(frames.valid),
        "depth_mm_median": _quantile(depth, 0.5),
        "depth_mm_p95": _quantile(depth, 0.95),
        "depth_mm_max": _quantile(depth, 1.0),
        "depth_far": int((depth > FAR_MM).sum()),
        "lateral_mm_p95": _quantile(np.abs(frames.lateral[judged]), 0.95),
        "angle_deg_p95": _quantile(np.abs(frames.angle[judged]), 0.95),
        "within_1_sigma": _share(depth <= sigma),
        "within_2_sigma": _share(depth <= 2 * sigma),
    }


def _groups(frames: Tracked, groups: dict[str, Flags]) -> dict[str, Any]:
    return {name: _summary(frames.only(chosen)) for name, chosen in groups.items() if chosen.any()}


def _why(frames: Tracked) -> dict[str, float]:
    """Share of the frames that each reason kept from being valid."""
    counted: Counter[str] = Counter()
    for reason in Reason:
        if reason:
            counted[reason.name or ""] = int((frames.reasons & int(reason) != 0).sum())
    return {name: count / len(frames) for name, count in counted.most_common() if count}


def _rules(frames: Tracked) -> list[dict[str, Any]]:
    """Each rule that held: its reason, in how many frames, and in how many of them no other one did."""
    single = frames.rules.sum(axis=1) == 1
    listed = [
        {
            "reason": rule.reason.name,
            "rule": rule.name,
            "frames": int(held.sum()),
            "alone": int((held & single).sum()),
        }
        for rule, held in zip(RULES, frames.rules.T, strict=True)
        if held.any()
    ]
    return sorted(listed, key=lambda row: -row["frames"])


def _far(frames: Tracked) -> list[dict[str, Any]]:
    """Each procedure with valid depths that are wrong by more than ``FAR_MM``: how many, and the worst."""
    far = frames.only(frames.valid & (np.abs(frames.depth) > FAR_MM))
    listed = []
    for seed in np.unique(far.seed).tolist():
        here = far.only(far.seed == seed)
        worst = int(np.argmax(np.abs(here.depth)))
        listed.append(
            {
                "seed": seed,
                "frames": len(here),
                "worst_mm": float(here.depth[worst]),
                "at_s": float(here.time[worst]),
                "stated_sigma_mm": float(here.depth_sigma[worst]),
                "contrast_age_s": float(here.contrast_age[worst]),
                "stage": Stage(int(here.true_stage[worst])).name.lower(),
            }
        )
    return sorted(listed, key=lambda row: -row["frames"])


def _jitter(run: Tracked) -> float:
    """RMS of the depth error (mm) about its running mean; the true depth holds the heart beat."""
    near = np.abs(run.time[:, None] - run.time) <= _SMOOTH_S / 2
    mean = (near @ run.depth) / near.sum(axis=1)
    return float(np.sqrt(np.mean((run.depth - mean) ** 2)))


def _lag(run: Tracked) -> float:
    """Frames by which the estimate follows a moving depth: a late one errs by minus speed times delay."""
    step = np.diff(run.time)
    usual = float(np.median(step))
    neighbours = (step[:-1] <= 1.5 * usual) & (step[1:] <= 1.5 * usual)
    speed = (run.true_depth[2:] - run.true_depth[:-2]) / (run.time[2:] - run.time[:-2])
    error = run.depth[1:-1] - run.depth.mean()
    moving = neighbours & (np.abs(speed) >= _SLOWEST_MM_S)
    if moving.sum() < _FEWEST:
        return float("nan")
    return float(-(error[moving] @ speed[moving]) / (speed[moving] @ speed[moving]) / usual)


def _share(flags: NDArray[np.bool_], among: Flags | None = None) -> float:
    chosen = flags if among is None else flags[among]
    return float(chosen.mean()) if len(chosen) else float("nan")


def _quantile(values: Floats, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if len(known) else float("nan")
