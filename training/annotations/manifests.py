"""Reads the manifests of patient-wise folds: which patients and samples train, and which validate.

A folder ``fold_01``, ``fold_02``, … for each fold holds ``train_patients.txt`` and ``val_patients.txt``, a
patient a line, and beside them ``train_samples.tsv`` and ``val_samples.tsv``: sample, patient and the paths
of image, mask and points, separated by tabs, without a header. Of the paths only the name of the image's
file counts: the folders are those of another machine, and mask and points come from the data set itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from training.annotations.names import one_form
from training.annotations.pairs import SUFFIXES
from training.annotations.report import AnnotationError

_FOLD = re.compile(r"fold[_-]?0*(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Sample:
    """A line of a list of samples.

    Attributes:
        name: of the sample, with or without the image's ending.
        patient: as the list has it.
        image: name of the image's file; empty where the list gives none.
    """

    name: str
    patient: str
    image: str = ""


@dataclass(frozen=True)
class Part:
    """What trains, or what validates.

    Attributes:
        patients: as the list has them.
        samples: None where there is no list of them: all frames of the patients.
    """

    patients: tuple[str, ...]
    samples: tuple[Sample, ...] | None


@dataclass(frozen=True)
class Manifest:
    """A fold.

    Attributes:
        name: of its folder.
        number: in that name.
        training, validation: parts without a patient in common.
    """

    name: str
    number: int
    training: Part
    validation: Part


def patient_key(name: str) -> str:
    """What all ways to write a patient have in common: ``0008``, ``008`` and ``8`` are the same one."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", one_form(name).strip().lower())


def sample_key(name: str) -> str:
    """The same of a sample, whose name begins with its patient: ``0008_053.png`` is ``8_053``."""
    return re.sub(r"^0+(?=\d)", "", stem(name).lower())


def stem(name: str) -> str:
    """A name without the ending of an image, if it has one."""
    plain = one_form(name).strip()
    return plain[: -len(suffix)] if (suffix := PurePosixPath(plain).suffix).lower() in SUFFIXES else plain


def read_manifests(folder: Path, number: int | None = None) -> tuple[Manifest, ...]:
    """The folds of ``folder`` in the order of their numbers, or only that of a number.

    Raises:
        AnnotationError: there are none, a list is missing or damaged, or a patient is in both parts of one.
    """
    if not folder.is_dir():
        raise AnnotationError(
            f"{folder}: there is no such folder; give the one that holds fold_01, fold_02, …"
        )
    found = {}
    for path in sorted(folder.iterdir()):
        match = _FOLD.fullmatch(path.name)
        if match and path.is_dir():
            if int(match[1]) in found:
                raise AnnotationError(
                    f"{path}: there is another fold {match[1]} beside it; remove one of them"
                )
            found[int(match[1])] = path
    if not found:
        raise AnnotationError(f"{folder}: it holds no fold_01, fold_02, …; give the folder of the manifests")
    if number is not None and number not in found:
        there = ", ".join(map(str, sorted(found)))
        raise AnnotationError(f"{folder}: there is no fold {number}; give one of {there}")
    wanted = sorted(found) if number is None else [number]
    return tuple(_fold(found[each], each) for each in wanted)


def _fold(folder: Path, number: int) -> Manifest:
    training, validation = (_part(folder, name) for name in ("train", "val"))
    first = {patient_key(name): name for name in training.patients}
    shared = sorted((first[key], name) for name in validation.patients if (key := patient_key(name)) in first)
    if shared:
        here, there = shared[0]
        also = f" (there {there})" if here != there else ""
        more = f", like {len(shared) - 1} more" if len(shared) > 1 else ""
        raise AnnotationError(
            f"{folder}: patient {here} is in train_patients.txt and in val_patients.txt{also}{more}: a model "
            "would be validated on what it has learned; take it out of one of them"
        )
    return Manifest(folder.name, number, training, validation)


def _part(folder: Path, name: str) -> Part:
    file = folder / f"{name}_patients.txt"
    patients = tuple(line for _, line in _lines(file))
    if not patients:
        raise AnnotationError(f"{file}: it names no patient; give one a line")
    listed = {patient_key(patient) for patient in patients}
    table = folder / f"{name}_samples.tsv"
    if not table.exists():
        return Part(patients, None)
    samples = []
    for line, text in _lines(table):
        sample = _sample(text, f"{table}, line {line}")
        if patient_key(sample.patient) not in listed:
            raise AnnotationError(
                f"{table}, line {line}: sample {sample.name} is of patient {sample.patient}, whom "
                f"{file.name} does not list; correct one of the two"
            )
        samples.append(sample)
    return Part(patients, tuple(samples))


def _sample(text: str, where: str) -> Sample:
    cells = [cell.strip() for cell in text.split("\t")]
    if len(cells) < 2 or not cells[0] or not cells[1]:
        raise AnnotationError(
            f"{where}: it has no sample and patient, separated by a tab; give sample, patient, image, mask "
            "and points"
        )
    image = cells[2].replace("\\", "/").rpartition("/")[2] if len(cells) > 2 else ""
    return Sample(cells[0], cells[1], image)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AnnotationError(
            f"{file}: it cannot be read ({error.strerror}); add it to the manifests"
        ) from None
    except UnicodeDecodeError:
        raise AnnotationError(f"{file}: it is no text in UTF-8; write it again as such") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line.strip("\r\n ")
