"""The tracker's estimates over an observed procedure, and their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import GreyImage, Keypoints, Stage
from tavi_perception.evaluation.procedures.observing import Observed
from tavi_perception.pipeline import Pipeline
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.validity import ANNULUS_RULES, DEVIATION_RULES, Rule

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

RULES: tuple[Rule[Any], ...] = (*ANNULUS_RULES, *DEVIATION_RULES)
"""All that may keep a frame from being valid."""

STAGE_MARGIN = 0.5
"""Time around a change of stage (s) in which the stage is not judged."""


@dataclass(frozen=True)
class Tracked:
    """The n frames of procedures that are judged: from the first contrast to the release.

    Errors are estimate minus truth, in mm and degrees; NaN where either is unknown.

    Attributes:
        seed: (n,) of the procedure. time: (n,) since its first frame (s).
        valid: (n,) deviations. reasons: (n,) ``Reason`` bits of them.
        rules: (n, len(RULES)) which of them held.
        depth, depth_sigma, lateral, lateral_sigma: (n,) errors and stated standard deviations (mm).
        angle, angle_sigma: (n,) the same (°).
        extraction: (n,) error, as a share.
        stage, true_stage: (n,) ``Stage``. settled: (n,) away from a change of the true stage.
        true_depth: (n,) mm.
        contrast_age: (n,) true time since both hinge points were last visible (s); 0 with contrast.
    """

    seed: NDArray[np.int64]
    time: Floats
    valid: Flags
    reasons: NDArray[np.int64]
    rules: Flags
    depth: Floats
    depth_sigma: Floats
    lateral: Floats
    lateral_sigma: Floats
    angle: Floats
    angle_sigma: Floats
    extraction: Floats
    stage: NDArray[np.uint8]
    true_stage: NDArray[np.uint8]
    settled: Flags
    true_depth: Floats
    contrast_age: Floats

    def __len__(self) -> int:
        return len(self.time)

    def only(self, chosen: Flags) -> Tracked:
        """Those frames alone."""
        return Tracked(**{field.name: getattr(self, field.name)[chosen] for field in fields(Tracked)})


def track(observed: Observed, config: TrackingConfig | None = None) -> Tracked:
    """Run the second half of the pipeline over all frames of ``observed``."""
    pipeline, config, truth = Pipeline(_no_image), config or TrackingConfig(), observed.truth
    tracked = [pipeline.track(each, config) for each in observed]
    deviations = [each.deviation for each in tracked]

    def found(name: str) -> Floats:
        return np.array([getattr(each, name) for each in deviations], dtype=np.float64)

    judged = np.isfinite(truth.contrast_age) & (truth.stage != Stage.RELEASED)
    return Tracked(
        seed=np.full(len(observed), observed.seed, dtype=np.int64),
        time=observed.times,
        valid=np.array([each.valid for each in deviations]),
        reasons=np.array([each.reasons for each in deviations], dtype=np.int64),
        rules=np.array([[rule.name in each.rules for rule in RULES] for each in tracked]),
        depth=1e3 * (found("depth") - truth.depth),
        depth_sigma=1e3 * found("depth_sigma"),
        lateral=1e3 * (found("lateral") - truth.lateral),
        lateral_sigma=1e3 * found("lateral_sigma"),
        angle=np.degrees(found("angle") - truth.angle),
        angle_sigma=np.degrees(found("angle_sigma")),
        extraction=found("extraction") - truth.extraction,
        stage=np.array([each.stage for each in deviations], dtype=np.uint8),
        true_stage=truth.stage,
        settled=_settled(truth.stage, observed.times),
        true_depth=1e3 * truth.depth,
        contrast_age=truth.contrast_age,
    ).only(judged)


def _no_image(_: GreyImage) -> Keypoints:
    raise AssertionError("observations are tracked without their images")


def joined(parts: Sequence[Tracked]) -> Tracked:
    """The frames of all ``parts``, one after the other."""
    return Tracked(
        **{
            field.name: np.concatenate([getattr(each, field.name) for each in parts])
            for field in fields(Tracked)
        }
    )


def by_procedure(frames: Tracked) -> list[Tracked]:
    """The frames of each procedure, in the order of their seeds."""
    return [frames.only(frames.seed == seed) for seed in np.unique(frames.seed)]


def _settled(stage: NDArray[np.uint8], times: Floats) -> Flags:
    changes = times[1:][np.diff(stage.astype(np.int64)) != 0]
    return ~(np.abs(times[:, None] - changes) <= STAGE_MARGIN).any(axis=1)
