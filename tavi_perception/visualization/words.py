"""What people read: reasons, stages and the status of a frame in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tavi_perception.estimates import (
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    Reason,
    Stage,
)

MINUS = "\N{MINUS SIGN}"
NOTICE = "Research software \N{EN DASH} not a medical device"
UNKNOWN = "\N{EN DASH}"
"""In place of a number that is not known."""

REASONS: dict[Reason, str] = {
    Reason.MODEL_NOT_READY: "model not ready",
    Reason.IMAGE_STALE: "image missing or too old",
    Reason.IMAGE_REJECTED: "image not usable",
    Reason.UNCALIBRATED: "no calibration",
    Reason.NO_ANNULUS: "annulus unknown",
    Reason.ANNULUS_EXPIRED: "last contrast too long ago",
    Reason.DEVICE_NOT_VISIBLE: "device not visible",
    Reason.LOW_CONFIDENCE: "too uncertain",
    Reason.IMPLAUSIBLE_GEOMETRY: "implausible geometry",
    Reason.TIME_JUMP: "time stamps jumped",
    Reason.IDENTITY_DOUBTFUL: "possibly another object",
    Reason.CALIBRATION_DOUBTFUL: "calibration doubtful",
    Reason.PROCESSING_FAILED: "processing failed",
    Reason.UNKNOWN_DEVICE: "unknown delivery system",
}
"""What each reason says, short enough for a line of the overlay."""

REMEDIES: dict[Reason, str] = {
    Reason.MODEL_NOT_READY: "wait for it, or read /diagnostics: it says what is wrong with the bundle",
    Reason.IMAGE_STALE: "check the image source and the clocks",
    Reason.IMAGE_REJECTED: "check the image source",
    Reason.UNCALIBRATED: "publish carm_geometry, or give the pixel size",
    Reason.NO_ANNULUS: "inject contrast medium with the pigtail in view",
    Reason.ANNULUS_EXPIRED: "inject contrast medium again",
    Reason.DEVICE_NOT_VISIBLE: "bring the device into view",
    Reason.LOW_CONFIDENCE: "wait, or inject contrast medium again",
    Reason.IMPLAUSIBLE_GEOMETRY: "look at the image, do not move",
    Reason.TIME_JUMP: "check the clock of the image source",
    Reason.IDENTITY_DOUBTFUL: "wait, or inject contrast medium again",
    Reason.CALIBRATION_DOUBTFUL: "check carm_geometry and the capsule diameter",
    Reason.PROCESSING_FAILED: "read the log",
    Reason.UNKNOWN_DEVICE: "use another model, or none",
}
"""What the operator can do about each reason, as tavi_msgs/msg/Reason.msg says it."""

STAGES: dict[Stage, str] = {
    Stage.UNKNOWN: "unknown",
    Stage.POSITIONING: "positioning",
    Stage.RETRACTION: "retraction",
    Stage.DEPLOYMENT: "deployment",
    Stage.RELEASED: "released",
}

REFERENCES: dict[DepthReference, str] = {
    DepthReference.NONE: "no reference",
    DepthReference.CAPSULE: "capsule marker band",
    DepthReference.STENT: "stent inflow edge",
}


_ASCII = str.maketrans({MINUS: "-", UNKNOWN: "-", "±": "+/-", "°": " deg"})


@dataclass(frozen=True)
class StatusRow:
    """A line of the status panel: what is shown, and its value in words."""

    label: str
    value: str


def reasons_in_words(reasons: Reason) -> tuple[str, ...]:
    """One phrase for each reason that is set, in the order of its bit."""
    return tuple(words for reason, words in REASONS.items() if reason in reasons)


def in_ascii(text: str) -> str:
    """The same for RViz, which leaves out every letter that is not ASCII, minus signs among them."""
    return text.translate(_ASCII)


def verdict(deviation: CatheterDeviation) -> str:
    """The one word that counts: VALID or INVALID."""
    return "VALID" if deviation.valid else "INVALID"


def status_rows(
    annulus: AnnulusFrame, deviation: CatheterDeviation, target_depth_m: float, tolerance_m: float
) -> tuple[StatusRow, ...]:
    """The status panel below the verdict; numbers that are not known are dashes."""
    target = with_sigma(target_depth_m * 1e3, tolerance_m * 1e3, " mm")
    return (
        StatusRow("Depth", with_sigma(deviation.depth * 1e3, deviation.depth_sigma * 1e3, " mm")),
        StatusRow("Error", with_unit(_signed(deviation.depth_error * 1e3), " mm")),
        StatusRow("Target", target),
        StatusRow(
            "Angle", with_sigma(math.degrees(deviation.angle), math.degrees(deviation.angle_sigma), "°")
        ),
        StatusRow("Stent tilt", with_unit(_signed(deviation.stent_tilt * 1e3), " mm")),
        StatusRow("Stage", STAGES[deviation.stage]),
        StatusRow("Extraction", with_unit(number(deviation.extraction * 100, 0), " %")),
        StatusRow("Depth at", REFERENCES[deviation.reference]),
        StatusRow("Annulus", annulus_in_words(annulus)),
    )


def annulus_in_words(annulus: AnnulusFrame) -> str:
    """How the annulus is known, and how old its last measurement is."""
    if annulus.source is AnnulusSource.CONTRAST:
        return "contrast, now"
    age = "" if math.isnan(annulus.contrast_age) else f", {annulus.contrast_age:.0f} s old"
    return f"by pigtail{age}" if annulus.source is AnnulusSource.PIGTAIL else f"unknown{age}"


def number(value: float, digits: int = 1) -> str:
    """As people read it; a dash where it is not known."""
    return f"{value:.{digits}f}".replace("-", MINUS) if math.isfinite(value) else UNKNOWN


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", MINUS) if math.isfinite(value) else UNKNOWN


def with_unit(text: str, unit: str) -> str:
    """``unit`` after a number in words; a dash has none."""
    return text if text == UNKNOWN else text + unit


def with_sigma(value: float, sigma: float, unit: str) -> str:
    """A value and its standard deviation, as far as they are known."""
    if not math.isfinite(value):
        return UNKNOWN
    spread = f" ± {number(sigma)}" if math.isfinite(sigma) else ""
    return f"{number(value)}{spread}{unit}"
