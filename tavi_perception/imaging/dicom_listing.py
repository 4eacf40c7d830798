"""Finds the one DICOM series that a folder or a DICOMDIR holds, among whatever else lies there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import MediaStorageDirectoryStorage

from tavi_perception.imaging.bounded_file import BoundedFile
from tavi_perception.imaging.dicom_file import DicomFile, NoImageError, open_dicom
from tavi_perception.imaging.dicom_series import Series, some, the_series
from tavi_perception.imaging.dicom_values import damage_reported, number, text
from tavi_perception.imaging.files import read_image
from tavi_perception.imaging.folder import natural_order
from tavi_perception.imaging.kind import Kind, kind_of
from tavi_perception.imaging.source import SourceError, shown

MAX_DEPTH = 8
"""Folders within folders that are searched."""

MAX_FILES = 20_000
"""Files that are looked at."""

_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")


@dataclass
class _Found:
    """What files hold, by what it is to the user: ``broken`` says of DICOM files what is wrong with them."""

    dicoms: list[DicomFile] = field(default_factory=list)
    directories: list[Path] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    videos: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    unread: dict[Path, str] = field(default_factory=dict)


def series_in(folder: Path) -> Series | None:
    """The DICOM series of a folder and those within it; None where there is no DICOM image.

    Raises:
        SourceError: there are several, or images of another kind that may as well be meant, or all the
            DICOM images are broken.
    """
    return _the_series(_sorted(_files_below(folder)), shown(folder.resolve()))


def series_listed(dicomdir: Path) -> Series:
    """The DICOM series that a DICOMDIR lists.

    Raises:
        SourceError: it lists none that is there, or several.
    """
    name = shown(dicomdir)
    paths = [path for path, _ in _listed(dicomdir) if path.is_file()]
    series = _the_series(_sorted([dicomdir, *paths]), name)
    if series is None:
        raise SourceError(f"{name}: no image that it lists is there; copy the whole disc")
    return series


def is_dicomdir(path: Path) -> bool:
    """Whether a DICOM file is the directory of a disc."""
    try:
        with BoundedFile(path) as file:
            read_preamble(file, force=False)
            return text(_read_file_meta_info(file), "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage
    except Exception:  # pydicom raises whatever the bytes lead to
        return False


def _files_below(folder: Path) -> Iterator[Path]:
    """The visible files of a folder and of those in it, each folder once, whatever links there are."""
    pending, seen, count = [(folder, 0)], set(), 0
    while pending:
        current, depth = pending.pop(0)
        if current.resolve() in seen:
            continue
        seen.add(current.resolve())
        try:
            children = sorted(current.iterdir())
        except OSError as error:
            reason = f"{shown(current)}: it cannot be opened ({error.strerror}); check its permissions"
            raise SourceError(reason) from error
        pending += [
            (child, depth + 1)
            for child in children
            if depth < MAX_DEPTH and child.is_dir() and not child.name.startswith(".")
        ]
        yield from natural_order(iter(children))
        count += len(children)
        if count > MAX_FILES:
            raise SourceError(
                f"{shown(folder.resolve())}: it holds more than {MAX_FILES} files; "
                "give the folder of one series"
            )


def _sorted(paths: Iterable[Path]) -> _Found:
    found = _Found()
    for path in dict.fromkeys(paths):
        dicom_name, kind = path.suffix.lower() in _DICOM_SUFFIXES, None
        try:
            kind = kind_of(path)
            if kind is Kind.DICOM:
                found.dicoms.append(open_dicom(path))
            elif dicom_name:
                found.broken.append(f"{shown(path)}: it is not a DICOM file; copy or export it again")
            else:
                {Kind.IMAGE: found.pictures, Kind.VIDEO: found.videos}.get(kind, found.others).append(path)
        except NoImageError as error:
            if is_dicomdir(path):
                found.directories.append(path)
            elif dicom_name and not error.known:
                found.broken.append(str(error))
            else:
                found.others.append(path)
        except SourceError as error:
            if dicom_name or kind is Kind.DICOM:
                found.broken.append(str(error))
            else:
                found.unread[path] = str(error)
    return found


def _the_series(found: _Found, name: str) -> Series | None:
    if not found.dicoms:
        if found.broken:
            more = f" (and {len(found.broken) - 1} more are broken)" if len(found.broken) > 1 else ""
            raise SourceError(f"{found.broken[0]}{more}")
        return None
    series = the_series(found.dicoms, name)
    _refuse_rivals(series, found, name)
    suffixes = {file.path.suffix for file in series.files}
    unread = {path: reason for path, reason in found.unread.items() if path.suffix in suffixes}
    others = [*found.others, *(path for path in found.unread if path not in unread)]
    aside = [*found.directories, *found.pictures, *found.videos, *others]
    notes = (f"left aside, no DICOM images: {some([shown(path) for path in aside])}",) if aside else ()
    losses = [*series.losses, *found.broken, *unread.values()]
    there = {text(file.header, "SOPInstanceUID") for file in found.dicoms}
    for directory in found.directories:
        gone = [shown(path) for path, uid in _listed(directory) if uid not in there and not path.is_file()]
        if gone:
            losses.append(f"{shown(directory)}: it lists images that are not there: {some(gone)}")
    return Series(series.files, (*series.notes, *notes), tuple(losses))


def _refuse_rivals(series: Series, found: _Found, name: str) -> None:
    """Refuses where pictures or videos may be what is meant: not the same in another format, no previews."""
    names = {file.path.stem for file in series.files}
    header = series.files[0].header
    rivals = [path for path in found.videos if path.stem not in names]
    others = [path for path in found.pictures if path.stem not in names]
    full = [path for path in others if _is_full(path, number(header, "Rows"), number(header, "Columns"))]
    rivals += full if len(full) > 1 else []
    if rivals:
        files = some([shown(path) for path in rivals])
        raise SourceError(
            f"{name}: it holds a DICOM series ({series.described()}) and other images ({files}); "
            "give one of them, or a folder with one kind"
        )


def _is_full(path: Path, rows: float | None, columns: float | None) -> bool:
    """Whether a picture is as large as a frame; a preview is smaller."""
    try:
        height, width = read_image(path).shape
    except SourceError:
        return False
    return height >= (rows or 0) and width >= (columns or 0)


def _listed(dicomdir: Path) -> list[tuple[Path, str]]:
    """Path and SOPInstanceUID of every image that a DICOMDIR lists."""
    name, images = shown(dicomdir), []
    with damage_reported(name, "its records cannot be read"), BoundedFile(dicomdir) as file:
        for record in pydicom.dcmread(file).get("DirectoryRecordSequence") or ():
            parts = record.get("ReferencedFileID")
            if text(record, "DirectoryRecordType") != "IMAGE" or not parts:
                continue
            path = dicomdir.parent
            names = [str(part) for part in ([parts] if isinstance(parts, str) else parts)]
            if any(name != Path(name).name or name == ".." for name in names):
                continue  # no file of this disc
            for part in names:
                path = _child(path, part)
            images.append((path, text(record, "ReferencedSOPInstanceUIDInFile")))
    return images


def _child(folder: Path, name: str) -> Path:
    """A file of a folder, whose name a copy may have turned to small letters."""
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    return next((path for path in folder.iterdir() if path.name.upper() == name.upper()), exact)
