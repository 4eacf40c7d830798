"""Which annotation file belongs to which image, where each image has one of its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from tavi_perception.imaging.folder import IMAGE_SUFFIXES, natural_order
from training.annotations.exports import fitting_annotation, fitting_image
from training.annotations.names import one_form
from training.annotations.record import BrokenAnnotationError, Record, read_json, relative
from training.annotations.report import Finding, Kind

SUFFIXES = IMAGE_SUFFIXES | {".dcm", ".dicom"}


@dataclass(frozen=True)
class Pair:
    """An image and its annotation, both there."""

    image: Path
    annotation: Path


def is_image(path: Path) -> bool:
    """Whether a file's name is that of an image."""
    return path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")


def paired(images: Path, annotations: Path, root: Path) -> tuple[list[Pair], list[Record]]:
    """The pairs of two folders (or one), and a record with a finding for each file without its other half.

    ``a.png`` belongs to ``a.png.json`` or, as older exports have it, to ``a.json``, whatever the form of the
    names in Unicode. Where a frame was exported several times, sizes decide (see ``exports``).
    """
    pictures = _files(images, images=True)
    by_image: dict[Path, list[Path]] = defaultdict(list)
    orphans: list[Path] = []
    by_name: dict[str, list[Path]] = defaultdict(list)
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for picture in pictures:
        by_name[one_form(picture.name)].append(picture)
        by_stem[one_form(picture.stem)].append(picture)
    for file in _files(annotations, images=False):
        name = file.name[: -len(".json")]
        found = by_name.get(one_form(name)) or by_stem.get(one_form(name), [])
        found = [picture for picture in found if name in (picture.name, picture.stem)] or found
        owner = found[0] if len(found) == 1 else fitting_image(file, found)
        if owner is not None:
            by_image[owner].append(file)
        else:
            orphans.append(file)
    for image, files in by_image.items():
        fitting = fitting_annotation(image, files) if len(files) > 1 else None
        if fitting is not None:
            by_image[image] = [fitting]
    pairs = [Pair(image, files[0]) for image, files in by_image.items() if len(files) == 1]
    faulty = [_orphan(file, root) for file in orphans]
    for picture in pictures:
        files = by_image.get(picture, [])
        if len(files) != 1:
            faulty.append(_alone(picture, files, root))
    return pairs, faulty


def _files(folder: Path, *, images: bool) -> list[Path]:
    if not folder.is_dir():
        return []
    wanted = is_image if images else (lambda path: path.suffix.lower() == ".json")
    return natural_order(path for path in folder.iterdir() if wanted(path))


def _orphan(annotation: Path, root: Path) -> Record:
    name = relative(annotation, root)
    kind, reason = Kind.MISSING_IMAGE, "there is no image of that name"
    try:
        read_json(annotation)
    except BrokenAnnotationError as error:
        kind, reason = Kind.BROKEN_ANNOTATION, f"{error}, and {reason}"
    finding = Finding(kind, name, reason, "add the image, or remove the annotation")
    return Record(name, None, name, findings=(finding,))


def _alone(image: Path, annotations: list[Path], root: Path) -> Record:
    name = relative(image, root)
    if annotations:
        names = " and ".join(relative(file, root) for file in annotations)
        finding = Finding(
            Kind.BROKEN_ANNOTATION, name, f"it has several annotations, {names}", "keep the right one"
        )
    else:
        finding = Finding(
            Kind.MISSING_ANNOTATION, name, "it has no annotation", "annotate it, or remove the image"
        )
    return Record(name, image, name, findings=(finding,))
