"""Figures of a model on real images: pure functions of its answers and of points read by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import Landmark

LIMIT_PX = 15.0
"""A point counts as right within this distance of the one read by eye (px of the frame's 1000)."""

WITHIN_TARGET = 0.90
"""Least share of the points over all variants that shall be right."""

ALARM_TARGET = 0.05
"""Largest share of a cine without a valve in which a landmark may be reported present."""

NEVER_THERE = tuple(landmark for landmark in Landmark if landmark not in (Landmark.CT, Landmark.PT))
"""Landmarks that a coronary angiogram cannot show; a diagnostic catheter has a tip and a bend of its own."""


@dataclass(frozen=True)
class Judgements:
    """Answers on variants of one frame.

    Attributes:
        truth: (n, 11, 2) px by eye, in the variant; NaN for what is not judged.
        found: (n, 11, 2) px, whether reported or not; NaN outside the image.
        presence: (n, 11) probability.
        reported: (n, 11) passed its threshold.
        scale: (n,) of the variant.
    """

    truth: NDArray[np.float64]
    found: NDArray[np.float64]
    presence: NDArray[np.float64]
    reported: NDArray[np.bool_]
    scale: NDArray[np.float64]

    @property
    def distance(self) -> NDArray[np.float64]:
        """(n, 11) px of the unscaled frame; infinite where found outside the image, NaN where not judged."""
        distance = np.linalg.norm(self.found - self.truth, axis=-1) / self.scale[:, None]
        judged = np.isfinite(self.truth).all(axis=-1)
        return np.where(judged, np.where(np.isfinite(distance), distance, np.inf), np.nan)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n, 11) reported, and within the limit; False where not judged."""
        return self.reported & (self.distance <= LIMIT_PX)


def frame_figures(
    one: Judgements, points: Mapping[Landmark, Any], absent: Sequence[Landmark]
) -> dict[str, Any]:
    """The frame as it is: each landmark's presence, place and distance from the point read by eye (px)."""
    return {
        "right": int(one.right.sum()),
        "judged": len(points),
        "landmarks": {
            mark.name: {
                "kind": "judged" if mark in points else "absent" if mark in absent else "not judged",
                "reported": bool(one.reported[0, mark]),
                "presence": round(float(one.presence[0, mark]), 4),
                "x": _number(one.found[0, mark, 0]),
                "y": _number(one.found[0, mark, 1]),
                "distance_px": _number(one.distance[0, mark]) if mark in points else None,
            }
            for mark in Landmark
        },
    }


def variant_figures(
    many: Judgements, points: Mapping[Landmark, Any], absent: Sequence[Landmark]
) -> dict[str, Any]:
    """Over all variants: shares of right points, by landmark and together, and false alarms."""
    marks = sorted(points)
    within = float(many.right[:, marks].mean())
    alarms = {mark.name: float(many.reported[:, mark].mean()) for mark in absent}
    return {
        "variants": len(many.scale),
        "limit_px": LIMIT_PX,
        "within_share": within,
        "within_share_reported_or_not": float((many.distance[:, marks] <= LIMIT_PX).mean()),
        "target": WITHIN_TARGET,
        "met": within >= WITHIN_TARGET,
        "landmarks": {
            mark.name: {
                "reported_share": float(many.reported[:, mark].mean()),
                "median_px": _number(np.median(many.distance[:, mark])),
                "p95_px": _number(np.percentile(many.distance[:, mark], 95, method="higher")),
                "within_share": float(many.right[:, mark].mean()),
            }
            for mark in marks
        },
        "false_alarm_share": alarms,
        "not_judged_reported_share": {
            mark.name: float(many.reported[:, mark].mean())
            for mark in Landmark
            if mark not in points and mark not in absent
        },
    }


def cine_figures(reported: NDArray[np.bool_], presence: NDArray[np.float64]) -> dict[str, Any]:
    """Shares of a cine's frames (n, 11) in which landmarks are reported that cannot be there."""
    shares = {mark.name: float(reported[:, mark].mean()) for mark in Landmark}
    worst = max(shares[mark.name] for mark in NEVER_THERE)
    return {
        "frames": len(reported),
        "reported_share": shares,
        "largest_presence": {mark.name: round(float(presence[:, mark].max()), 4) for mark in Landmark},
        "worst_share": worst,
        "target": ALARM_TARGET,
        "met": worst <= ALARM_TARGET,
    }


def text(figures: Mapping[str, Any]) -> str:
    """What is printed."""
    model = figures["model"]
    lines = [f"{model['name']} {model['version']} on real images"]
    if "frame" in figures:
        lines += _frame_lines(figures["frame"], figures["variants"])
    if "cine" in figures:
        lines += _cine_lines(figures["cine"])
    return "\n".join(lines)


def _frame_lines(frame: Mapping[str, Any], variants: Mapping[str, Any]) -> list[str]:
    lines = [
        "",
        f"TAVI frame, px of 1000; right: reported, within {variants['limit_px']:.0f} px of the eye's point",
        f"          |        as it is        |  {variants['variants']} variants",
        "landmark  | presence  said  distance |  said  median   95 %  right",
    ]
    for name, row in frame["landmarks"].items():
        said = "yes" if row["reported"] else "no"
        start = f"{name:9} | {row['presence']:8.2f} {said:>5} "
        varied = variants["landmarks"].get(name)
        if varied:
            distances = f"{_px(varied['median_px']):>7} {_px(varied['p95_px']):>6}"
            said = f"{varied['reported_share']:5.0%}"
            end = f"{_px(row['distance_px']):>9} | {said} {distances} {varied['within_share']:6.0%}"
        else:
            shares = {**variants["false_alarm_share"], **variants["not_judged_reported_share"]}
            end = f"{row['kind']:>9} | {shares[name]:5.0%}"
        lines.append(start + end)
    lines.append(f"right as it is: {frame['right']} of {frame['judged']}")
    met = "met" if variants["met"] else "MISSED"
    lines.append(
        f"right over all variants: {variants['within_share']:.1%} (target {variants['target']:.0%}: {met}); "
        f"reported or not: {variants['within_share_reported_or_not']:.1%}"
    )
    return lines


def _cine_lines(cine: Mapping[str, Any]) -> list[str]:
    shares = ", ".join(f"{name} {share:.0%}" for name, share in cine["reported_share"].items())
    met = "met" if cine["met"] else "MISSED"
    return [
        "",
        f"Coronary cine without a valve, {cine['frames']} frames, reported present in: {shares}",
        f"largest share, CT and PT aside: {cine['worst_share']:.1%} "
        f"(target at most {cine['target']:.0%}: {met})",
    ]


def _number(value: Any) -> float | None:
    """Rounded to 0.1 for JSON, which knows neither NaN nor infinity."""
    return round(float(value), 1) if np.isfinite(value) else None


def _px(value: float | None) -> str:
    return "outside" if value is None else f"{value:.1f}"
