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
from tavi_perception.simulation.procedure import RenderedProcedure
from training.augmentation import normalise
from training.clip.memory import CELLS, Memory, Seen

LENGTH = 16
"""Frames of a run."""

_DURATION_S, _FRAME_RATE, _RENDERED_SIDE = 20.0, 15.0, 1000


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
class Answers:
    """What a single-frame network answers on a run, and the clips that follow from it.

    Attributes:
        xy: (n, 11, 2) px of the input.
        corner: (n, 11, 2) top left pixel of each patch.
        clips: (n, 11, CELLS, CELLS, frames) float16 log-probabilities, the newest first.
    """

    xy: NDArray[np.float32]
    corner: NDArray[np.float32]
    clips: NDArray[np.float16]


def streams(seeds: Sequence[int], size: int, each: int = 2, length: int = LENGTH) -> Iterator[Stream]:
    """``each`` runs of every procedure of ``seeds``, at random moments, fitted to inputs of ``size`` px."""
    for seed in tqdm(seeds, unit="procedure", desc="rendering runs"):
        procedure = RenderedProcedure(seed, _DURATION_S, _FRAME_RATE, _RENDERED_SIDE)
        rng = np.random.default_rng([seed, 7])
        for first in rng.integers(0, procedure.frame_count - length, each):
            yield _stream(procedure, range(first, first + length), size)


def answers(model: keras.Model, stream: Stream) -> Answers:
    """What ``model`` (see ``architectures.build``) answers on a run."""
    still = np.zeros((len(stream.images), COUNT, 2), np.float32)
    outputs = model.predict_on_batch({"image": normalise(stream.images), "jitter": still})
    heat = outputs["patch_heat"].reshape(-1, COUNT, CELLS, CELLS)
    memory = Memory()
    clips = [memory.add(Seen(*seen)) for seen in zip(heat, outputs["corner"], strict=True)]
    # Below this nothing can be said in float16 either.
    return Answers(outputs["xy"], outputs["corner"], np.maximum(np.stack(clips), -60).astype(np.float16))


def _stream(procedure: RenderedProcedure, frames: range, size: int) -> Stream:
    images, xy, visible = [], [], []
    for index in frames:
        fitted, fit = fit_square(procedure.frame(index).image, size)
        keypoints = procedure.truth(index).keypoints
        images.append(fitted)
        xy.append(np.where(keypoints.present[:, None], fit.to_input(keypoints.xy), 0.0))
        visible.append(keypoints.present)
    return Stream(np.stack(images), np.stack(xy).astype(np.float32), np.stack(visible).astype(np.float32))
