"""Reads the data sets of ``./tavi simulate``: their Supervisely project, completed from their table."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tavi_perception.estimates import Stage
from training.annotations.record import (
    BrokenAnnotationError,
    ProcedureRule,
    Record,
    RecordSet,
    broken,
    read_json,
    relative,
)
from training.annotations.report import Finding, Kind
from training.annotations.supervisely import read_project

DESCRIPTION = "dataset.json"
_TABLE = "frames.csv"
_AGAIN = "give the same ./tavi simulate command again: it completes the set"


@dataclass(frozen=True)
class _Row:
    """What the table says of a frame beyond its annotation."""

    procedure: str
    stage: str
    stored_bits: int


def read_simulated(root: Path, rule: ProcedureRule) -> RecordSet:
    """A folder with dataset.json, frames.csv and supervisely/.

    An image in which no landmark is visible is a true negative here. The procedure is the simulated one,
    named after its seed, unless ``rule`` says otherwise.
    """
    project = root / "supervisely"
    read = read_project(project, rule)
    findings = [replace(f, file=f"{project.name}/{f.file}") for f in read.findings]
    findings += _unfinished(root)
    try:
        rows = _rows(root / _TABLE)
    except BrokenAnnotationError as error:
        rows = {}
        findings.append(Finding(Kind.INCOMPLETE_SET, _TABLE, str(error), _AGAIN))
    records = [_completed(record, root, rows, rule) for record in read.records]
    named = {relative(record.image, root) for record in records if record.image is not None}
    missing = [_missing(image) for image in rows if image not in named]
    return RecordSet(
        "data set of ./tavi simulate",
        (*records, *missing),
        tuple(findings),
        corner_origin=True,
        keeps_empty=True,
        notes=("the images are simulated, not recorded from patients",),
    )


def _unfinished(root: Path) -> list[Finding]:
    try:
        content: Any = read_json(root / DESCRIPTION)
    except BrokenAnnotationError as error:
        return [broken(DESCRIPTION, error)]
    if isinstance(content, dict) and content.get("complete") is True:
        return []
    return [Finding(Kind.INCOMPLETE_SET, DESCRIPTION, "the set was never completed", _AGAIN)]


def _rows(path: Path) -> dict[str, _Row]:
    """Rows of the table by the image's path.

    Raises:
        BrokenAnnotationError: there is no table, or it is damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {
                row["image"]: _Row(
                    row["procedure"], Stage(int(row["stage"])).name.lower(), int(row["stored_bits"])
                )
                for row in csv.DictReader(file)
            }
    except OSError as error:
        raise BrokenAnnotationError(f"it cannot be opened ({error.strerror})") from None
    except (KeyError, ValueError, TypeError) as error:
        raise BrokenAnnotationError(f"it is damaged ({' '.join(str(error).split())})") from None


def _completed(record: Record, root: Path, rows: dict[str, _Row], rule: ProcedureRule) -> Record:
    prefix = "supervisely/"
    record = replace(
        record,
        name=prefix + record.name,
        source=prefix + record.source,
        findings=tuple(replace(f, file=prefix + f.file) for f in record.findings),
    )
    if record.image is None or not rows:
        return record
    row = rows.get(relative(record.image, root))
    if row is None:
        finding = Finding(Kind.INCOMPLETE_SET, record.source, f"{_TABLE} has no row for it", _AGAIN)
        return replace(record, findings=(*record.findings, finding))
    return replace(
        record,
        procedure=rule.procedure(record.image.name, row.procedure),
        stage=row.stage,
        stored_bits=row.stored_bits,
    )


def _missing(image: str) -> Record:
    finding = Finding(Kind.MISSING_IMAGE, image, f"{_TABLE} has a row for it, but there is no image", _AGAIN)
    return Record(image, None, image, findings=(finding,))
