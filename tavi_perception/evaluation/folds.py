"""Errors on real annotated frames, by fold and by patient, in the units that others publish."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.evaluation.judged import Judged
from tavi_perception.evaluation.metrics import REFERENCE_SIDE, errors_px, mean
from tavi_perception.evaluation.published import FIRST_FOLD, FIVE_FOLDS, NETWORK, Published
from tavi_perception.landmarks import NAMES, Landmark

SIDE = 640
"""Image side of published px."""

PCK = (5, 10, 20)
"""Distances (px of 640) within which points are counted."""

_FIRST = re.compile(r"\D*0*1")
"""Names of the fold that ``FIRST_FOLD`` is about."""

_UNITS = ("detector", "patient")
_ACROSS = ("median_px_640", "mean_px_640", "median_px_1000", "mean_px_1000", "pck_10_px_640_percent")


def fold_figures(judged: Judged, folds: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """Figures of each fold and its patients, of all together, and of the folds among each other.

    Args:
        judged: frames and answers; a frame may belong to several folds.
        folds: names of the frames of each fold, by the fold's name.
    """
    by_fold = {}
    for fold, names in folds.items():
        part = judged.only(np.array([name in names for name in judged.names]))
        patients = sorted(set(part.procedures))
        of_patient = {
            patient: part.only(np.array([found == patient for found in part.procedures]))
            for patient in patients
        }
        by_fold[fold] = {
            **part_figures(part),
            "patients": {patient: part_figures(each) for patient, each in of_patient.items()},
        }
    figures = {
        "folds": by_fold,
        "together": part_figures(judged),
        "over_folds": _over(list(by_fold.values())),
    }
    return {**figures, "published": _beside(by_fold)}


def part_figures(judged: Judged) -> dict[str, Any]:
    """Errors of the visible points of some frames, reported present or not.

    ``…_px_640`` and ``…_px_1000`` are px of an image of that side, ``…_mm_detector`` and ``…_mm_patient`` are
    NaN unless a pixel's size is known there, and are of those frames alone where it is. A point without a
    place (its answer lies outside the image) is missed by ``pck_…`` and left out of the others.
    """
    errors = errors_px(judged.predictions, judged.labels)
    visible = judged.labels.visible > 0
    places = {
        name: {"points": int(visible[:, i].sum()), **_lengths("", errors[:, [i]], judged.mm_per_px)}
        for i, name in enumerate(NAMES)
        if visible[:, i].any()
    }
    found = errors[visible] * (SIDE / REFERENCE_SIDE)
    return {
        "frames": len(judged),
        "points": int(visible.sum()),
        "without_a_place": int(np.isnan(errors[visible]).sum()),
        "reported_percent": 100 * mean(judged.reported[visible]),
        **_lengths("", errors, judged.mm_per_px),
        **{f"pck_{limit}_px_640_percent": 100 * mean(found <= limit) for limit in PCK},
        "annulus": annulus_figures(judged),
        "landmarks": places,
    }


def annulus_figures(judged: Judged) -> dict[str, Any]:
    """Errors of the line from AA1 to AA2 in the frames in which both are visible and have a place.

    The angle is that between the true and the found direction, 0…180 degrees, so that exchanged ends show as
    180; midpoint is a distance, length the absolute difference of |AA1–AA2|.
    """
    ends = [Landmark.AA1, Landmark.AA2]
    truth = judged.labels.xy[:, ends].astype(np.float64)
    found = judged.predictions.xy[:, ends]
    both = (judged.labels.visible[:, ends] > 0).all(axis=1) & np.isfinite(found).all(axis=(1, 2))
    truth, found, scale = truth[both], found[both], judged.mm_per_px[both]
    true_line, line = truth[:, 1] - truth[:, 0], found[:, 1] - found[:, 0]
    cross = true_line[:, 0] * line[:, 1] - true_line[:, 1] * line[:, 0]
    angle = np.degrees(np.abs(np.arctan2(cross, (true_line * line).sum(axis=1))))
    midpoint = np.linalg.norm(found.mean(axis=1) - truth.mean(axis=1), axis=1)
    length = np.abs(np.linalg.norm(line, axis=1) - np.linalg.norm(true_line, axis=1))
    return {
        "frames": int(both.sum()),
        "median_angle_deg": _median(angle),
        "mean_angle_deg": mean(angle),
        **_lengths("midpoint_", midpoint[:, None], scale),
        **_lengths("length_", length[:, None], scale),
    }


def _lengths(what: str, errors: NDArray[np.float64], mm_per_px: NDArray[np.float64]) -> dict[str, float]:
    """Median and mean of errors (n, k), px of 1000, in every unit; NaN are left out."""
    scales = {
        f"px_{SIDE}": np.full(len(errors), SIDE / REFERENCE_SIDE),
        f"px_{REFERENCE_SIDE}": np.ones(len(errors)),
        **{f"mm_{place}": mm_per_px[:, i] for i, place in enumerate(_UNITS)},
    }
    figures = {}
    for unit, scale in scales.items():
        values = errors * scale[:, None]
        values = values[np.isfinite(values)]
        figures[f"median_{what}{unit}"] = _median(values)
        figures[f"mean_{what}{unit}"] = mean(values)
    return figures


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _over(folds: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of figures over folds."""
    return {key: _spread([fold[key] for fold in folds]) for key in _ACROSS}


def _spread(values: Sequence[float]) -> dict[str, float]:
    known = np.array(values, np.float64)[np.isfinite(values)]
    return {"mean": mean(known), "std": float(np.std(known, ddof=1)) if len(known) > 1 else float("nan")}


def _beside(folds: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each published figure and the same of ours; NaN where we have none."""
    first = [figures for name, figures in folds.items() if _FIRST.fullmatch(name)]
    return [
        {
            "figure": each.title,
            "of": "all folds" if each.spread is not None else "first fold",
            NETWORK: each.value,
            f"{NETWORK}_std": each.spread,
            **_ours(each, list(folds.values()) if each.spread is not None else first),
        }
        for each in (*FIVE_FOLDS, *FIRST_FOLD)
    ]


def _ours(each: Published, folds: Sequence[dict[str, Any]]) -> dict[str, float]:
    spread = _spread([_value(fold, each.path) for fold in folds])
    return {"ours": spread["mean"], "ours_std": spread["std"]}


def _value(figures: Any, path: Sequence[str]) -> float:
    for key in path:
        if key not in figures:
            return float("nan")
        figures = figures[key]
    return float(figures)
