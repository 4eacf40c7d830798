"""The figures of a Monte Carlo over procedures: errors of valid deviations, coverage, stage, jitter, lag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import Reason, Stage
from tavi_perception.evaluation.procedures.tracked import RULES_JOINED, Flags, Floats, Tracked
from tavi_perception.outages import outage_figures, outages

FAR_MM = 3.0
"""A valid depth that is wrong by more must not happen."""

EXTRACTION_TOLERANCE = 0.05

AGES_S = (0.0, 2.0, 5.0, 10.0, 20.0, 60.0)
"""Bounds of the groups by time since contrast; the first group is with contrast."""

_SMOOTH_S = 1.0
"""Jitter is what is left of the depth error after its mean over this time."""

_SLOWEST_MM_S = 2.0
"""Lag is told from frames in which the true depth changes at least so fast."""

_FEWEST = 5
"""Frames that jitter and lag of a procedure need."""


def figures_of(frames: Tracked) -> dict[str, Any]:
    """Figures of all frames, by ``contrast``, ``stages`` and ``ages``; why not valid, what is far off."""
    with_contrast = frames.contrast_age == 0.0
    stages = {stage.name.lower(): frames.true_stage == stage for stage in Stage}
    ages = {"0 s": with_contrast}
    for low, high in pairwise(AGES_S):
        ages[f"{low:g}–{high:g} s"] = (frames.contrast_age > low) & (frames.contrast_age <= high)
    return {
        "procedures": len(np.unique(frames.seed)),
        **_summary(frames),
        "stage_right": _share(frames.stage == frames.true_stage, frames.settled),
        "extraction_right": _share(
            np.abs(frames.extraction) <= EXTRACTION_TOLERANCE, np.isfinite(frames.extraction)
        ),
        "jitter_mm": _by_run(frames, _jitter),
        "lag_frames": _by_run(frames, _lag),
        "contrast": _groups(frames, {"with": with_contrast, "without": ~with_contrast}),
        "stages": _groups(frames, stages),
        "ages": _groups(frames, ages),
        "not_valid": _why(frames),
        "not_valid_rules": _which_rules(frames),
        "outages_s": _outages(frames),
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


def _which_rules(frames: Tracked) -> dict[str, float]:
    """Share of the frames that each rule kept from being valid."""
    counted: Counter[str] = Counter()
    for held in frames.rules[~frames.valid].tolist():
        counted.update(filter(None, held.split(RULES_JOINED)))
    return {name: count / len(frames) for name, count in counted.most_common()}


def _outages(frames: Tracked) -> dict[str, Any]:
    """How long nothing was valid, over all procedures."""
    durations = [
        outages(run.time, run.valid)
        for run in (frames.only(frames.seed == seed) for seed in np.unique(frames.seed))
    ]
    return asdict(outage_figures(np.concatenate(durations)))


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


def _by_run(frames: Tracked, measure: Callable[[Tracked], float]) -> float:
    """Median over procedures of a measure of valid frames in the stage of positioning."""
    chosen = frames.valid & np.isfinite(frames.depth) & (frames.true_stage == Stage.POSITIONING)
    runs = [frames.only(chosen & (frames.seed == seed)) for seed in np.unique(frames.seed)]
    values = [measure(run) for run in runs if len(run) >= _FEWEST]
    known = [value for value in values if np.isfinite(value)]
    return float(np.median(known)) if known else float("nan")


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
