"""Opens an annotated data set of any known format."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from training.annotations.check import Rules, check
from training.annotations.coco import is_coco, read_coco
from training.annotations.frame import AnnotatedFrame
from training.annotations.images import WORKERS
from training.annotations.knowledge import Missing, landmarks_named
from training.annotations.names import landmark_names
from training.annotations.pairs import is_image
from training.annotations.record import (
    BrokenAnnotationError,
    ProcedureRule,
    RecordSet,
    procedure_rule,
    read_json,
)
from training.annotations.report import AnnotationError, FaultyAnnotationsError, Report
from training.annotations.simulated import DESCRIPTION, read_simulated
from training.annotations.supervisely import META, read_project, read_single_files

_LOG = logging.getLogger(__name__)

OnError = Literal["refuse", "skip"]
Empty = Literal["format", "refuse", "keep"]
Hidden = Literal["absent", "visible"]
Origin = Literal["auto", "corner", "centre"]


@dataclass(frozen=True)
class AnnotatedSet:
    """A data set that was read.

    Attributes:
        frames: fit for training, in the order of their names.
        report: what is wrong with the others, and what was decided.
    """

    frames: tuple[AnnotatedFrame, ...]
    report: Report


def open_annotated(
    path: Path,
    *,
    on_error: OnError = "refuse",
    names: Mapping[str, str | None] | Path | None = None,
    procedure_pattern: str | None = None,
    empty: Empty = "format",
    hidden: Hidden = "absent",
    origin: Origin = "auto",
    stored_bits: int | None = None,
    report_file: Path | None = None,
    workers: int = WORKERS,
    labelled: str | None = None,
    missing: Missing = "absent",
    root_points: bool = False,
    chosen: Callable[[RecordSet], RecordSet] | None = None,
) -> AnnotatedSet:
    """Reads a data set, decodes all its images and checks all its annotations; writes nothing into it.

    Args:
        path: folder of ``./tavi simulate``, Supervisely project, folder of images with a JSON file each, or a
            COCO file or a folder with one.
        on_error: ``refuse`` raises when anything is wrong; ``skip`` leaves such frames out and names them.
        names: names of the set's classes and keypoints to our landmarks' (see ``landmark_names``).
        procedure_pattern: tells an image's procedure by its file name (see ``ProcedureRule``).
        empty: whether images with an annotation that is explicitly empty are true negatives (``keep``) or
            were forgotten (``refuse``); ``format``: kept from the simulator, refused from elsewhere.
        hidden: what COCO's keypoints are that are labelled but hidden (v = 1).
        origin: whether coordinates count from the corner or the centre of the first pixel; ``auto``: corner
            where any has a fraction, else centre. The simulator's own sets say it themselves.
        stored_bits: how many low bits of 16-bit pixels carry the grey level, where the set does not say it.
        report_file: where to write the report, .json or text.
        workers: threads that decode images.
        labelled: the landmarks that the set labels, such as ``AA1,AA2``; None: those among the classes that
            it declares. All others are unknown: neither visible nor absent.
        missing: what a labelled landmark is where it is not marked: not visible (``absent``), or perhaps
            forgotten (``unknown``). Frames of which nothing is known are left out.
        root_points: whether the outline of the aortic root gives AA and STJ where their points are missing;
            see ``root``, and what the report says of its error.
        chosen: picks some of the images, before any of them is decoded.

    Raises:
        AnnotationError: the format is unknown, or an option makes no sense.
        FaultyAnnotationsError: something is wrong, and ``on_error`` is ``refuse``; or no frame is left.
    """
    if stored_bits is not None and not 1 <= stored_bits <= 16:
        raise AnnotationError(f"stored bits are {stored_bits}; give 1 to 16")
    path = Path(path)
    rules = Rules(
        landmark_names(names),
        None if origin == "auto" else origin == "corner",
        None if empty == "format" else empty == "keep",
        stored_bits,
        workers,
        landmarks_named(labelled) if labelled is not None else None,
        missing,
        root_points,
    )
    read = _read(path, procedure_rule(procedure_pattern), hidden_visible=hidden == "visible")
    if chosen is not None:
        read = chosen(read)
    checked = check(read, rules)
    frames = tuple(sorted(checked.frames, key=lambda frame: frame.name))
    report = Report(path, read.format, len(read.records), len(frames), checked.findings, checked.notes)
    if report_file is not None:
        report.write(report_file)
    if report.findings and on_error == "refuse":
        raise FaultyAnnotationsError(report.refusal(report_file), report)
    if not frames:
        raise FaultyAnnotationsError(f"{report.headline}: no frame is left; mend the data set", report)
    if report.findings:
        _LOG.warning("%s", report.headline)
    return AnnotatedSet(frames, report)


def _read(path: Path, rule: ProcedureRule, *, hidden_visible: bool) -> RecordSet:
    if path.is_file():
        if not is_coco(_content(path)):
            raise AnnotationError(f"{path}: it is no COCO file; give one, or the folder of a data set")
        return read_coco([path], path.parent, rule, hidden_visible=hidden_visible)
    if not path.is_dir():
        raise AnnotationError(f"{path}: there is no such file or folder; check the path")
    if (path / DESCRIPTION).is_file() and (path / "supervisely").is_dir():
        return read_simulated(path, rule)
    if (path / META).is_file():
        return read_project(path, rule)
    coco = [file for file in _json_files(path) if is_coco(_content(file))]
    if coco:
        return read_coco(coco, path, rule, hidden_visible=hidden_visible)
    projects = [folder for folder in sorted(path.iterdir()) if (folder / META).is_file()]
    if projects:
        found = ", ".join(folder.name for folder in projects)
        raise AnnotationError(f"{path}: it holds Supervisely projects; give one of them: {found}")
    if any(file.suffix.lower() == ".json" for file in path.rglob("*.json")):
        return read_single_files(path, rule)
    what = "images but no annotations" if any(map(is_image, path.rglob("*"))) else "no annotated images"
    raise AnnotationError(
        f"{path}: it holds {what}; give a folder of ./tavi simulate, a Supervisely project, images with a "
        "JSON file each, or a COCO file"
    )


def _json_files(path: Path) -> list[Path]:
    """JSON files that may be COCO's: in the folder or one below, and of no single image's."""
    folders = [path, *(child for child in sorted(path.iterdir()) if child.is_dir())]
    files = [file for folder in folders for file in sorted(folder.glob("*.json"))]
    return [file for file in files if not _of_an_image(file)]


def _of_an_image(file: Path) -> bool:
    return (
        file.parent.name == "ann"
        or is_image(file.with_suffix(""))
        or any(is_image(file.with_suffix(suffix)) for suffix in (".png", ".jpg", ".jpeg", ".tif", ".bmp"))
    )


def _content(path: Path) -> Any:
    try:
        return read_json(path)
    except BrokenAnnotationError:
        return None
