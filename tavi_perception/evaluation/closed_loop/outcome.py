"""How one closed loop ended, judged by the simulator's truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tavi_perception.audit.motion import NS, Answers, Commands, NsArray, Recount, Travel, recount
from tavi_perception.audit.phases import holds, recaptures
from tavi_perception.clinical import TARGET_DEPTH, beyond_tolerance
from tavi_perception.control.decision import FINAL, Phase
from tavi_perception.estimates import NAN, Stage
from tavi_perception.evaluation.closed_loop.loop import LoopRecord


@dataclass(frozen=True)
class Outcome:
    """One procedure; lengths in mm, times in s.

    Attributes:
        seed, fault: which it was; fault "": none.
        phase: in which the controller ended. reason: why, in its own words.
        released: the stent has let go. placed: and the controller has taken it for good.
        depth: true at the end, in the image plane. spatial_depth: in space. tilt: true, of the inflow edge.
        believed_depth: the controller's at the end.
        duration: until the controller had finished.
        injections: of contrast. holds: times that the robot had to wait. recaptures: of the valve.
        valid: share of the deviations.
        commands, moving: commands to the robot, and those that asked for motion.
        breaches: motions without leave, by kind.
        wall: time that the computation took.
    """

    seed: int
    fault: str
    phase: str
    reason: str
    released: bool
    placed: bool
    depth: float
    spatial_depth: float
    tilt: float
    believed_depth: float
    duration: float
    injections: int
    holds: int
    recaptures: int
    valid: float
    commands: int
    moving: int
    breaches: dict[str, int]
    wall: float = NAN

    @property
    def depth_error(self) -> float:
        """True depth less the target (mm)."""
        return self.depth - 1e3 * TARGET_DEPTH

    @property
    def beyond_tolerance(self) -> float:
        """How far depth or tilt, the worse of them, lies out of its tolerance (mm); NaN unknown."""
        return 1e3 * beyond_tolerance(1e-3 * self.depth_error, 1e-3 * self.tilt)

    @property
    def within_tolerance(self) -> bool:
        return self.released and self.beyond_tolerance == 0.0


def outcome_of(record: LoopRecord, seed: int, fault: str = "") -> Outcome:
    """Judges what was recorded of procedure ``seed``."""
    truth = record.truths[-1][1]
    phases = [frame.decision.phase for frame in record.frames]
    last = record.frames[-1]
    released = truth.deviation.stage is Stage.RELEASED
    motion = _recount(record)
    ended = next((frame.now for frame in record.frames if frame.decision.phase in FINAL), math.nan)
    return Outcome(
        seed=seed,
        fault=fault,
        phase=last.decision.phase.name,
        reason=last.decision.command.reason,
        released=released,
        placed=released and last.decision.phase is Phase.DONE,
        depth=1e3 * truth.deviation.depth,
        spatial_depth=1e3 * truth.spatial_depth,
        tilt=1e3 * truth.deviation.stent_tilt,
        believed_depth=1e3 * last.decision.depth,
        duration=ended,
        injections=len(record.injections),
        holds=holds(phases),
        recaptures=recaptures(phases),
        valid=float(np.mean([frame.deviation.valid for frame in record.frames])),
        commands=motion.commands,
        moving=motion.moving,
        breaches={breach.value: count for breach, count in motion.counts.items() if count},
    )


def _recount(record: LoopRecord) -> Recount:
    received, commands = [list(column) for column in zip(*record.commands, strict=True)]
    released = [time for time, truth in record.truths if truth.deviation.stage is Stage.RELEASED]
    return recount(
        Commands(
            _ns(received),
            _ns([command.stamp for command in commands]),
            np.array([command.advance_velocity for command in commands]),
            np.array([command.retraction_velocity for command in commands]),
            np.array([command.hold for command in commands]),
        ),
        Answers(
            _ns([frame.now for frame in record.frames]),
            _ns([frame.stamp for frame in record.frames]),
            np.array([frame.deviation.valid for frame in record.frames]),
        ),
        Travel(
            _ns([time for time, _, _ in record.travel]),
            np.array([advance for _, advance, _ in record.travel]),
            np.array([retraction for _, _, retraction in record.travel]),
        ),
        released=round(released[0] * NS) if released else None,
    )


def _ns(seconds: list[float]) -> NsArray:
    known = np.nan_to_num(np.array(seconds, dtype=np.float64), nan=-1.0)
    return np.round(known * NS).astype(np.int64)
