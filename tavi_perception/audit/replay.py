"""Whether a recorded procedure, played again, gives the deviations that were recorded."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tavi_perception.audit.procedure import DEVIATION
from tavi_perception.bags import decode
from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.estimates import NAN, CatheterDeviation, FloatArray, Reason

SAME_MOMENT = 1e-6
"""s by which the times of a frame may differ, since the first, in the two bags."""

KEYPOINTS = "/tavi/keypoints"


@dataclass(frozen=True)
class Answered:
    """The deviation of one frame, and when that was taken (s since the first frame that was answered)."""

    time: float
    deviation: CatheterDeviation


@dataclass(frozen=True)
class Comparison:
    """Two recordings of the same frames.

    Attributes:
        frames: how many there are.
        late: how many of them were too late for a robot in the first recording, and are not judged.
        both_valid: how many have a valid deviation in both.
        validity: times (s) of the frames that are valid in one of them alone.
        depth: (both_valid,) by how much their depths differ (m).
        tolerance: by how much they may (m).
    """

    frames: int
    late: int
    both_valid: int
    validity: tuple[float, ...]
    depth: FloatArray
    tolerance: float

    @property
    def largest(self) -> float:
        """Largest difference in depth (m); NaN where no frame is valid in both."""
        return float(self.depth.max()) if self.depth.size else NAN

    @property
    def beyond(self) -> int:
        """How many depths differ by more than the tolerance."""
        return int(np.sum(~(self.depth <= self.tolerance)))

    @property
    def ok(self) -> bool:
        """Every valid deviation has come again, and no other one has."""
        return bool(self.both_valid) and not self.validity and not self.beyond


def compare_replay(recorded: Path, replayed: Path, tolerance: float = 2e-5) -> Comparison:
    """Compares what was recorded with what the same frames gave when they were played again.

    Args:
        recorded: bag of the procedure.
        replayed: bag of ``./tavi run RECORDED --as-recorded``.
        tolerance: by how much depths may differ (m).

    Raises:
        BagError: a bag cannot be read, or they do not hold the same frames.
    """
    first, second = answered_frames(recorded), answered_frames(replayed)
    if len(first) != len(second) or any(
        abs(a.time - b.time) > SAME_MOMENT for a, b in zip(first, second, strict=True)
    ):
        raise BagError(
            f"bag {replayed} does not hold the {len(first)} frames that {recorded} has answers to, at "
            f"the same times, but {len(second)}: play them again with ./tavi run {recorded} --as-recorded"
        )
    pairs = [
        (a.time, a.deviation, b.deviation)
        for a, b in zip(first, second, strict=True)
        if not a.deviation.reasons & Reason.IMAGE_STALE
    ]
    valid = [(a, b) for _, a, b in pairs if a.valid and b.valid]
    return Comparison(
        frames=len(first),
        late=len(first) - len(pairs),
        both_valid=len(valid),
        validity=tuple(time for time, a, b in pairs if a.valid is not b.valid),
        depth=np.array([abs(a.depth - b.depth) for a, b in valid]),
        tolerance=tolerance,
    )


def answered_frames(path: Path) -> tuple[Answered, ...]:
    """The frames that the perception has worked on, in that order.

    Each has keypoints; a deviation without them only says that images have stopped.

    Raises:
        BagError: the bag cannot be read, or there are none.
    """
    deviations: defaultdict[int, list[CatheterDeviation]] = defaultdict(list)
    stamps: list[int] = []
    with BagReader(path) as bag:
        for message in bag.messages([KEYPOINTS, DEVIATION]):
            stamp = decode.stamp_ns(message.value)
            if message.topic == KEYPOINTS:
                stamps.append(stamp)
            else:
                deviations[stamp].append(decode.deviation(message.value))
    if not stamps or not all(deviations[stamp] for stamp in stamps):
        raise BagError(
            f"bag {path}: it holds no {KEYPOINTS} with a {DEVIATION} each; give a bag of ./tavi demo or run"
        )
    return tuple(Answered((stamp - stamps[0]) * 1e-9, deviations[stamp][0]) for stamp in stamps)
