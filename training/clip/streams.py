"""Runs of successive frames of simulated procedures, and what the single-frame network answers on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.landmarks import COUNT
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.distributions import Chance, Normal, Uniform
from tavi_perception.simulation.motion import MotionConfig
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.room import RoomConfig
from training.augmentation import normalise
from training.clip.memory import CELLS, Memory, Seen

LENGTH = 16
"""Frames of a run."""

_DURATION_S, _FRAME_RATE, _RENDERED_SIDE = 20.0, 15.0, 1000

AT_REST = SimulationConfig(
    motion=MotionConfig(
        excursion=Normal(0.0, 0.0, 0.0, 0.0), breath=Uniform(0.0, 0.0), pigtail_motion=Uniform(0.0, 0.0)
    ),
    room=RoomConfig(table=Chance(0.0), carm=Chance(0.0)),
)
"""Heart, breathing, table and C-arm stand still: what jumps then is the network's."""

_RESTS = ((0.02, 0.12), (0.72, 0.79))
"""Shares of a scripted procedure in which the robot rests too, both with contrast medium."""


@dataclass(frozen=True)
class Stream:
    """A run of successive frames.

    Attributes:
        images: (n, size, size) uint8 network input.
        xy: (n, 11, 2) px of it; 0 where absent.
        visible: (n, 11), 1 where the landmark is visible.
    """

    images: NDArray[np.uint8]
    xy: NDArray[np.float32]
    visible: NDArray[np.float32]


@dataclass(frozen=True)
class RunAnswers:
    """What a single-frame network answers on a run, and the clips that follow from it.

    Attributes:
        xy: (n, 11, 2) px of the input.
        corner: (n, 11, 2) top left pixel of each patch.
        clips: (n, 11, CELLS, CELLS, frames) float16 log-probabilities, the newest first.
    """

    xy: NDArray[np.float32]
    corner: NDArray[np.float32]
    clips: NDArray[np.float16]


def streams(seeds: Sequence[int], size: int, length: int = LENGTH) -> Iterator[Stream]:
    """Two runs of every procedure of ``seeds``, fitted to inputs of ``size`` px.

    One at a random moment; one of the same patient while everything is at rest, which real ones are not
    for long, but which alone shows how steady an estimate is.
    """
    for seed in tqdm(seeds, unit="procedure", desc="rendering runs"):
        rng = np.random.default_rng([seed, 7])
        moving = RenderedProcedure(seed, _DURATION_S, _FRAME_RATE, _RENDERED_SIDE)
        first = int(rng.integers(0, moving.frame_count - length))
        yield _stream(moving, range(first, first + length), size)
        resting = RenderedProcedure(seed, _DURATION_S, _FRAME_RATE, _RENDERED_SIDE, config=AT_REST)
        begin, end = (round(share * resting.frame_count) for share in _RESTS[int(rng.integers(len(_RESTS)))])
        first = int(rng.integers(begin, max(begin + 1, end - length)))
        yield _stream(resting, range(first, first + length), size)


def answers(model: keras.Model, stream: Stream) -> RunAnswers:
    """What ``model`` (see ``architectures.build``) answers on a run."""
    still = np.zeros((len(stream.images), COUNT, 2), np.float32)
    outputs = model.predict_on_batch({"image": normalise(stream.images), "jitter": still})
    heat = outputs["patch_heat"].reshape(-1, COUNT, CELLS, CELLS)
    memory = Memory()
    clips = [memory.add(Seen(*seen)) for seen in zip(heat, outputs["corner"], strict=True)]
    # Below this nothing can be said in float16 either.
    return RunAnswers(outputs["xy"], outputs["corner"], np.maximum(np.stack(clips), -60).astype(np.float16))


def _stream(procedure: RenderedProcedure, frames: range, size: int) -> Stream:
    images, xy, visible = [], [], []
    for index in frames:
        fitted, fit = fit_square(procedure.frame(index).image, size)
        keypoints = procedure.truth(index).keypoints
        images.append(fitted)
        xy.append(np.where(keypoints.present[:, None], fit.to_input(keypoints.xy), 0.0))
        visible.append(keypoints.present)
    return Stream(np.stack(images), np.stack(xy).astype(np.float32), np.stack(visible).astype(np.float32))
