"""Reads COCO keypoints: one JSON file of images, annotations and categories for a whole set.

The format is documented at https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.annotations.names import one_form
from training.annotations.pairs import is_image
from training.annotations.record import (
    MEND,
    BrokenAnnotationError,
    Mark,
    ProcedureRule,
    Record,
    RecordSet,
    broken,
    items,
    number,
    point,
    read_json,
    relative,
    size_of,
)
from training.annotations.report import Finding, Kind

_NOT_LABELLED, _HIDDEN, _VISIBLE = 0, 1, 2
"""COCO's v of a keypoint."""


def is_coco(content: Any) -> bool:
    return isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys()


def read_coco(files: Sequence[Path], root: Path, rule: ProcedureRule, *, hidden_visible: bool) -> RecordSet:
    """The images of one or several COCO files.

    An image is looked for beside the JSON file, then anywhere in ``root`` under a path that ends with its
    ``file_name``. A procedure is told by ``rule``, else by the image's folder.

    Args:
        files: the JSON files.
        root: folder of the data set.
        rule: how procedures are told.
        hidden_visible: whether a keypoint that is labelled but hidden (v = 1) counts as visible.
    """
    records: list[Record] = []
    findings: list[Finding] = []
    pictures = [path for path in sorted(root.rglob("*")) if is_image(path)]
    declared: set[str] = set()
    hidden = 0
    for file in files:
        try:
            content = read_json(file)
            reader = _File(content, file, root, rule, pictures)
            declared |= reader.declared
            records += reader.records(hidden_visible)
            hidden += reader.hidden
            findings += reader.findings
        except BrokenAnnotationError as error:
            findings.append(broken(relative(file, root), error))
    records = _once([*records, *_unnamed(pictures, records, root)])
    notes: tuple[str, ...] = ()
    if hidden:
        counted = "visible" if hidden_visible else "not visible"
        notes = (f"{hidden} keypoints that are labelled as hidden (v = 1) count as {counted}",)
    return RecordSet(
        "COCO keypoints", tuple(records), tuple(findings), notes=notes, declared=frozenset(declared)
    )


