"""The frames of an annotated data set that manifests of patient-wise folds name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from training.annotations.frame import AnnotatedFrame
from training.annotations.manifests import (
    Manifest,
    Part,
    Sample,
    patient_key,
    read_manifests,
    sample_key,
    stem,
)
from training.annotations.opening import open_annotated
from training.annotations.record import Record, RecordSet
from training.annotations.report import AnnotationError, Report

PartName = Literal["training", "validation"]
PARTS: tuple[PartName, PartName] = ("training", "validation")


@dataclass(frozen=True)
class Fold:
    """A fold's frames, in the order of their names; empty where a part was not asked for."""

    name: str
    training: tuple[AnnotatedFrame, ...]
    validation: tuple[AnnotatedFrame, ...]


@dataclass(frozen=True)
class FoldedSet:
    """The folds of a data set, and what was found wrong with the frames that they name."""

    folds: tuple[Fold, ...]
    report: Report

    @property
    def frames(self) -> tuple[AnnotatedFrame, ...]:
        """All frames, each once."""
        found = {f.name: f for fold in self.folds for part in PARTS for f in getattr(fold, part)}
        return tuple(found[name] for name in sorted(found))


def open_folds(
    path: Path,
    manifests: Path,
    number: int | None = None,
    parts: Sequence[PartName] = PARTS,
    **reading: Any,
) -> FoldedSet:
    """Reads and checks those frames of a data set that its folds name; all others are left alone.

    Samples are found by patient and name, see ``patient_key`` and ``sample_key``. Where a frame was exported
    several times, that of the name that the manifest gives is taken, and rather one with an annotation.

    Args:
        path: of the data set.
        manifests: folder of its folds; see ``manifests``.
        number: of the only fold to read; None: all.
        parts: of each fold to read.
        reading: as for ``open_annotated``; with ``on_error`` "skip", samples that are missing are left out.

    Raises:
        AnnotationError: the manifests are wrong, or name samples that the data set does not have.
        FaultyAnnotationsError: something is wrong with a frame that they name.
    """
    found = _Choice(path, read_manifests(manifests, number), parts, reading.get("on_error") == "skip")
    dataset = open_annotated(path, chosen=found, **reading)
    folds = tuple(
        Fold(
            manifest.name,
            *(
                tuple(f for f in dataset.frames if f.name in found.names[manifest.name, part])
                for part in PARTS
            ),
        )
        for manifest in found.manifests
    )
    for fold in folds:
        for part in parts:
            if not getattr(fold, part):
                raise AnnotationError(
                    f"{path}: {fold.name} has no frame for {part}; see what the report names"
                )
    return FoldedSet(folds, dataset.report)


class _Choice:
    """Picks the records of samples, and remembers which belong to which part of a fold."""

    def __init__(
        self, path: Path, manifests: Sequence[Manifest], parts: Sequence[PartName], skip: bool
    ) -> None:
        self.manifests = manifests
        self.names: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._path, self._parts, self._skip = path, parts, skip

    def __call__(self, read: RecordSet) -> RecordSet:
        known = _Known(self._path, read.records)
        missing: list[str] = []
        for manifest in self.manifests:
            for name in self._parts:
                part: Part = getattr(manifest, name)
                records, lost = known.records_of(part)
                self.names[manifest.name, name] = {record.name for record in records}
                missing += [f"{manifest.name}: {each}" for each in lost]
        said = f"{len(missing)} of what the manifests name has no image here, first {(*missing, '')[0]}"
        if missing and not self._skip:
            raise AnnotationError(
                f"{self._path}: {said}; add the images, or leave these samples out with on-error skip"
            )
        wanted = set().union(*self.names.values())
        chosen = tuple(record for record in read.records if record.name in wanted)
        if not chosen:
            raise AnnotationError(
                f"{self._path}: it has none of the samples; give the set of these manifests"
            )
        notes = [f"{len(read.records) - len(chosen)} images are in none of the folds that are read"]
        if missing:
            notes.append(said)
        return replace(read, records=chosen, notes=(*read.notes, *notes))


class _Known:
    """The images of a data set by patient and sample."""

    def __init__(self, path: Path, records: Sequence[Record]) -> None:
        self._path = path
        self._by_sample: dict[tuple[str, str], list[Record]] = defaultdict(list)
        self._by_patient: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            if record.image is not None and record.procedure is not None:
                # A procedure may be a nested folder; the patient is its last part.
                patient = patient_key(record.procedure.rpartition("/")[2])
                self._by_sample[patient, sample_key(record.image.name)].append(record)
                self._by_patient[patient].append(record)

    def records_of(self, part: Part) -> tuple[list[Record], list[str]]:
        """The records of a part, and in words what has none."""
        if part.samples is None:
            keys = {patient_key(patient): patient for patient in part.patients}
            lost = [f"patient {name}" for key, name in keys.items() if key not in self._by_patient]
            return [record for key in keys for record in self._by_patient.get(key, [])], lost
        found = [(sample, self._record(sample)) for sample in part.samples]
        return (
            [record for _, record in found if record is not None],
            [f"{sample.name} of patient {sample.patient}" for sample, record in found if record is None],
        )

    def _record(self, sample: Sample) -> Record | None:
        key = patient_key(sample.patient)
        candidates = self._by_sample.get((key, sample_key(sample.name)), [])
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        for better in _preferences(sample):
            candidates = [record for record in candidates if better(record)] or candidates
        if len(candidates) > 1:
            names = " and ".join(record.name for record in candidates[:2])
            raise AnnotationError(
                f"{self._path}: sample {sample.name} of patient {sample.patient} may be {names}; remove one, "
                "or name the image's file in the manifest"
            )
        return candidates[0]


def _preferences(sample: Sample) -> Iterator[Any]:
    """What a record of several rather has: no finding, the file's name, the sample's name."""
    yield lambda record: not record.findings
    yield lambda record: record.image.name in (sample.image, sample.name)
    yield lambda record: stem(record.image.name) == stem(sample.name)
