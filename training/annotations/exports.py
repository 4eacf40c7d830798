"""Several exports of one frame: which annotation is for which image, told by the sizes that they state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tavi_perception.imaging.source import SourceError
from training.annotations.images import read_grey
from training.annotations.record import BrokenAnnotationError, read_json, size_of


def fitting_annotation(image: Path, files: Sequence[Path]) -> Path | None:
    """The one of several annotations of an image that is for an image of its size; None where it is open.

    Of several that say the same, it is the one that bears the image's whole name.
    """
    size = _size_of_image(image)
    contents = {file: _content(file) for file in files}
    fitting = [file for file, content in contents.items() if content and _size(content) == size]
    if not fitting or any(_said(contents[file]) != _said(contents[fitting[0]]) for file in fitting):
        return None
    whole = [file for file in fitting if file.name == f"{image.name}.json"]
    return (whole or fitting)[0]


def fitting_image(file: Path, images: Sequence[Path]) -> Path | None:
    """The one of several images of a name that has the size an annotation states; None where it is open."""
    content = _content(file)
    size = _size(content) if content else None
    fitting = [image for image in images if size is not None and _size_of_image(image) == size]
    return fitting[0] if len(fitting) == 1 else None


def _content(file: Path) -> dict[str, Any]:
    try:
        content = read_json(file)
    except BrokenAnnotationError:
        return {}
    return content if isinstance(content, dict) else {}


def _size(content: dict[str, Any]) -> tuple[int, int] | None:
    try:
        return size_of(content.get("size"))
    except BrokenAnnotationError:
        return None


def _size_of_image(image: Path) -> tuple[int, int] | None:
    try:
        height, width = read_grey(image).shape
    except (OSError, SourceError):
        return None
    return width, height


def _said(content: dict[str, Any]) -> list[str]:
    """The marks of an annotation without what every export numbers and dates anew."""
    objects = content.get("objects")
    return sorted(
        repr([each.get(key) for key in _MARKED]) if isinstance(each, dict) else repr(each)
        for each in (objects if isinstance(objects, list) else ())
    )


_MARKED = ("classTitle", "points", "bitmap", "nodes")
