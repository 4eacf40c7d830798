"""From what readers found to frames fit for training, and a finding for everything that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tavi_perception.imaging.source import SourceError
from tavi_perception.landmarks import NAMES, Landmark
from training.annotations.frame import AnnotatedFrame
from training.annotations.images import WORKERS, Decoded, decode_all
from training.annotations.knowledge import Knowledge, Missing, is_root, knowledge_of
from training.annotations.names import LandmarkNames
from training.annotations.placing import Placing
from training.annotations.record import MEND, Mark, Record, RecordSet
from training.annotations.report import Finding, Kind
from training.annotations.root import RootPoints

CORNER = 0.5
"""From coordinates that count from a pixel's corner to ours, which count from its centre (px)."""

_DARK = 64
"""A set whose brightest grey level stays below this of 255 was probably read with too many bits."""


@dataclass(frozen=True)
class Rules:
    """How annotations are judged.

    Attributes:
        names: by which landmarks are known.
        corner_origin: whether coordinates count from a pixel's corner; None: shown by the set itself.
        keep_empty: whether an image with an explicitly empty annotation is a true negative; None: as the
            format has it.
        stored_bits: of 16-bit pixels, where the set does not say it; None: all.
        workers: threads that decode images.
        labelled: landmarks that the set labels; None: those that it declares.
        missing: what a labelled landmark is in a frame that does not mark it.
        root_points: whether the outline of the root gives AA and STJ where their points are missing.
    """

    names: LandmarkNames
    corner_origin: bool | None = None
    keep_empty: bool | None = None
    stored_bits: int | None = None
    workers: int = WORKERS
    labelled: Sequence[Landmark] | None = None
    missing: Missing = "absent"
    root_points: bool = False


