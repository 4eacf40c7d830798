"""Reads the images of annotated frames as serving reads them, several at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tavi_perception.imaging.files import read_picture
from tavi_perception.imaging.source import SourceError

WORKERS = 2
"""Threads that decode; OpenCV decodes without holding Python's lock."""

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Decoded:
    """What decoding an image has shown.

    Attributes:
        width, height: px.
        brightest: largest grey level, 0…255.
        digest: of its grey levels: the same for the same picture.
    """

    width: int
    height: int
    brightest: int
    digest: bytes

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def read_grey(path: Path, stored_bits: int | None = None) -> NDArray[np.uint8]:
    """(height, width) grey image of a file, as serving reads it.

    Args:
        path: PNG, JPEG, TIFF, BMP, PGM or DICOM.
        stored_bits: how many low bits of a 16-bit pixel carry the grey level; None: all, or what the
            file states.

    Raises:
        SourceError: the file is missing, empty, truncated or no image.
    """
    return read_picture(path, stored_bits).grey


def decode_all(
    images: Sequence[tuple[Path, int | None]], workers: int = WORKERS
) -> list[Decoded | SourceError]:
    """Decodes every image with its stored bits; what is broken gives its error instead."""
    return list(in_parallel(_decode, images, "checking images", workers))


def in_parallel(
    function: Callable[[_Job], _Result], jobs: Sequence[_Job], title: str, workers: int = WORKERS
) -> Iterator[_Result]:
    """Results in the order of ``jobs``, computed by threads, with a progress bar on a terminal."""
    with _silent_opencv(), ThreadPoolExecutor(max(workers, 1)) as pool:
        yield from tqdm(pool.map(function, jobs), total=len(jobs), unit="image", desc=title, disable=None)


def _decode(job: tuple[Path, int | None]) -> Decoded | SourceError:
    path, stored_bits = job
    try:
        image = read_grey(path, stored_bits)
    except SourceError as error:
        return error
    except OSError as error:
        return SourceError(f"{path.name}: it cannot be read ({error.strerror}); check the file")
    digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16)
    digest.update(repr(image.shape).encode())
    return Decoded(image.shape[1], image.shape[0], int(image.max()), digest.digest())


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """What OpenCV prints of a broken image stands in the report.

    Once around all threads: where each silenced it for itself, the last would leave it silent.
    """
    level = cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)
