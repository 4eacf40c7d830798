"""The parameters of the reference controller: default, unit, range, meaning and source of each."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.clinical import DEPTH_TOLERANCE, TARGET_DEPTH
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
        DEPTH_TOLERANCE, "Largest depth error with which the valve may be released.",
        unit="m", minimum=0.0, maximum=0.02, source="clinical default, 1-5 mm",
    )
    stale_after: float = parameter(
        0.2, "A deviation older than this moves nothing.",
        unit="s", minimum=0.02, maximum=1.0, source="the perception node's stale_after",
    )
    # fmt: on

    def __post_init__(self) -> None:
        check_parameters(self)
