"""Runs of frames for the clip variant."""

from __future__ import annotations

import numpy as np

from training.clip.streams import streams


def test_second_run_of_a_procedure_is_at_rest_and_the_first_is_not() -> None:
    moving, resting = streams([950_000], 128, length=4)

    def steps(xy: np.ndarray, visible: np.ndarray) -> np.ndarray:
        return np.linalg.norm(np.diff(xy, axis=0), axis=-1)[visible[1:] * visible[:-1] > 0]

    assert steps(moving.xy, moving.visible).max() > 0.1
    assert steps(resting.xy, resting.visible).max() < 0.05
    assert (resting.images[0] != resting.images[1]).any(), "noise is new in each frame"