class _File:
    """One JSON file, its annotations sorted by image.

    Raises:
        BrokenAnnotationError: it is not COCO's.
    """

    def __init__(
        self, content: Any, file: Path, root: Path, rule: ProcedureRule, pictures: list[Path]
    ) -> None:
        if not is_coco(content):
            raise BrokenAnnotationError("it holds no images, annotations and categories")
        self.findings: list[Finding] = []
        self.hidden = 0
        self._file, self._root, self._rule = file, root, rule
        self._pictures: dict[str, list[Path]] = defaultdict(list)
        for picture in pictures:
            self._pictures[one_form(picture.name)].append(picture)
        self._images = items(content["images"], dict, "images")
        self._categories = {_key(entry): entry for entry in items(content["categories"], dict, "categories")}
        self._annotations: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for entry in items(content["annotations"], dict, "annotations"):
            self._annotations[_plain(entry.get("image_id"))].append(entry)

    @property
    def declared(self) -> set[str]:
        """Names of the keypoints of all categories."""
        lists = [category.get("keypoints") for category in self._categories.values()]
        return {name for names in lists if isinstance(names, list) for name in names if isinstance(name, str)}

    def records(self, hidden_visible: bool) -> list[Record]:
        made = [self._record(entry, hidden_visible) for entry in self._images]
        known = {_key(entry) for entry in self._images}
        for key, entries in self._annotations.items():
            if key not in known:
                self.findings += [
                    Finding(
                        Kind.MISSING_IMAGE,
                        relative(self._file, self._root),
                        f"annotation {entry.get('id')} is of image {key}, which it does not list",
                        "list the image, or remove the annotation",
                    )
                    for entry in entries
                ]
        return made

    def _record(self, entry: dict[str, Any], hidden_visible: bool) -> Record:
        name = entry.get("file_name")
        if not isinstance(name, str) or not name:
            source = relative(self._file, self._root)
            error = BrokenAnnotationError(f"image {entry.get('id')} has no file name")
            return Record(f"image {entry.get('id')}", None, source, findings=(broken(source, error),))
        image = self._image(name)
        if isinstance(image, Finding):
            return Record(name, None, name, findings=(image,))
        source = relative(image, self._root)
        record = Record(source, image, source)
        folder = self._root.resolve().name if image.parent == self._root else None
        folder = folder or relative(image.parent, self._root)
        try:
            return replace(
                record,
                marks=tuple(
                    mark
                    for annotation in self._annotations.get(_key(entry), ())
                    for mark in self._marks(annotation, hidden_visible)
                ),
                size=size_of(entry),
                procedure=self._rule.procedure(image.name, folder),
            )
        except BrokenAnnotationError as error:
            return replace(record, findings=(broken(source, error),))

    def _image(self, name: str) -> Path | Finding:
        beside = _place_within(self._root, self._file.parent, name)
        if beside is not None and beside.is_file():
            return beside
        ending = one_form("/" + name.replace("\\", "/").lstrip("./"))
        called = self._pictures.get(ending.rpartition("/")[2], [])
        found = [path for path in called if one_form("/" + path.as_posix()).endswith(ending)]
        if len(found) == 1:
            return found[0]
        reason = f"{len(found)} images have this name" if found else "there is no such image"
        return Finding(
            Kind.MISSING_IMAGE,
            name,
            f"{relative(self._file, self._root)} lists it, but {reason}",
            "add the image, or give its path in file_name"
            if not found
            else "give its whole path in file_name",
        )

    def _marks(self, annotation: dict[str, Any], hidden_visible: bool) -> list[Mark]:
        what = f"annotation {annotation.get('id')}"
        category = self._categories.get(_plain(annotation.get("category_id")))
        if category is None:
            raise BrokenAnnotationError(
                f"{what} is of category {annotation.get('category_id')}, which is not listed"
            )
        title = str(category.get("name", ""))
        if annotation.get("keypoints") is None:
            return [Mark(title, title, None, "box or segmentation without keypoints")]
        names = items(category.get("keypoints"), str, f"keypoint names in category {title}")
        values = annotation["keypoints"]
        if not isinstance(values, list) or len(values) != 3 * len(names):
            raise BrokenAnnotationError(f"{what} has not three numbers for each of {len(names)} keypoints")
        marks = []
        for i, name in enumerate(names):
            visibility = number(values[3 * i + 2], f"v of {name} in {what}")
            if visibility not in (_NOT_LABELLED, _HIDDEN, _VISIBLE):
                raise BrokenAnnotationError(f"v of {name} in {what} is {visibility:g}, not 0, 1 or 2")
            self.hidden += visibility == _HIDDEN
            if visibility == _VISIBLE or (visibility == _HIDDEN and hidden_visible):
                marks.append(Mark(name, title, point(values[3 * i : 3 * i + 2], f"{name} in {what}")))
        return marks


def _place_within(folder: Path, start: Path, name: str) -> Path | None:
    """Where ``name`` leads from ``start``, as a path below ``folder``; None where it leads out of it.

    By the names alone: a link that lies in the folder is followed, as the user's own.
    """
    if "\0" in name:
        return None
    place = os.path.relpath(os.path.abspath(start / name), os.path.abspath(folder))  # noqa: PTH100
    return folder / place if os.pardir not in Path(place).parts else None


def _unnamed(pictures: list[Path], records: list[Record], root: Path) -> list[Record]:
    """Records of the images that no file lists."""
    known = {record.image for record in records}
    reason, remedy = "no annotation file lists it", "annotate it, or remove the image"
    return [
        Record(name, path, name, findings=(Finding(Kind.MISSING_ANNOTATION, name, reason, remedy),))
        for path in pictures
        if path not in known
        for name in (relative(path, root),)
    ]


def _once(records: list[Record]) -> list[Record]:
    """The records, with a finding for those whose image is listed more than once."""
    times = Counter(record.image for record in records if record.image is not None)
    return [
        replace(
            record,
            findings=(
                *record.findings,
                Finding(Kind.BROKEN_ANNOTATION, record.source, "it is listed twice", MEND),
            ),
        )
        if record.image is not None and times[record.image] > 1
        else record
        for record in records
    ]


def _key(entry: dict[str, Any]) -> Any:
    return _plain(entry.get("id"))


def _plain(value: Any) -> Any:
    """An id that can be a key: a broken one becomes its text."""
    return value if isinstance(value, (int, str)) else repr(value)
