"""The rules of validity: what makes an annulus frame or a deviation unfit to act on, in two tables.

An output is valid exactly when no rule holds. ``MODEL_NOT_READY``, ``IMAGE_STALE``,
``IMAGE_REJECTED`` and ``PROCESSING_FAILED`` concern frames that tracking has no answer to; they are the
node's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tavi_perception.estimates import NAN, Reason
from tavi_perception.tracking.capsule import SLIMMEST, WIDEST, CapsuleGauge
from tavi_perception.tracking.config import TrackingConfig


@dataclass(frozen=True)
class AnnulusEvidence:
    """What is judged about an annulus frame; NaN where unknown passes every test that compares it.

    Attributes:
        located: origin, direction and side of the ventricle are known in this frame.
        expired: the last injection is too long ago to carry the annulus with the pigtail.
        time_jump: this frame does not follow the one before it in time.
        diameter: distance AA1-AA2 (m).
        turn: direction against that of the injection so far (rad).
        spread: standard deviation of the origin in its worst direction, as a share of the diameter.
        settled: enough frames of this injection agree, or it is carried.
        disagreement: squared Mahalanobis distance between this frame and the others of the injection;
            infinite for an annulus carried by a pigtail that most frames of the last injection did not fit.
        capsule: its diameter by the calibration, over the frames of the view.
        pigtail_side: place of PT along AA1-AA2 from the origin, as a share of the diameter.
        contradicted: PT is an outlier relative to the catheter, or was one and has moved since, and the hinge
            points do not tell which of the two is misassociated.
    """

    located: bool
    expired: bool = False
    time_jump: bool = False
    diameter: float = NAN
    turn: float = NAN
    spread: float = NAN
    settled: bool = True
    disagreement: float = NAN
    capsule: CapsuleGauge = field(default_factory=CapsuleGauge)
    pigtail_side: float = NAN
    contradicted: bool = False


@dataclass(frozen=True)
class DeviationEvidence:
    """What is judged about a deviation; lengths in m, angles in rad.

    Attributes:
        calibrated: the size of a pixel is known.
        device_seen: the depth reference and an axis of the catheter are present.
        bare: extraction while the depth is still measured at the capsule's marker band.
        annulus_valid, annulus_reasons: of the annulus frame.
        estimates: depth, lateral, angle.
        sigmas: standard deviations of the estimates.
        depth_spread: that of the depth by landmarks and annulus alone, without what the projection hides (m).
        catheter_length: distance CP-CT.
        order: smallest step along the annulus normal from CP to CD to CT.
        depth_excess: how far the depth is beyond what it can have reached since it was last accepted.
        doubted: landmarks of the device have moved relative to each other, or the inflow edge is seen though
            the capsule covers it.
        foreign: probability that the delivery system is of another make.
    """

    calibrated: bool
    device_seen: bool
    annulus_valid: bool
    annulus_reasons: Reason
    estimates: tuple[float, float, float]
    sigmas: tuple[float, float, float]
    depth_spread: float
    bare: float = NAN
    catheter_length: float = NAN
    order: float = NAN
    depth_excess: float = NAN
    doubted: bool = False
    foreign: float = NAN


E = TypeVar("E")


@dataclass(frozen=True)
class Rule(Generic[E]):
    """One row: its name, the bit, the condition in words, the condition as a function."""

    name: str
    reason: Reason
    condition: str
    holds: Callable[[E, TrackingConfig], bool]


def _fits(capsule: CapsuleGauge, config: TrackingConfig) -> bool:
    """Whether a capsule of a known diameter, or of any that there is, can look like this."""
    known = config.capsule_diameter
    slimmest, widest = (SLIMMEST, WIDEST) if math.isnan(known) else (known, known)
    tolerance = config.capsule_tolerance
    return capsule.fits(slimmest * (1.0 - tolerance), widest * (1.0 + tolerance))


_OTHER_SIDE = 0.15
"""The pigtail lies in the non-coronary sinus, whose nadir is AA1: at -0.66 to -0.20 of the diameter in 40
synthetic procedures, tuning seeds."""

_MOST_FOREIGN = 0.05
"""To act on a foreign device costs more than to hold: in ten procedures with our own (tuning seeds) the mean
of a second was at most 0.009, with foreign ones hardly ever below 0.1."""

DISAGREEMENT = 16.27
"""99.9 % of the chi-square distribution with three degrees of freedom."""

ANNULUS_RULES: tuple[Rule[AnnulusEvidence], ...] = (
    Rule(
        "annulus unknown",
        Reason.NO_ANNULUS,
        "AA1 and AA2 are not both measured, and no injection has bound the annulus to a pigtail that is "
        "present; or neither STJ nor the catheter has told where the ventricle is",
        lambda e, c: not e.located and not e.expired,
    ),
    Rule(
        "annulus expired",
        Reason.ANNULUS_EXPIRED,
        "AA1 and AA2 are not both measured, and the last injection was more than annulus.binding_timeout ago",
        lambda e, c: e.expired,
    ),
    Rule(
        "annulus uncertain",
        Reason.LOW_CONFIDENCE,
        "standard deviation of the origin above annulus.sigma_limit, or unknown",
        lambda e, c: e.located and not e.spread <= c.annulus_sigma_limit,
    ),
    Rule(
        "injection unsettled",
        Reason.LOW_CONFIDENCE,
        "fewer than binding_frames frames of this injection so far",
        lambda e, c: e.located and not e.settled,
    ),
    Rule(
        "injection contradicted",
        Reason.IDENTITY_DOUBTFUL,
        "this frame contradicts the others of the injection, or most of the last injection's contradicted "
        "the pigtail that carries the annulus",
        lambda e, c: e.disagreement > DISAGREEMENT,
    ),
    Rule(
        "annulus diameter",
        Reason.IMPLAUSIBLE_GEOMETRY,
        "diameter outside annulus.diameter_min ... annulus.diameter_max",
        lambda e, c: e.diameter < c.annulus_diameter_min or e.diameter > c.annulus_diameter_max,
    ),
    Rule(
        "annulus turn",
        Reason.IDENTITY_DOUBTFUL,
        "AA1-AA2 turned by more than annulus_turn_max against the injection so far",
        lambda e, c: abs(e.turn) > c.annulus_turn_max,
    ),
    Rule(
        "hinge points exchanged",
        Reason.IDENTITY_DOUBTFUL,
        "PT lies on the side of AA2: the hinge points are exchanged",
        lambda e, c: e.pigtail_side > _OTHER_SIDE,
    ),
    Rule(
        "pigtail contradicted",
        Reason.IDENTITY_DOUBTFUL,
        "PT is an outlier relative to the catheter, or was one and has moved since, and no hinge point shows "
        "which of the two is misassociated",
        lambda e, c: e.contradicted,
    ),
    Rule(
        "capsule width",
        Reason.CALIBRATION_DOUBTFUL,
        "the capsule looks wider or narrower than device.capsule_diameter by more than "
        "device.capsule_tolerance: the calibration cannot be right",
        lambda e, c: not _fits(e.capsule, c),
    ),
    Rule(
        "time jump",
        Reason.TIME_JUMP,
        "the frame's stamp repeats, goes back, or is more than tracking.max_gap after the one before",
        lambda e, c: e.time_jump,
    ),
)

DEVIATION_RULES: tuple[Rule[DeviationEvidence], ...] = (
    Rule(
        "uncalibrated", Reason.UNCALIBRATED, "the size of a pixel is unknown", lambda e, c: not e.calibrated
    ),
    Rule(
        "annulus invalid",
        Reason.NO_ANNULUS,
        "the annulus frame is not valid and does not say why; if it does, its reasons are passed on",
        lambda e, c: not e.annulus_valid and not e.annulus_reasons,
    ),
    Rule(
        "device not seen",
        Reason.DEVICE_NOT_VISIBLE,
        "CD (sheathed) or FE1 and FE2 (afterwards) are not present, or no two points of the catheter give "
        "an axis that crosses the annulus",
        lambda e, c: not e.device_seen,
    ),
    Rule(
        "inflow edge not seen",
        Reason.DEVICE_NOT_VISIBLE,
        "extraction above device.capsule_extraction_max, but FE1 and FE2 have not been seen",
        lambda e, c: e.bare > c.capsule_extraction_max,
    ),
    Rule(
        "deviation uncertain",
        Reason.LOW_CONFIDENCE,
        "standard deviation of the depth, without the shares for calibration and foreshortening, above "
        "tracking.depth_sigma_limit, or one of depth, lateral and angle has no finite standard deviation",
        lambda e, c: (
            e.calibrated
            and e.device_seen
            and e.annulus_valid
            and not (
                e.depth_spread <= c.depth_sigma_limit and all(map(math.isfinite, e.sigmas + e.estimates))
            )
        ),
    ),
    Rule(
        "catheter length",
        Reason.IMPLAUSIBLE_GEOMETRY,
        "distance CP-CT outside device.catheter_length_min ... device.catheter_length_max",
        lambda e, c: e.catheter_length < c.catheter_length_min or e.catheter_length > c.catheter_length_max,
    ),
    Rule(
        "catheter order",
        Reason.IMPLAUSIBLE_GEOMETRY,
        "CP, CD and CT out of order along the annulus normal by more than device.order_tolerance",
        lambda e, c: e.order < -c.order_tolerance,
    ),
    Rule(
        "depth speed",
        Reason.IMPLAUSIBLE_GEOMETRY,
        "depth changed faster than tracking.max_depth_speed by more than three standard deviations",
        lambda e, c: e.depth_excess > 0.0,
    ),
    Rule(
        "device shape",
        Reason.IDENTITY_DOUBTFUL,
        "less than device.patience ago, CD (sheathed), CT, FE1 or FE2 has moved relative to CP, or FE1 "
        "relative to FE2, faster than device.max_shape_speed allows; or FE1 and FE2 are seen while the "
        "capsule covers them",
        lambda e, c: e.doubted,
    ),
    Rule(
        "foreign device",
        Reason.UNKNOWN_DEVICE,
        "by the frames of the last second the delivery system is, with a probability above 5 %, of a make "
        "that the model does not know",
        lambda e, c: e.foreign > _MOST_FOREIGN,
    ),
)


@dataclass(frozen=True)
class Verdict:
    """Why something is not valid: the reasons, and the names of the rules that hold."""

    reasons: Reason
    rules: tuple[str, ...]


def judge(rules: tuple[Rule[E], ...], evidence: E, config: TrackingConfig) -> Verdict:
    """All rules that hold."""
    holding = [rule for rule in rules if rule.holds(evidence, config)]
    reasons = Reason.NONE
    for rule in holding:
        reasons |= rule.reason
    return Verdict(reasons, tuple(rule.name for rule in holding))
