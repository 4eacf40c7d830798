"""Reads Supervisely's JSON: whole projects with a meta.json, and single files beside their images.

The format is documented at https://developer.supervisely.com/getting-started/supervisely-annotation-format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tavi_perception.calibration import SPACING_RANGE_MM
from training.annotations.names import one_form
from training.annotations.pairs import Pair, is_image, paired
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
from training.annotations.regions import bitmap_region, polygon_region
from training.annotations.report import Finding, Kind

META = "meta.json"
INFO = "img_info"
"""Folder beside ``img`` and ``ann`` with what is known of each image."""

_SPACING = "pixel_spacing_row_mm"
"""Entry of an image's ``meta`` in the public TAVI set: ImagerPixelSpacing of the recording."""


@dataclass(frozen=True)
class ProjectMeta:
    """What a project's meta.json says of its classes.

    Attributes:
        shapes: geometry of each class by its title.
        labels: name of a graph's node by class title and node id.
    """

    shapes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def declared(self) -> frozenset[str]:
        """Names of all classes and of the nodes of graphs."""
        return frozenset([*self.shapes, *self.labels.values()])


def read_project(root: Path, rule: ProcedureRule) -> RecordSet:
    """A project: meta.json, and datasets (perhaps nested) with folders ``img`` and ``ann``.

    A procedure is told by ``rule``, else by the image's tag ``procedure``, else by its dataset.
    """
    findings: tuple[Finding, ...] = ()
    try:
        meta = project_meta(read_json(root / META))
    except BrokenAnnotationError as error:
        meta, findings = ProjectMeta(), (broken(META, error),)
    records: list[Record] = []
    for dataset in _datasets(root):
        pairs, faulty = paired(dataset / "img", dataset / "ann", root)
        name = relative(dataset, root)
        records += [_with_spacing(_record(pair, root, meta, rule, name), dataset, pair) for pair in pairs]
        records += [replace(record, procedure=one_form(name)) for record in faulty]
    return RecordSet("Supervisely project", tuple(records), findings, declared=meta.declared)


def read_single_files(root: Path, rule: ProcedureRule) -> RecordSet:
    """Annotations in files beside their images, or in ``ann`` beside ``img``, at any depth.

    A procedure is told by ``rule``, else by the image's tag ``procedure``, else by its folder.
    """
    records: list[Record] = []
    for images, texts in _folders(root):
        pairs, faulty = paired(images, texts, root)
        folder = images.parent if texts != images else images
        name = root.resolve().name if folder == root else relative(folder, root)
        records += [_record(pair, root, ProjectMeta(), rule, name) for pair in pairs]
        records += [replace(record, procedure=one_form(name)) for record in faulty]
    return RecordSet("Supervisely files beside their images", tuple(records))


def project_meta(content: Any) -> ProjectMeta:
    """The classes of a meta.json.

    Raises:
        BrokenAnnotationError: it lists none.
    """
    shapes: dict[str, str] = {}
    labels: dict[tuple[str, str], str] = {}
    classes = items(content.get("classes") if isinstance(content, dict) else None, dict, "classes")
    for entry in classes:
        title = str(entry.get("title", ""))
        shapes[title] = str(entry.get("shape", ""))
        template = entry.get("geometry_config") or {}
        nodes = template.get("nodes") if isinstance(template, dict) else None
        for key, node in nodes.items() if isinstance(nodes, dict) else ():
            if isinstance(node, dict) and node.get("label"):
                labels[title, key] = str(node["label"])
    return ProjectMeta(shapes, labels)


def marks_of(content: Mapping[str, Any], meta: ProjectMeta) -> tuple[Mark, ...]:
    """Points, the nodes of graphs, and areas; an object of another geometry is a mark without coordinates.

    Nodes that are disabled (hidden, in Supervisely's words) are left out.

    Raises:
        BrokenAnnotationError: the objects are not as the format says.
    """
    marks: list[Mark] = []
    for entry in items(content.get("objects"), dict, "objects"):
        title = entry.get("classTitle")
        if not isinstance(title, str) or not title.strip():
            raise BrokenAnnotationError("an object has no class title")
        geometry = entry.get("geometryType") or meta.shapes.get(title) or _geometry_by_content(entry)
        if not isinstance(geometry, str):
            raise BrokenAnnotationError(f"object {title} has a geometry type that is no text")
        if geometry == "point":
            marks.append(_point(entry, title))
        elif geometry == "graph":
            marks += _nodes(entry, title, meta)
        elif geometry in _AREAS:
            marks.append(Mark(title, title, None, geometry, _AREAS[geometry](entry, title)))
        else:
            marks.append(Mark(title, title, None, geometry))
    return tuple(marks)


