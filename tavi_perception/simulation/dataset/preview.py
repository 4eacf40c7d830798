"""Pictures of what the simulator draws: a sheet of many procedures, or one beside a real frame."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tavi_perception.estimates import Keypoints
from tavi_perception.imaging.source import GreyImage
from tavi_perception.simulation.dataset.options import DatasetError, DatasetOptions
from tavi_perception.simulation.dataset.pool import check_workers, run_parallel
from tavi_perception.simulation.dataset.source import Procedure
from tavi_perception.visualization.contact_sheet import contact_sheet

SHEET_TILE, BESIDE_TILE = 320, 1000
"""Longer side of an image (px) in a sheet of many, and beside a real one."""

_GOLDEN = 0.618033988749895
_QUALITY = 88
_TRIES = 40
"""Moments of a procedure that are looked at for the one in which most landmarks are visible."""


@dataclass(frozen=True)
class Preview:
    """One frame of a procedure; ``image`` is (H, W) uint8."""

    seed: int
    image: NDArray[Any]
    keypoints: Keypoints
    caption: str


def write_sheet(
    path: Path, options: DatasetOptions, workers: int, *, at: float | None = None, landmarks: bool = False
) -> None:
    """One frame of each procedure: at a time (s), or at moments all over their course.

    Raises:
        DatasetError: the picture cannot be written.
    """
    tasks = [
        functools.partial(
            _at, options, seed, (number + 0.5) * _GOLDEN % 1.0 * options.duration if at is None else at
        )
        for number, seed in enumerate(options.seeds)
    ]
    previews = sorted(_made(tasks, workers), key=lambda preview: preview.seed)
    sheet = contact_sheet(
        [preview.image for preview in previews],
        [preview.caption for preview in previews],
        tile=SHEET_TILE,
        keypoints=[preview.keypoints for preview in previews] if landmarks else (),
    )
    write_picture(path, sheet)


def write_beside(
    path: Path,
    options: DatasetOptions,
    workers: int,
    real: GreyImage,
    caption: str,
    *,
    at: float | None = None,
    landmarks: bool = False,
) -> None:
    """A real frame and, at the same scale, one of each procedure: at a time (s), or where it shows most.

    Raises:
        DatasetError: the picture cannot be written.
    """
    tasks = [
        functools.partial(_fullest, options, seed)
        if at is None
        else functools.partial(_at, options, seed, at)
        for seed in options.seeds
    ]
    previews = sorted(_made(tasks, workers), key=lambda preview: preview.seed)
    sheet = contact_sheet(
        [real, *(preview.image for preview in previews)],
        [caption, *(preview.caption for preview in previews)],
        tile=BESIDE_TILE,
        columns=2,
        keypoints=[None, *(preview.keypoints for preview in previews)] if landmarks else (),
    )
    write_picture(path, sheet)


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """A (H, W, 3) BGR picture as PNG or JPEG, by the name's suffix.

    Raises:
        DatasetError: the suffix is another, or the file cannot be written.
    """
    check_picture_name(path)
    _, data = cv2.imencode(path.suffix, picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise DatasetError(f"{path}: the picture cannot be written: {error.strerror or error}") from None


def check_picture_name(path: Path) -> None:
    """Raises DatasetError when the suffix is neither PNG's nor JPEG's."""
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise DatasetError(f"{path}: pictures are written as .png or .jpg; give a name that ends so")


def check_moment(at: float | None, options: DatasetOptions) -> None:
    """Raises DatasetError when the time (s) lies outside the procedures."""
    if at is not None and not 0 <= at <= options.duration:
        raise DatasetError(f"--at is {at:g}; give 0 to {options.duration:g} s, the length of the procedures")


def _made(tasks: Sequence[functools.partial[Preview]], workers: int) -> Iterator[Preview]:
    check_workers(workers)
    results = run_parallel(tasks, min(workers, len(tasks)))
    yield from tqdm(results, total=len(tasks), unit="procedure", desc="contact sheet", disable=None)


def _at(options: DatasetOptions, seed: int, time: float) -> Preview:
    """The frame at a time (s)."""
    procedure = _procedure(options, seed)
    return _preview(procedure, seed, min(int(time * options.frame_rate), procedure.frame_count - 1))


def _fullest(options: DatasetOptions, seed: int) -> Preview:
    """The first frame that shows as many landmarks as any that is looked at."""
    procedure = _procedure(options, seed)
    indices = np.unique(np.linspace(0, procedure.frame_count - 1, _TRIES).round().astype(int))
    shown = [int(procedure.keypoints(int(index)).present.sum()) for index in indices]
    return _preview(procedure, seed, int(indices[int(np.argmax(shown))]))


def _preview(procedure: Procedure, seed: int, index: int) -> Preview:
    (frame,) = procedure.frames([index])
    caption = f"{seed} · {frame.time:.1f} s · {frame.deviation.stage.name.lower()}"
    return Preview(seed, frame.image, frame.keypoints, caption)


def _procedure(options: DatasetOptions, seed: int) -> Procedure:
    return Procedure(seed, options.duration, options.frame_rate, options.size, bits=8)
