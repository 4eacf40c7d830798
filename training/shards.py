"""Renders a file of training frames: all that its content depends on is here, or imported here."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.landmarks import COUNT
from tavi_perception.simulation.backdrop import Backgrounds
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT, samples
from tavi_perception.simulation.wide import WIDE

_RENDER_SIZES = (1000, 512, 1000, 704)
"""Image sides rendered in turn, so that the network meets more than one amount of resampling blur."""


@dataclass(frozen=True)
class Scenery:
    """What frames are drawn from.

    Attributes:
        wide: the wider ranges of ``simulation.wide``.
        backgrounds: real frames in place of drawn anatomy.
    """

    wide: bool = False
    backgrounds: Backgrounds | None = None

    @property
    def name(self) -> str:
        """Of the files: it changes with all that is given here."""
        if self.backgrounds is None:
            return "wide_" if self.wide else ""
        listed = "".join(f"{file.name} {file.stat().st_size}" for file in self.backgrounds.files)
        return f"{'wide_' if self.wide else ''}real_{zlib.crc32(listed.encode()):08x}_"


USUAL = Scenery()
"""What procedures are drawn from."""


def render(job: tuple[Path, Sequence[int], int, Scenery]) -> None:
    """Render the frames of patients, fitted to a size, into a file; ``job``: file, seeds, size, scenery."""
    file, seeds, size, scenery = job
    cv2.setNumThreads(1)
    images, xy, visible, foreign = zip(*_frames(seeds, size, scenery), strict=True)
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(
            stream,
            images=np.stack(images),
            xy=np.stack(xy),
            visible=np.stack(visible),
            foreign=np.array(foreign, np.float32),
        )
    part.rename(file)


def _frames(
    seeds: Sequence[int], size: int, scenery: Scenery
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], bool]]:
    config = WIDE if scenery.wide else None
    for seed in seeds:
        side = _RENDER_SIZES[seed % len(_RENDER_SIZES)]
        for image, truth in samples(seed, side, FRAMES_PER_PATIENT, config, scenery.backgrounds):
            keypoints = truth.keypoints
            fitted, fit = fit_square(image.astype(np.uint8), size)
            xy = np.where(keypoints.present[:, None], fit.to_input(keypoints.xy), 0.0)
            visible = keypoints.present.astype(np.float32)
            yield fitted, xy.astype(np.float32).reshape(COUNT, 2), visible, truth.foreign