_AREAS = {"bitmap": bitmap_region, "polygon": polygon_region}


def _with_spacing(record: Record, dataset: Path, pair: Pair) -> Record:
    """The record with the pixel spacing that ``img_info`` states; anything odd there states none."""
    for name in (f"{pair.image.name}.json", f"{pair.image.stem}.json"):
        file = dataset / INFO / name
        if not file.is_file():
            continue
        try:
            content = read_json(file)
            meta = content.get("meta") if isinstance(content, dict) else None
            spacing = number(meta.get(_SPACING) if isinstance(meta, dict) else None, _SPACING)
        except BrokenAnnotationError:
            continue
        if SPACING_RANGE_MM[0] <= spacing <= SPACING_RANGE_MM[1]:
            return replace(record, spacing_mm=spacing)
    return record


def _record(pair: Pair, root: Path, meta: ProjectMeta, rule: ProcedureRule, folder: str) -> Record:
    name, source = relative(pair.image, root), relative(pair.annotation, root)
    record = Record(name, pair.image, source, procedure=rule.procedure(pair.image.name, folder))
    try:
        content = read_json(pair.annotation)
        if not isinstance(content, dict):
            raise BrokenAnnotationError("it is no annotation: its top level is no object")
        tags = _tags(content)
        return replace(
            record,
            marks=marks_of(content, meta),
            size=size_of(content.get("size")),
            procedure=rule.procedure(pair.image.name, tags.get("procedure", folder)),
            stage=tags.get("stage"),
        )
    except BrokenAnnotationError as error:
        return replace(record, findings=(Finding(Kind.BROKEN_ANNOTATION, source, str(error), MEND),))


def _tags(content: Mapping[str, Any]) -> dict[str, str]:
    """Tags of the image that have a value; a tag may be a mere string in old files."""
    tags = content.get("tags")
    found = [tag for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []
    return {
        str(tag["name"]): str(tag["value"]) for tag in found if "name" in tag and tag.get("value") is not None
    }


def _geometry_by_content(entry: Mapping[str, Any]) -> str:
    """Geometry of an object whose file does not name it, as in old exports."""
    if isinstance(entry.get("nodes"), (dict, list)):
        return "graph"
    if entry.get("bitmap"):
        return "bitmap"
    points = entry.get("points")
    exterior = points.get("exterior") if isinstance(points, dict) else None
    several = isinstance(exterior, list) and len(exterior) > 1
    return "polygon, line or rectangle" if several else "point"


def _point(entry: Mapping[str, Any], title: str) -> Mark:
    points = entry.get("points")
    exterior = points.get("exterior") if isinstance(points, dict) else None
    if not isinstance(exterior, list) or len(exterior) != 1:
        raise BrokenAnnotationError(f"object {title} is a point without exactly one pair of coordinates")
    return Mark(title, title, point(exterior[0], f"the point of {title}"))


def _nodes(entry: Mapping[str, Any], title: str, meta: ProjectMeta) -> Iterator[Mark]:
    nodes = entry.get("nodes")
    if isinstance(nodes, list):
        nodes = {str(node.get("id", i)): node for i, node in enumerate(items(nodes, dict, "nodes"))}
    if not isinstance(nodes, dict) or not all(isinstance(node, dict) for node in nodes.values()):
        raise BrokenAnnotationError(f"object {title} is a graph without nodes")
    for key, node in nodes.items():
        if not node.get("disabled"):
            name = meta.labels.get((title, key)) or str(node.get("label") or key)
            yield Mark(name, title, point(node.get("loc"), f"node {name} of {title}"))


def _datasets(root: Path) -> list[Path]:
    """Folders that hold ``img`` or ``ann``, at any depth: datasets may be nested."""
    found = {path.parent for kind in ("img", "ann") for path in root.rglob(kind) if path.is_dir()}
    return sorted(folder for folder in found if not _hidden(folder, root))


def _folders(root: Path) -> list[tuple[Path, Path]]:
    """Folders with images, and the folder of their annotations: mostly the same one."""
    files = (path for path in root.rglob("*") if path.suffix.lower() == ".json" or is_image(path))
    folders = sorted({path.parent for path in files if not _hidden(path.parent, root)})
    pairs = {
        (folder.parent / "img", folder.parent / "ann")
        if folder.name in ("img", "ann")
        and all((folder.parent / kind).is_dir() for kind in ("img", "ann"))
        and folder != root
        else (folder, folder)
        for folder in folders
    }
    return sorted(pairs)


def _hidden(folder: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in folder.relative_to(root).parts)
