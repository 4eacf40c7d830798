"""From annotated frames on disk to the samples in memory that training takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.source import SourceError
from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.landmarks import COUNT
from training.annotations.frame import AnnotatedFrame
from training.annotations.images import WORKERS, in_parallel, read_grey
from training.annotations.report import AnnotationError
from training.data import Samples


def to_samples(frames: Sequence[AnnotatedFrame], size: int, *, workers: int = WORKERS) -> Samples:
    """The frames in the order given, each fitted into a square of ``size`` px as serving fits it.

    Raises:
        AnnotationError: an image has changed or vanished since it was checked.
    """
    images: NDArray[np.uint8] = np.empty((len(frames), size, size), np.uint8)
    xy: NDArray[np.float32] = np.zeros((len(frames), COUNT, 2), np.float32)
    visible = np.array([np.where(frame.known, frame.visible, np.nan) for frame in frames], np.float32)

    def fill(index: int) -> None:
        images[index], xy[index] = _fitted(frames[index], size)

    for _ in in_parallel(fill, range(len(frames)), "reading images", workers):
        pass
    return Samples(images, xy, visible.reshape(-1, COUNT), np.full(len(frames), np.nan, np.float32))


def groups_of(frames: Sequence[AnnotatedFrame]) -> NDArray[np.int64]:
    """(n,) number of each frame's procedure, 0 for the first of them by name."""
    _, numbers = np.unique([frame.procedure for frame in frames], return_inverse=True)
    return numbers.astype(np.int64)


def _fitted(frame: AnnotatedFrame, size: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    try:
        image = read_grey(frame.image, frame.stored_bits)
    except (SourceError, OSError) as error:
        raise AnnotationError(f"{frame.name} can no longer be read: {error}") from error
    if image.shape != (frame.height, frame.width):
        raise AnnotationError(f"{frame.image}: its size has changed since it was checked; open the set again")
    fitted, fit = fit_square(image, size)
    xy = np.where(frame.visible[:, None], fit.to_input(frame.xy), 0.0)
    return fitted, xy.astype(np.float32)
