"""Sorts the DICOM files of a folder into series, and finds the one that is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, pairwise

from tavi_perception.imaging.dicom import FLUOROSCOPY_MODALITIES
from tavi_perception.imaging.dicom_file import DicomFile
from tavi_perception.imaging.dicom_values import number, text
from tavi_perception.imaging.source import SourceError

_SAME_DIRECTION_DEG = 10.0
"""Between two frames in order the C-arm turns less; more is another plane or another run."""

_MOST_LISTED = 10


@dataclass(frozen=True)
class Series:
    """Files that belong together, in order: one cine of several frames, or single frames.

    Attributes:
        files: at least one.
        notes, losses: as those of a ``FrameSource``.
    """

    files: tuple[DicomFile, ...]
    notes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()

    @property
    def fluoroscopic(self) -> bool:
        return text(self.files[0].header, "Modality") in FLUOROSCOPY_MODALITIES

    def described(self) -> str:
        """What tells it from others, and what to give for it."""
        header = self.files[0].header
        name = header.get("SeriesDescription") or f"number {header.get('SeriesNumber', 'unknown')}"
        frames = sum(len(file.frames) for file in self.files)
        angles = [number(header, f"Positioner{which}Angle") for which in ("Primary", "Secondary")]
        stated = "/".join("?" if angle is None else f"{angle:g}" for angle in angles)
        paths = [str(file.path.parent / file.name) for file in (self.files[0], self.files[-1])]
        where = paths[0] if len(self.files) == 1 else f"{len(self.files)} files {paths[0]} to {paths[1]}"
        return f"{name} ({text(header, 'Modality') or '?'}, {stated} degrees, {frames} frames): {where}"


def the_series(files: Iterable[DicomFile], name: str) -> Series:
    """The only series of files, or the only one of fluoroscopy.

    Raises:
        SourceError: there are several; the message lists them.
    """
    unique, notes = _without_copies(files)
    found = [series for group in _by_identity(unique) for series in _split(group)]
    fluoroscopic = [series for series in found if series.fluoroscopic]
    chosen = fluoroscopic if len(fluoroscopic) == 1 else found
    if len(chosen) > 1:
        listed = "; ".join(series.described() for series in chosen[:_MOST_LISTED])
        more = f"; and {len(chosen) - _MOST_LISTED} more" if len(chosen) > _MOST_LISTED else ""
        raise SourceError(
            f"{name}: it holds {len(chosen)} series: {listed}{more}; give one multi-frame file at a time, or "
            "a folder with the single frames of one series"
        )
    (series,) = chosen
    for other in found:
        if other is not series:
            notes.append(f"left aside, no fluoroscopy: {other.described()}")
    return Series(series.files, (*notes, *series.notes), series.losses)


def _without_copies(files: Iterable[DicomFile]) -> tuple[list[DicomFile], list[str]]:
    """Files without those that are there twice."""
    unique: dict[tuple[object, ...], DicomFile] = {}
    copies = []
    for file in files:
        instance = text(file.header, "SOPInstanceUID")
        pixels = sha256(file.encoded(0)).digest()  # some exports give all files the same identifier
        identity = (instance, len(file.frames), pixels) if instance else (file.path,)
        if unique.setdefault(identity, file) is not file:
            copies.append(file.name)
    notes = [f"{some(copies)}: a copy of another file (same instance), used once"] if copies else []
    return list(unique.values()), notes


def _by_identity(files: Sequence[DicomFile]) -> list[list[DicomFile]]:
    """Cines by themselves; single frames by series, modality and matrix, in the order of the files."""
    groups: dict[tuple[object, ...], list[DicomFile]] = {}
    for file in files:
        header = file.header
        key: tuple[object, ...] = (
            text(header, "SeriesInstanceUID"),
            text(header, "Modality"),
            header.get("Rows"),
            header.get("Columns"),
        )
        groups.setdefault((file.path,) if len(file.frames) > 1 else key, []).append(file)
    return list(groups.values())


def _split(files: Sequence[DicomFile]) -> list[Series]:
    """One series in order; several where the C-arm's directions cannot be those of one."""
    ordered = sorted(files, key=_instance_number)
    directions = [_direction(file) for file in ordered]
    steps = [max(abs(a - b) for a, b in zip(*pair, strict=True)) for pair in pairwise(directions)]
    if not any(step > _SAME_DIRECTION_DEG for step in steps):
        return [_in_order(ordered)]
    by_direction = sorted(ordered, key=_direction)
    return [_in_order(list(group)) for _, group in groupby(by_direction, key=_direction)]


def _in_order(files: Sequence[DicomFile]) -> Series:
    """The files by number; of those with the same one the first, unless the numbers tell nothing."""
    numbers = [_instance_number(file) for file in files]
    if len(set(numbers)) * 2 <= len(numbers):
        return Series(tuple(files), ("its InstanceNumbers are missing or repeat: it is played by names",))
    kept = {_instance_number(file): file for file in reversed(files)}
    used = {id(file) for file in kept.values()}
    unnumbered = [file for file in files if _instance_number(file) == float("inf")]
    repeated = [file.name for file in files if id(file) not in used and file not in unnumbered]
    ordered = [file for file in files if id(file) in used or file in unnumbered]
    losses = (f"{some(repeated)}: another file has the same InstanceNumber and is used",) if repeated else ()
    return Series(tuple(ordered), (), losses)


def _instance_number(file: DicomFile) -> float:
    instance = number(file.header, "InstanceNumber")
    return float("inf") if instance is None else instance


def _direction(file: DicomFile) -> tuple[float, float]:
    """Angles of the C-arm (degrees); 0 where they are not stated."""
    return (
        number(file.header, "PositionerPrimaryAngle") or 0.0,
        number(file.header, "PositionerSecondaryAngle") or 0.0,
    )


def some(names: Sequence[str]) -> str:
    """The first of many names, and how many more there are."""
    listed = ", ".join(names[:_MOST_LISTED])
    return listed if len(names) <= _MOST_LISTED else f"{listed} and {len(names) - _MOST_LISTED} more"
