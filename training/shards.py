"""Renders a file of training frames: all that its content depends on is here, or imported here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.landmarks import COUNT
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT, samples

_RENDER_SIZES = (1000, 512, 1000, 704)
"""Image sides rendered in turn, so that the network meets more than one amount of resampling blur."""


def render(job: tuple[Path, Sequence[int], int]) -> None:
    """Render the frames of patients, fitted to ``size`` px, into a file; ``job``: file, seeds, size."""
    file, seeds, size = job
    cv2.setNumThreads(1)
    images, xy, visible = zip(*_frames(seeds, size), strict=True)
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, images=np.stack(images), xy=np.stack(xy), visible=np.stack(visible))
    part.rename(file)


def _frames(
    seeds: Sequence[int], size: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]]:
    for seed in seeds:
        for image, truth in samples(seed, _RENDER_SIZES[seed % len(_RENDER_SIZES)], FRAMES_PER_PATIENT):
            keypoints = truth.keypoints
            fitted, fit = fit_square(image.astype(np.uint8), size)
            xy = np.where(keypoints.present[:, None], fit.to_input(keypoints.xy), 0.0)
            yield fitted, xy.astype(np.float32).reshape(COUNT, 2), keypoints.present.astype(np.float32)