@dataclass(frozen=True)
class Checked:
    """Frames fit for training, all findings, and decisions to be told."""

    frames: tuple[AnnotatedFrame, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def check(read: RecordSet, rules: Rules) -> Checked:
    """Decodes every image and judges every annotation; a frame with any finding is not fit for training."""
    corner, origin_note = _corner_origin(read, rules)
    keep_empty = read.keeps_empty if rules.keep_empty is None else rules.keep_empty
    knowledge = knowledge_of(read, rules.names, rules.labelled, rules.missing)
    forgiven = rules.missing == "unknown" and rules.keep_empty is None
    placing = Placing(rules.names, knowledge, corner, RootPoints() if rules.root_points else None)
    records = [
        record if record.stored_bits else replace(record, stored_bits=rules.stored_bits)
        for record in read.records
    ]
    decoded = _decoded(records, rules.workers)
    frames: list[AnnotatedFrame] = []
    findings = list(read.findings)
    digests: dict[bytes, AnnotatedFrame] = {}
    ignored = blank = 0
    for record, image in zip(records, decoded, strict=True):
        marks = [mark for mark in record.marks if not _is_ignored(mark, rules.names)]
        ignored += len(record.marks) - len(marks)
        record = replace(record, marks=tuple(marks))
        wrong = [*record.findings, *_image_findings(record, image)]
        if isinstance(image, Decoded):
            wrong += _mark_findings(record, image, rules.names, knowledge, corner)
            if not wrong and not marks and not keep_empty and not forgiven:
                wrong.append(_unlabelled(record))
            if not wrong:
                frame = placing.frame(record, image, negative=not marks and keep_empty)
                twin = digests.setdefault(image.digest, frame)
                if twin.procedure != frame.procedure:
                    wrong.append(_twin(frame, twin))
                elif frame.known.any():
                    frames.append(frame)
                else:
                    blank += 1
        findings += wrong
    notes = [*read.notes, *origin_note, *_notes(frames, ignored, blank), *_dark(decoded)]
    notes += placing.notes
    return Checked(tuple(frames), tuple(findings), tuple(notes))


def _corner_origin(read: RecordSet, rules: Rules) -> tuple[float, tuple[str, ...]]:
    """What to subtract from coordinates (px), and a note where it was decided here.

    Supervisely's labelling tool and most others give fractions that count from the corner; what
    Supervisely's SDK has written, and COCO's own sets, are whole numbers of pixels.
    """
    if read.corner_origin is not None:
        return (CORNER if read.corner_origin else 0.0), ()
    if rules.corner_origin is not None:
        return (CORNER if rules.corner_origin else 0.0), ()
    values = [value for record in read.records for mark in record.marks if mark.xy for value in mark.xy]
    if not values:
        return 0.0, ()
    if any(np.isfinite(value) and value != int(value) for value in values):
        return CORNER, ("coordinates have fractions and are taken to count from a pixel's corner",)
    return 0.0, ("coordinates are whole numbers and are taken for the numbers of pixels",)


def _is_ignored(mark: Mark, names: LandmarkNames) -> bool:
    return names.ignores(mark.name) or names.ignores(mark.owner)


def _decoded(records: list[Record], workers: int) -> list[Decoded | SourceError | None]:
    """For each record what its image shows; None where it has none."""
    there = {r.image: r.stored_bits for r in records if r.image is not None}
    results = dict(zip(there, decode_all(list(there.items()), workers), strict=True))
    return [None if record.image is None else results[record.image] for record in records]


def _image_findings(record: Record, image: Decoded | SourceError | None) -> Iterable[Finding]:
    if isinstance(image, SourceError):
        reason, _, remedy = str(image).partition(": ")[2].partition("; ")
        yield Finding(Kind.BROKEN_IMAGE, record.name, reason or str(image), remedy or "copy the image again")
    elif image is not None and record.size is not None and record.size != (image.width, image.height):
        said, found = "{}x{}".format(*record.size), f"{image.width}x{image.height}"
        yield Finding(
            Kind.SIZE_MISMATCH,
            record.source,
            f"it is for an image of {said} px, but {record.name} has {found} px",
            "give the image that was annotated, not a scaled or cropped one",
        )
    if record.image is not None and not record.findings and record.procedure is None:
        yield Finding(
            Kind.UNKNOWN_PROCEDURE,
            record.name,
            "the procedure pattern is not found in its name",
            "correct the pattern, or rename the file",
        )


def _mark_findings(
    record: Record, image: Decoded, names: LandmarkNames, knowledge: Knowledge, corner: float
) -> Iterable[Finding]:
    seen = set()
    for mark in record.marks:
        landmark = names.landmark(mark.name)
        if is_root(mark, names, knowledge):
            continue
        if landmark is None:
            what = f"class {mark.name!r} is no landmark"
            remedy = "map it to one, or to null to ignore it, with a names file"
            yield Finding(Kind.UNKNOWN_CLASS, record.source, what, remedy)
        elif mark.xy is None:
            what = f"{mark.name} is a {mark.geometry}, not a point"
            yield Finding(Kind.WRONG_GEOMETRY, record.source, what, "label it with a point")
        elif landmark in seen:
            what = f"{landmark.name} is labelled more than once"
            yield Finding(Kind.DUPLICATE_LANDMARK, record.source, what, "keep the right one")
        elif not np.isfinite(mark.xy).all():
            yield Finding(Kind.NOT_FINITE, record.source, f"{mark.name} lies at {mark.xy}", MEND)
        elif not _inside(mark.xy, image, corner):
            x, y = mark.xy
            what = (
                f"{mark.name} lies at {x:g}, {y:g}, outside the {image.width}x{image.height} px of the image"
            )
            yield Finding(Kind.OUTSIDE_IMAGE, record.source, what, "move the point, or remove it")
        elif mark.xy == (0, 0):
            what = f"{mark.name} lies at 0, 0, which many tools write for what they do not see"
            yield Finding(
                Kind.AT_ORIGIN,
                record.source,
                what,
                "remove the point, or move it into the pixel if it is there",
            )
        if landmark is not None:
            seen.add(landmark)


def _inside(xy: tuple[float, float], image: Decoded, corner: float) -> bool:
    x, y = xy[0] - corner, xy[1] - corner
    return -0.5 <= x <= image.width - 0.5 and -0.5 <= y <= image.height - 0.5


def _unlabelled(record: Record) -> Finding:
    return Finding(
        Kind.UNLABELLED,
        record.source,
        "no landmark is labelled",
        f"label those of {', '.join(NAMES)} that show, or say that empty annotations are to be kept",
    )


def _twin(frame: AnnotatedFrame, twin: AnnotatedFrame) -> Finding:
    return Finding(
        Kind.DUPLICATE_IMAGE,
        frame.name,
        f"it is the same picture as {twin.name}, but of procedure {frame.procedure}, not {twin.procedure}",
        "remove one of them, or tell procedures in another way",
    )


def _notes(frames: list[AnnotatedFrame], ignored: int, blank: int) -> Iterable[str]:
    empty = sum(not frame.visible.any() for frame in frames)
    if empty:
        yield f"{empty} images without any landmark are kept as true negatives"
    if blank:
        yield f"{blank} images in which no landmark is labelled say nothing and are left out"
    rooted = sum(bool(frame.roots) for frame in frames)
    if rooted:
        yield f"{rooted} images have the area of the aortic root"
    if ignored:
        yield f"{ignored} objects of classes that are mapped to null are ignored"


def _dark(decoded: list[Decoded | SourceError | None]) -> Iterable[str]:
    brightest = max((image.brightest for image in decoded if isinstance(image, Decoded)), default=_DARK)
    if brightest < _DARK:
        yield (
            f"the brightest grey level of all images is {brightest} of 255: where 16-bit pixels carry fewer "
            "bits, say how many (stored bits)"
        )
