"""Labelled frames with answers of a known quality."""

from __future__ import annotations

import numpy as np
import pytest

from tavi_perception.estimates import Keypoints
from tavi_perception.evaluation.answers import Answer
from tavi_perception.evaluation.judged import Judged, Labelled, judge
from tavi_perception.landmarks import COUNT, Landmark

SIDE = 500
SIGMA = 2.0
"""Of the answers' x and y, stated and true (px of the image)."""


def labelled(index: int, rng: np.random.Generator, image: bool = False) -> Labelled:
    """A frame of positioning without, or deployment with, the corners of the stent inflow edge."""
    deployed = index % 2 == 1
    visible = np.ones(COUNT, dtype=bool)
    visible[[Landmark.FE1, Landmark.FE2]] = deployed
    visible[Landmark.CM] = not deployed
    xy = np.where(visible[:, None], rng.uniform(50, SIDE - 50, (COUNT, 2)), np.nan)
    grey = np.full((SIDE, SIDE), 120, dtype=np.uint8) if image else None
    stage = "deployment" if deployed else "positioning"
    return Labelled(f"frame {index}", f"patient {index // 4}", stage, grey, SIDE, SIDE, xy, visible)


def answer(frame: Labelled, rng: np.random.Generator) -> Answer:
    """Normally distributed about the truth; everything visible is reported, and nothing else."""
    xy = np.where(frame.visible[:, None], frame.xy, 250.0) + rng.normal(0.0, SIGMA, (COUNT, 2))
    covariance = np.broadcast_to(SIGMA**2 * np.eye(2), (COUNT, 2, 2)).copy()
    presence = np.where(frame.visible, 0.9, 0.1)
    everything = np.ones(COUNT, dtype=bool)
    keypoints = Keypoints(SIDE, SIDE, presence, everything, everything, xy, covariance)
    return Answer(keypoints, presence > 0.5)


@pytest.fixture(scope="session")
def judged() -> Judged:
    rng = np.random.default_rng(5)
    frames = [labelled(index, rng) for index in range(200)]
    return judge((frame, answer(frame, rng)) for frame in frames)
