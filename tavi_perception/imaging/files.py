"""Reads image files, whatever their format, as grey images."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.encoded import decode_page
from tavi_perception.imaging.grey import DepthWatch, ImageRejectedError, Picture, check_bits_stored
from tavi_perception.imaging.kind import Kind, kind_of
from tavi_perception.imaging.pages import Page, pages_of
from tavi_perception.imaging.source import GreyImage, SourceError, shown

_LOG = logging.getLogger(__name__)


def read_image(path: Path, bits_stored: int | None = None) -> GreyImage:
    """(H, W) grey image of a JPEG, PNG, TIFF, BMP, PGM or DICOM file.

    Of a file with several frames it is the first one, which is logged as a warning, as is what the user
    should know of its grey levels.

    Args:
        path: of the file.
        bits_stored: how many low bits of a pixel carry the grey level; what the file states where None.

    Raises:
        SourceError: the file is missing, empty, truncated or no image.
    """
    check_bits_stored(bits_stored)
    picture = read_picture(path, bits_stored)
    watch = DepthWatch(bits_stored)
    watch.see(picture)
    for note in filter(None, (*picture.notes, watch.sentence())):
        _LOG.warning("%s: %s", shown(path), note)
    return picture.grey


def read_picture(path: Path, bits_stored: int | None = None) -> Picture:
    """As ``read_image``, with what reading it has shown instead of warnings about that."""
    if kind_of(path) is Kind.DICOM:
        source = DicomSource(path, bits_stored=bits_stored)
        _warn_of_more(source.name, source.frame_count)
        return Picture(next(iter(source)).image, brightest=0, white=255)
    pages = pages_in(path)
    _warn_of_more(shown(path), len(pages))
    if pages[0].animated:
        _LOG.warning("%s: only the first picture of the animation is used", shown(path))
    return read_page(pages[0], shown(path), bits_stored)


def pages_in(path: Path) -> list[Page]:
    """The pictures of an image file, one at least; smaller copies and masks of others are left out.

    The file is not read into memory: its pages hold a map of it.

    Raises:
        SourceError: the file is missing, empty or no image.
    """
    if kind_of(path) is not Kind.IMAGE:
        raise SourceError(
            f"{shown(path)}: it is not an image; give a PNG, JPEG, TIFF, BMP, PGM or DICOM file"
        )
    pages = list(pages_of(np.frombuffer(np.memmap(path, np.uint8, mode="c"), np.uint8)))
    return [page for page in pages if not page.copy] or pages[:1]


def read_page(page: Page, name: str, bits_stored: int | None = None) -> Picture:
    """A page of an image file.

    Raises:
        SourceError: it is truncated, or nothing that can be used.
    """
    try:
        return decode_page(page, name, bits_stored or 0)
    except ImageRejectedError as error:
        raise SourceError(str(error)) from error


def _warn_of_more(name: str, count: int) -> None:
    if count > 1:
        _LOG.warning("%s: only the first of its %d frames is used", name, count)
