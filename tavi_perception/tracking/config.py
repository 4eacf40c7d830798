"""The parameters of tracking: default, unit, range, meaning and source of each, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tavi_perception.clinical import DEPTH_TOLERANCE, TARGET_DEPTH
from tavi_perception.parameters import check_parameters, constant, parameter, parameters_of


# fmt: off
@dataclass(frozen=True)
class TrackingConfig:
    """Parameters of tracking; ``parameters_of(TrackingConfig)`` tells unit, range, meaning and source.

    Lengths "of the image" are shares of the longer side of the image, so that they hold in any matrix.

    Raises:
        ValueError: a value is outside its range, or two values contradict each other.
    """

    target_depth: float = parameter(
        TARGET_DEPTH, "Implantation depth aimed at, positive into the ventricle.",
        group="tracking", unit="m", minimum=-0.02, maximum=0.03, source="clinical default",
    )
    depth_tolerance: float = parameter(
        DEPTH_TOLERANCE, "Largest depth error that counts as within tolerance.",
        group="tracking", unit="m", minimum=0.0, maximum=0.02, source="clinical default, 1-5 mm",
    )
    depth_sigma_limit: float = parameter(
        0.0009, "Standard deviation of the depth, as far as landmarks and annulus make it, above which it "
        "is LOW_CONFIDENCE.",
        group="tracking", unit="m", minimum=0.0, maximum=0.02,
        source="of depths stated to 0.5-0.75 mm 1.3 % are wrong by 2.5 mm, to 0.75-0.9 mm 1.6 %, to 0.9-1.2 "
        "mm 7.5 %: 180 closed-loop procedures, tuning seeds",
    )
    max_depth_speed: float = parameter(
        0.15, "Depth that changes faster, beyond its uncertainty, is IMPLAUSIBLE_GEOMETRY.",
        group="tracking", unit="m/s", minimum=0.0, maximum=10.0,
        source="three times the 44 mm/s of a device at rest in an annulus that moves 11.6 mm at 72 beats/min",
    )

    annulus_diameter_min: float = parameter(
        0.015, "Distance AA1-AA2 below which the annulus is IMPLAUSIBLE_GEOMETRY.",
        group="annulus", unit="m", minimum=0.0, maximum=0.1, source="clinical default",
    )
    annulus_diameter_max: float = parameter(
        0.035, "Distance AA1-AA2 above which the annulus is IMPLAUSIBLE_GEOMETRY.",
        group="annulus", unit="m", minimum=0.0, maximum=0.1, source="clinical default",
    )
    annulus_sigma_limit: float = parameter(
        0.15, "Standard deviation of the annulus' origin above which it is LOW_CONFIDENCE.",
        group="annulus", unit="of the diameter", minimum=0.0, maximum=1.0, source="unsourced",
    )
    annulus_turn_max: float = constant(
        0.52, "Turn of AA1-AA2 against the injection so far above which it is IDENTITY_DOUBTFUL.",
        unit="rad", minimum=0.0, maximum=math.pi, source="unsourced",
    )
    binding_timeout: float = parameter(
        60.0, "How long after contrast the pigtail carries the annulus frame.",
        group="annulus", unit="s", minimum=0.0, maximum=600.0, source="clinical default",
    )
    binding_frames: int = constant(
        3, "Frames with contrast and pigtail before the pigtail may carry the annulus frame.",
        unit="frames", minimum=1, maximum=100, source="unsourced",
    )
    binding_residual: float = constant(
        0.003, "Least standard deviation of the annulus against the pigtail.",
        unit="of the diameter", minimum=0.0, maximum=1.0,
        source="coverage of the stated depth sigmas over 12 synthetic procedures, tuning seeds",
    )
    correlated_noise: float = constant(
        0.3, "Share of the stated variance of the hinge points that all frames of an injection share.",
        minimum=0.0, maximum=1.0,
        source="coverage in 20 closed-loop procedures, tuning seeds: root mean square of error over stated "
        "sigma 1.05 in the median procedure; 1.25 with 0.15 and injections that err independently",
    )
    patient_noise: float = constant(
        0.8, "Share of correlated_noise that all injections of a patient share.", minimum=0.0, maximum=1.0,
        source="0.82, 0.83 and 0.76, along and across the annulus normal and of the angle, in 153 injections "
        "of 34 synthetic patients, tuning seeds",
    )
    cardiac_motion_prior: float = constant(
        0.05, "Prior standard deviation of the motion of the annulus against the pigtail over a heart beat.",
        unit="of the pigtail's motion", minimum=0.001, maximum=1.0,
        source="least jitter of the depth over 40 synthetic procedures, tuning seeds",
    )
    binding_drift: float = constant(
        0.001, "Random walk of the annulus against the pigtail.",
        unit="of the diameter per sqrt(s)", minimum=0.0, maximum=1.0,
        source="coverage of the stated depth sigmas over 12 synthetic procedures, tuning seeds",
    )
    binding_turn: float = constant(
        0.005, "Random walk of the direction of the annulus since contrast.",
        unit="rad/sqrt(s)", minimum=0.0, maximum=1.0, source="unsourced",
    )
    injection_gap: float = constant(
        2.0, "Time without contrast after which the next contrast is another injection.",
        unit="s", minimum=0.0, maximum=60.0, source="unsourced",
    )

    sheathed_length: float = parameter(
        math.nan, "Distance CP-CD of the sheathed device; NaN: the largest one seen.",
        group="device", unit="m", minimum=0.02, maximum=0.1, source="unsourced",
    )
    max_shape_speed: float = parameter(
        0.05, "CD (sheathed), CT, FE1 or FE2 that moves faster against CP, or FE1 twice as fast against FE2, "
        "beyond its noise, is IDENTITY_DOUBTFUL.",
        group="device", unit="of the image per s", minimum=0.0, maximum=1.0,
        source="8.5 mm/s at 0.17 mm/px, 1000 px",
    )
    device_patience: float = parameter(
        1.3, "How long a device must be seen with another shape, or an injection that contradicts the one "
        "before, to be believed; or an outlier of a pigtail that hinge points confirm, to be followed.",
        group="device", unit="s", minimum=0.0, maximum=60.0,
        source="longer than a passing catheter is misassociated: a second",
    )
    capsule_diameter: float = parameter(
        math.nan, "Outer diameter of the delivery capsule; NaN: any of 14 to 18 Fr.",
        group="device", unit="m", minimum=0.002, maximum=0.02,
        source="4.67 mm (14 Fr-equivalent) or 6.0 mm (18 Fr)",
    )
    capsule_tolerance: float = parameter(
        0.06, "Share by which the capsule may look wider or narrower than it is before the calibration is "
        "CALIBRATION_DOUBTFUL.",
        group="device", minimum=0.0, maximum=1.0,
        source="3 % too narrow to 4 % too wide in 40 synthetic procedures of 512 px, tuning seeds",
    )
    calibration_sigma: float = parameter(
        0.03, "Standard deviation of the size of a pixel, as a share of it.",
        group="tracking", minimum=0.0, maximum=0.5, source="a valve 2 cm off the stated distance of 0.7 m",
    )
    view_tilt: float = parameter(
        0.17, "Angle out of the image plane by which the annulus normal and the device may be foreshortened.",
        group="tracking", unit="rad", minimum=0.0, maximum=1.0,
        source="10°: a view in which the three cusps lie in a line has none",
    )
    catheter_length_min: float = parameter(
        0.03, "Distance CP-CT below which the device is IMPLAUSIBLE_GEOMETRY.",
        group="device", unit="m", minimum=0.0, maximum=0.3, source="unsourced",
    )
    catheter_length_max: float = parameter(
        0.12, "Distance CP-CT above which the device is IMPLAUSIBLE_GEOMETRY.",
        group="device", unit="m", minimum=0.0, maximum=0.3, source="76 mm on the published frames",
    )
    order_tolerance: float = parameter(
        0.003, "How far CP, CD and CT may be out of order along the annulus normal.",
        group="device", unit="m", minimum=0.0, maximum=0.05, source="unsourced",
    )
    retraction_start: float = constant(
        0.05, "Extraction at which positioning becomes retraction.",
        minimum=0.0, maximum=1.0, source="unsourced",
    )
    retraction_end: float = constant(
        0.03, "Extraction at which retraction becomes positioning again.",
        minimum=0.0, maximum=1.0, source="unsourced",
    )
    extraction_noise: float = constant(
        0.01, "Extraction that may be noise: only what exceeds it parts inflow edge and marker band.",
        minimum=0.0, maximum=0.1,
        source="least jitter of the depth; it costs up to 0.5 mm of depth, stated too shallow, at 1 to 5 % "
        "extraction",
    )
    capsule_extraction_max: float = parameter(
        0.15, "Extraction up to which the capsule may give the depth while FE1 and FE2 are not seen.",
        group="device", minimum=0.0, maximum=1.0, source="unsourced",
    )
    release_extraction: float = constant(
        0.95, "Extraction at which the valve counts as released.",
        minimum=0.0, maximum=1.0, source="unsourced",
    )
    stage_frames: int = constant(
        3, "Frames in a row that must agree before stage or depth reference changes.",
        unit="frames", minimum=1, maximum=100, source="unsourced",
    )

    max_gap: float = parameter(
        1.0, "Time between frames above which tracking starts afresh.",
        group="tracking", unit="s", minimum=0.05, maximum=60.0, source="3 frames at 3.75 frames/s",
    )
    frozen_after: float = parameter(
        0.2, "The same picture, to the last pixel, for longer than this is IMAGE_STALE: X-ray noise does not "
        "repeat itself.",
        group="tracking", unit="s", minimum=0.0, maximum=60.0, source="as old as a deviation may be",
    )
    bridging_time: float = parameter(
        0.3, "How long a landmark that is not seen is carried on.",
        group="tracking", unit="s", minimum=0.0, maximum=10.0, source="1 frame at 3.75 frames/s",
    )
    gate_probability: float = constant(
        0.999, "Share of the true measurements that pass the outlier gate.",
        minimum=0.5, maximum=0.999999, source="unsourced",
    )
    reacquire_frames: int = constant(
        3, "Consistent outliers in a row after which the track is re-initialised there.",
        unit="frames", minimum=1, maximum=100, source="unsourced",
    )
    appear_presence: float = constant(
        0.9, "Presence at which a new landmark is accepted at once.",
        minimum=0.0, maximum=1.0, source="unsourced",
    )
    appear_frames: int = constant(
        2, "Consistent frames in a row after which a less certain new landmark is accepted.",
        unit="frames", minimum=1, maximum=100, source="unsourced",
    )
    acceleration: float = constant(
        6.0, "Standard deviation of a landmark's acceleration.",
        unit="of the image per s^2", minimum=0.0, maximum=100.0,
        source="peak of 19 mm of annulus motion at 96 beats/min, 0.17 mm/px, 1000 px",
    )
    initial_speed: float = constant(
        0.3, "Standard deviation of a new landmark's speed.",
        unit="of the image per s", minimum=0.0, maximum=100.0,
        source="peak speed of the same motion",
    )
    persistent_error: float = constant(
        0.03, "Variance of the network's error that stays from frame to frame, as a share of the stated one.",
        minimum=0.0, maximum=10.0,
        source="coverage of the stated depth sigmas over 40 synthetic procedures, tuning seeds",
    )
    pigtail_acceleration: float = constant(
        0.7, "Standard deviation of the acceleration of PT against CD.",
        unit="of the image per s^2", minimum=0.0, maximum=100.0,
        source="120 mm/s^2: 95 % of the true ones are below 25 to 390 mm/s^2 in 30 closed-loop procedures, "
        "tuning seeds; with 0.4, and with 1.2, fewer frames were valid",
    )
    pigtail_speed: float = constant(
        0.05, "Standard deviation of the speed of PT against CD when it is first seen.",
        unit="of the image per s", minimum=0.0, maximum=100.0, source="unsourced",
    )
    pigtail_bridging: float = constant(
        0.6, "How long a pigtail that is not seen is carried on by the catheter.",
        unit="s", minimum=0.0, maximum=10.0, source="unsourced",
    )
    pigtail_patience: float = constant(
        0.8, "How long a pigtail must be seen where it was, to be taken for it again after it was lost, or "
        "at another place, with contrast, before it has slipped.",
        unit="s", minimum=0.0, maximum=60.0, source="a heart beat at 75/min",
    )
    pigtail_memory: float = constant(
        4.0, "How long a pigtail may be lost and be found again; later it takes an injection.",
        unit="s", minimum=0.0, maximum=600.0,
        source="0.1 % more valid frames than with 3 s, none wrong by 3 mm: 50 synthetic procedures",
    )
    unknown_sigma: float = constant(
        0.01, "Standard deviation assumed where the network gives no covariance.",
        unit="of the image", minimum=0.0, maximum=1.0, source="unsourced",
    )
    sigma_floor: float = constant(
        0.0002, "Standard deviation added to every measurement.",
        unit="of the image", minimum=1e-06, maximum=1.0, source="unsourced",
    )

    carm_angle_tolerance: float = constant(
        0.0087, "Change of a C-arm angle above which the C-arm has moved.",
        unit="rad", minimum=0.0, maximum=1.0, source="unsourced",
    )
    carm_length_tolerance: float = constant(
        0.005, "Relative change of a C-arm distance above which the C-arm has moved.",
        minimum=0.0, maximum=1.0, source="unsourced",
    )
    # fmt: on

    @property
    def gate(self) -> float:
        """Squared Mahalanobis distance (2 degrees of freedom) within which ``gate_probability`` lies.

        The chi-square distribution then has a closed form.
        """
        return -2.0 * math.log(1.0 - self.gate_probability)

    def __post_init__(self) -> None:
        check_parameters(self)
        values = {info.field: (info, getattr(self, info.field)) for info in parameters_of(self)}
        for info, value in values.values():
            if math.isnan(value) and not math.isnan(info.default):
                raise ValueError(f"tracking parameter {info.name} is NaN; give a number: {info.range_text}")
        for (lower, low), (upper, high) in ((values[one], values[other]) for one, other in _ORDERED):
            if low >= high:
                raise ValueError(
                    f"tracking parameter {lower.name} ({low}) must be below {upper.name} ({high}); "
                    "change one of them"
                )


_ORDERED = (
    ("annulus_diameter_min", "annulus_diameter_max"),
    ("catheter_length_min", "catheter_length_max"),
    ("retraction_end", "retraction_start"),
    ("retraction_start", "release_extraction"),
    ("bridging_time", "max_gap"),
)
