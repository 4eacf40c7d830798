"""Labelled frames beside the answers to them: what every figure of an evaluation is computed from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.evaluation.answers import Answer
from tavi_perception.evaluation.metrics import REFERENCE_SIDE, Predictions
from tavi_perception.evaluation.worst import WorstFrames
from tavi_perception.imaging.source import GreyImage


@dataclass(frozen=True)
class Labelled:
    """A frame and its truth.

    Attributes:
        name: of the frame, for people.
        procedure: the patient it belongs to.
        stage: of the procedure; None where the data do not say.
        image: (height, width) uint8; None where there is none to show.
        width, height: of the image (px).
        xy: (11, 2) px; NaN where not visible.
        visible: (11,) whether a landmark is visible.
        known: (11,) whether that is known; None: of all.
        mm_per_px: of this image, at the detector and at the patient; NaN where unknown.
    """

    name: str
    procedure: str
    stage: str | None
    image: GreyImage | None
    width: int
    height: int
    xy: NDArray[np.float64]
    visible: NDArray[np.bool_]
    known: NDArray[np.bool_] | None = None
    mm_per_px: tuple[float, float] = (float("nan"), float("nan"))

    @property
    def truth(self) -> NDArray[np.float32]:
        """(11,) 1 where visible, 0 where not, NaN where unknown."""
        known = True if self.known is None else self.known
        return np.where(known, self.visible, np.nan).astype(np.float32)


@dataclass(frozen=True)
class Truths:
    """(n, 11, 2) px of 1000, 0 where absent, and (n, 11) 1, 0 or NaN; implements ``metrics.Labels``."""

    xy: NDArray[np.float32]
    visible: NDArray[np.float32]


@dataclass(frozen=True)
class Judged:
    """Truth and answers of n frames, all lengths in px at an image side of 1000.

    Attributes:
        names, procedures, stages: of each frame.
        predictions: NaN where an answer has no place for a landmark.
        labels: the truth.
        reported: (n, 11) what was reported present.
        mm_per_px: (n, 2) mm at the detector and at the patient for a px of 1000; NaN where unknown.
    """

    names: tuple[str, ...]
    procedures: tuple[str, ...]
    stages: tuple[str | None, ...]
    predictions: Predictions
    labels: Truths
    reported: NDArray[np.bool_]
    mm_per_px: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.names)

    def only(self, chosen: NDArray[np.bool_]) -> Judged:
        """The frames chosen by (n,)."""
        indices = np.flatnonzero(chosen).tolist()
        predictions = self.predictions
        return Judged(
            tuple(self.names[i] for i in indices),
            tuple(self.procedures[i] for i in indices),
            tuple(self.stages[i] for i in indices),
            Predictions(
                predictions.presence[chosen],
                predictions.xy[chosen],
                predictions.covariance[chosen],
                predictions.size,
            ),
            Truths(self.labels.xy[chosen], self.labels.visible[chosen]),
            self.reported[chosen],
            self.mm_per_px[chosen],
        )


def judge(answered: Iterable[tuple[Labelled, Answer]], worst: WorstFrames | None = None) -> Judged:
    """Collects frames and answers, both in px of their own images; ``worst`` keeps pictures on the way.

    Raises:
        ValueError: there are no frames.
    """
    rows = []
    for frame, answer in answered:
        scale = REFERENCE_SIDE / max(frame.width, frame.height)
        found = _scaled(answer.keypoints.xy, scale)
        truth = _scaled(frame.xy, scale)
        if worst is not None and frame.image is not None:
            worst.offer(
                frame.name, frame.procedure, frame.image, truth, frame.visible, found, answer.reported
            )
        rows.append((frame, answer, found, truth, answer.keypoints.covariance * scale**2))
    if not rows:
        raise ValueError("evaluation: there are no labelled frames with an answer")
    frames, answers, found_xy, truths, covariances = zip(*rows, strict=True)
    return Judged(
        tuple(frame.name for frame in frames),
        tuple(frame.procedure for frame in frames),
        tuple(frame.stage for frame in frames),
        Predictions(
            np.stack([answer.keypoints.presence for answer in answers]),
            np.stack(found_xy),
            np.stack(covariances),
            REFERENCE_SIDE,
        ),
        Truths(
            np.nan_to_num(np.stack(truths)).astype(np.float32),
            np.stack([frame.truth for frame in frames]),
        ),
        np.stack([answer.reported for answer in answers]),
        np.array([frame.mm_per_px for frame in frames])
        * np.array([[max(frame.width, frame.height) / REFERENCE_SIDE] for frame in frames]),
    )


def _scaled(xy: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Pixels of an image so scaled; an integer stays a pixel's centre."""
    return np.asarray((xy + 0.5) * scale - 0.5)
