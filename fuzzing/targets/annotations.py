"""Annotated data sets: Supervisely, COCO, the public layout with areas, and the manifests of folds."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

from public_set import POINTS, PublicSet, bitmap, point, polygon, root_mask

from fuzzing.choices import Choices
from fuzzing.mutation import TEXTS, altered, damaged, json_text
from fuzzing.target import Target
from training.annotations.manifests import read_manifests
from training.annotations.opening import open_annotated
from training.annotations.report import AnnotationError

_SIDE = 160


def _contents(folder: Path) -> dict[str, bytes]:
    """The files of a small set by name: images of two patients, their annotations, COCO's of the same."""
    public = PublicSet(folder)
    for patient in ("0001", "0002"):
        public.frame(patient, f"{patient}_1", spacing=0.3)
    areas = [bitmap(root_mask()), polygon([(9, 9), (99, 9), (99, 99)]), point("AA1", POINTS["AA1"])]
    public.annotation("0002", "0002_1.png", areas)
    files = {
        str(file.relative_to(public.root)): file.read_bytes()
        for file in public.root.rglob("*")
        if file.is_file()
    }
    return {**files, "coco.json": json.dumps(_coco()).encode()}


def _coco() -> dict[str, Any]:
    names = list(POINTS)
    values = [value for name in names for value in (*POINTS[name], 2)]
    images = [
        {"id": n, "file_name": f"000{n}/img/000{n}_1.png", "width": _SIDE, "height": _SIDE} for n in (1, 2)
    ]
    return {
        "images": images,
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "keypoints": values}],
        "categories": [{"id": 1, "name": "root", "keypoints": names}],
    }


def _bomb(choices: Choices) -> dict[str, Any]:
    """A bitmap whose header, or zlib stream, promises far more than it is."""
    side = choices.one_of((160, 4_096, 8_192, 16_384, 2**31 - 1))
    header = struct.pack(
        ">IIBBBBB", side, side, choices.one_of((1, 8, 16)), choices.one_of((0, 6, 3)), 0, 0, 0
    )
    rows = zlib.compress(bytes(choices.one_of((1_000, 5_000_000, 300_000_000))), 1)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    data = base64.b64encode(zlib.compress(png, 1)).decode()
    return {"classTitle": "Aortic root", "geometryType": "bitmap", "bitmap": {"origin": [0, 0], "data": data}}


def _set(files: dict[str, bytes], choices: Choices, folder: Path) -> Path:
    """The set with some of its files wrong; as Supervisely's, or as COCO's, or as files beside images."""
    form = choices.number(3)
    left_out = ({"coco.json"}, {"meta.json"}, {"coco.json", "meta.json"})[form]
    chosen = {name: data for name, data in files.items() if name not in left_out}
    wrong = {choices.one_of(sorted(chosen)) for _ in range(1 + choices.number(3))}
    for name, data in chosen.items():
        path = folder / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_wrong(name, data, choices) if name in wrong else data)
    return folder / "set"


def _wrong(name: str, data: bytes, choices: Choices) -> bytes:
    if not name.endswith(".json") or choices.chance(3):
        return damaged(data, choices)
    tree = altered(json.loads(data), choices)
    if isinstance(tree, dict) and isinstance(tree.get("objects"), list) and choices.chance(40):
        tree["objects"].append(_bomb(choices))
    return json_text(tree)


def _read(path: Path) -> None:
    coco = path / "coco.json"
    open_annotated(coco if coco.exists() else path, on_error="skip", root_points=True, workers=1)


def _manifests(_: Path) -> dict[str, bytes]:
    return {
        "train_patients.txt": b"0001\n0002\n",
        "val_patients.txt": b"0003\n",
        "train_samples.tsv": b"0001_1\t0001\ttrain/images/0001_1.png\n0002_1\t0002\n",
        "val_samples.tsv": b"0003_1\t0003\t../../x.png\n",
    }


def _fold(files: dict[str, bytes], choices: Choices, folder: Path) -> Path:
    fold = folder / choices.one_of(("fold_01", "fold_0", "fold_" + "9" * 200, "Fold-7", "fold_²"))
    fold.mkdir()
    for name, data in files.items():
        text = choices.one_of(TEXTS).encode("utf-8", "surrogatepass")
        extra = text.join((b"\t", b"\n")) if choices.chance(6) else b""
        (fold / name).write_bytes((damaged(data, choices) if choices.chance(3) else data) + extra)
    return folder


TARGETS = (
    Target("annotations", (AnnotationError,), _contents, _set, _read, tests=120),
    Target("manifests", (AnnotationError,), _manifests, _fold, read_manifests, tests=300),
)
