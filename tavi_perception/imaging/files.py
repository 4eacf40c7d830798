"""Reads a single image file, whatever its format, as a grey image."""

from __future__ import annotations

import logging
from pathlib import Path

from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.grey import ImageRejectedError, grey_from_encoded
from tavi_perception.imaging.kind import Kind, kind_of
from tavi_perception.imaging.source import GreyImage, SourceError, shown

_LOG = logging.getLogger(__name__)


def read_image(path: Path) -> GreyImage:
    """(H, W) grey image of a JPEG, PNG, TIFF, BMP, PGM or DICOM file.

    Of a file with several frames it is the first one, which is logged as a warning.

    Raises:
        SourceError: the file is missing, empty, truncated or no image.
    """
    kind = kind_of(path)
    if kind is Kind.DICOM:
        source = DicomSource(path)
        if source.frame_count > 1:
            _LOG.warning("%s: only the first of its %d frames is used", source.name, source.frame_count)
        return next(iter(source)).image
    if kind is not Kind.IMAGE:
        raise SourceError(
            f"{shown(path)}: it is not an image; give a PNG, JPEG, TIFF, BMP, PGM or DICOM file"
        )
    try:
        return grey_from_encoded(path.read_bytes(), shown(path))
    except ImageRejectedError as error:
        raise SourceError(str(error)) from error
