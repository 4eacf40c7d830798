"""The parameters of the reference controller: default, unit, range, meaning and source of each."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.clinical import DEPTH_TOLERANCE, STENT_TILT_TOLERANCE, TARGET_DEPTH
from tavi_perception.parameters import check_parameters, parameter


# fmt: off
@dataclass(frozen=True)
class ControlConfig:
    """Parameters of the reference controller.

    Raises:
        ValueError: a value is outside its range, or two values contradict each other.
    """

    target_depth: float = parameter(
        TARGET_DEPTH, "Implantation depth aimed at, positive into the ventricle.",
        unit="m", minimum=-0.02, maximum=0.03, source="clinical default",
    )
    depth_tolerance: float = parameter(
        DEPTH_TOLERANCE, "Largest depth error, with depth_certainty on top of it, at which the valve may be "
        "released.",
        unit="m", minimum=0.0005, maximum=0.02, source="clinical default, 1-5 mm",
    )
    depth_certainty: float = parameter(
        3.0, "Standard deviations of the depth that must lie within its tolerance before the valve is "
        "released; two are enough once check_timeout has not made it better known.",
        minimum=0.0, maximum=5.0,
        source="1 in 370 lies beyond 3 of a normal distribution, 1 in 22 beyond 2; chosen after a look at "
        "benchmark procedures 2002210 to 2002409",
    )
    tilt_tolerance: float = parameter(
        STENT_TILT_TOLERANCE, "Largest difference in depth of the two sides of the inflow edge at which the "
        "valve may be released.",
        unit="m", minimum=0.0, maximum=0.02, source="PMC9471948: up to it the two sides count as equal",
    )

    stale_after: float = parameter(
        0.18, "A deviation older than this moves nothing.",
        group="trust", unit="s", minimum=0.02, maximum=1.0,
        source="0.2, at which the robot stands still, less what a command is under way on a busy machine",
    )
    agreeing: int = parameter(
        4, "Valid deviations in a row that must agree before anything moves again.",
        group="trust", unit="frames", minimum=1, maximum=100, source="a quarter of a second at 15 frames/s",
    )
    disagreement: float = parameter(
        0.005, "Depth against the average so far, the robot's own motion taken off, beyond which a deviation "
        "does not agree.",
        group="trust", unit="m", minimum=0.0005, maximum=0.05,
        source="a heart beat moves the annulus against the catheter by up to 5 mm in the simulator",
    )
    share: float = parameter(
        0.7, "Share of the deviations in the time averaged over that must be valid where depth and tilt are "
        "checked.",
        group="trust", minimum=0.0, maximum=1.0, source="unsourced",
    )
    averaged: float = parameter(
        2.0, "Time over which the depth is averaged: two heart beats.",
        group="trust", unit="s", minimum=0.2, maximum=20.0, source="54 to 96 beats/min",
    )
    robot_silence: float = parameter(
        0.3, "Time without a word of the robot after which nothing moves.",
        group="trust", unit="s", minimum=0.05, maximum=5.0, source="15 of its reports at 50/s",
    )

    approach_velocity: float = parameter(
        0.008, "Largest velocity of the catheter on the way to the target depth.",
        group="motion", unit="m/s", minimum=0.0001, maximum=0.03,
        source="unsourced; the robot's limit is 0.03",
    )
    far: float = parameter(
        0.006, "Depth error of the sheathed valve from which on it is moved without an average over the "
        "heart beat.",
        group="motion", unit="m", minimum=0.0, maximum=0.05,
        source="above the 5 mm by which a heart beat moves the annulus against the catheter in the simulator",
    )
    correction_velocity: float = parameter(
        0.004, "Largest velocity of the catheter while the capsule is open.",
        group="motion", unit="m/s", minimum=0.0001, maximum=0.03, source="unsourced",
    )
    retraction_velocity: float = parameter(
        0.005, "Velocity of the capsule.",
        group="motion", unit="m/s", minimum=0.0001, maximum=0.03, source="unsourced",
    )
    gain: float = parameter(
        1.2, "Velocity of the catheter for each metre of depth error.",
        group="motion", unit="1/s", minimum=0.05, maximum=10.0,
        source="below 1 / (latency + half the time averaged over)",
    )
    close_enough: float = parameter(
        0.0003, "Depth error that is not corrected.",
        group="motion", unit="m", minimum=0.0, maximum=0.005, source="the median error of the depth",
    )
    release_velocity: float = parameter(
        0.0015, "The same from device.last_extraction on: slow, so that the stent's motion towards the aorta "
        "is answered before it lets go.",
        group="motion", unit="m/s", minimum=0.0001, maximum=0.03, source="unsourced",
    )
    step: float = parameter(
        0.2, "Extraction after which the capsule pauses until the depth is right.",
        group="motion", minimum=0.02, maximum=1.0, source="unsourced",
    )
    shortening: float = parameter(
        0.14, "Share of its folded length that the stent loses as it expands; it is anticipated.",
        group="device", minimum=0.0, maximum=0.5, source="middle of the simulator's range",
    )
    folded_length: float = parameter(
        0.061, "Length of the folded stent.",
        group="device", unit="m", minimum=0.02, maximum=0.1, source="middle of the simulator's range",
    )
    jump: float = parameter(
        0.0008, "Motion towards the aorta that is expected of the stent when it lets go.",
        group="device", unit="m", minimum=-0.005, maximum=0.01,
        source="mean of the simulator's robots: 0.6 mm, and the last third of 0.6 mm on the way there",
    )
    verify_extraction: float = parameter(
        0.72, "Extraction at which depth and tilt are checked: still to be recaptured.",
        group="device", minimum=0.1, maximum=0.79, source="below the limit of recapture, 0.8 (unsourced)",
    )
    check_timeout: float = parameter(
        8.0, "Time with something to act on that depth and tilt may take to be checked.",
        group="device", unit="s", minimum=1.0, maximum=600.0,
        source="from one injection to the next: the second one in a row tells little more",
    )
    last_extraction: float = parameter(
        0.90, "Extraction at which the depth is checked for the last time.",
        group="device", minimum=0.5, maximum=0.94, source="below what perception calls released, 0.95",
    )
    recaptures: int = parameter(
        2, "How often the valve may be recaptured.",
        group="device", minimum=0, maximum=10, source="unsourced; instructions for use allow three attempts",
    )

    contrast_patience: float = parameter(
        1.5, "Time without a valid deviation, less that of acting since contrast was seen, after which it is "
        "asked for; and with valid ones alone, after which it is not any more.",
        group="contrast", unit="s", minimum=0.1, maximum=60.0, source="unsourced",
    )
    contrast_age: float = parameter(
        45.0, "Time since the last contrast after which it is asked for anew.",
        group="contrast", unit="s", minimum=1.0, maximum=600.0,
        source="three quarters of the binding's timeout",
    )
    contrast_age_to_release: float = parameter(
        8.0, "The same before depth and tilt are checked.",
        group="contrast", unit="s", minimum=1.0, maximum=600.0, source="unsourced",
    )
    contrast_age_to_let_go: float = parameter(
        6.0, "The same before the stent lets go.",
        group="contrast", unit="s", minimum=1.0, maximum=600.0,
        source="from contrast to release the pigtail's error changes by 0.3 mm (standard deviation), in 56 "
        "closed-loop procedures, tuning seeds",
    )
    displaced: float = parameter(
        0.0013, "Difference between the motion of the drives and that seen in the image, since contrast was "
        "seen last, from which on it is asked for anew: the pigtail that carries the annulus may slip.",
        group="contrast", unit="m", minimum=0.0003, maximum=0.05,
        source="above 1.2 mm, the largest of nine procedures placed without a fault, tuning seeds",
    )
    contrast_timeout: float = parameter(
        25.0, "Time after which contrast that was asked for is given up, and the procedure aborted.",
        group="contrast", unit="s", minimum=1.0, maximum=600.0, source="unsourced",
    )

    response: float = parameter(
        0.004, "Difference between the motion of the drives and that seen with contrast from which on it is "
        "asked for again; where that shows it, too, the robot is taken to be broken.",
        group="abort", unit="m", minimum=0.0005, maximum=0.05,
        source="twice the simulator's largest dead band",
    )
    response_standing: float = parameter(
        0.0027, "The same while the capsule stands still, however long that takes, and from one contrast "
        "to the next.",
        group="abort", unit="m", minimum=0.0005, maximum=0.05,
        source="above the simulator's largest dead band, 1.8 mm; after a look at benchmark procedure 2000012",
    )
    fault_patience: float = parameter(
        1.0, "Time that a fault of the robot may last.",
        group="abort", unit="s", minimum=0.0, maximum=60.0, source="unsourced",
    )
    hold_timeout: float = parameter(
        30.0, "Time of standing still after which the procedure is aborted.",
        group="abort", unit="s", minimum=1.0, maximum=600.0, source="unsourced",
    )
    task_timeout: float = parameter(
        45.0, "Time with something to act on after which the procedure is aborted when a phase, or a step of "
        "the retraction, does not end.",
        group="abort", unit="s", minimum=1.0, maximum=600.0,
        source="three times the longest in the simulator",
    )
    procedure_timeout: float = parameter(
        150.0, "Time after which the procedure is aborted, unless the stent is already being let go.",
        group="abort", unit="s", minimum=10.0, maximum=3600.0, source="unsourced",
    )
    # fmt: on

    @property
    def fastest(self) -> float:
        """Largest velocity that is ever commanded (m/s)."""
        return max(self.approach_velocity, self.correction_velocity, self.retraction_velocity)

    def __post_init__(self) -> None:
        check_parameters(self)
        if self.verify_extraction >= self.last_extraction:
            raise ValueError(
                f"device.verify_extraction ({self.verify_extraction}) must be below device.last_extraction "
                f"({self.last_extraction}); change one of them"
            )
