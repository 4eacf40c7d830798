"""Model bundles: folders with weights and a description, verified completely before anything runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tavi_perception.estimates import FloatArray
from tavi_perception.inference.manifest import MANIFEST, Manifest, ModelContractError, read_manifest
from tavi_perception.resources import share_directory

__all__ = ["DEFAULT_MODEL", "ModelBundle", "ModelContractError", "default_bundle", "load_bundle"]

DEFAULT_MODEL = "accurate"
"""Name of the shipped bundle that is used unless the user names another."""

LITERT_FILE, INT8_FILE = "model.tflite", "model.int8.tflite"
"""The network in float32, and with convolutions of 8 bits; the latter is not in every bundle."""

SAVED_MODEL = "saved_model"

_PIECE = 1 << 20


@dataclass(frozen=True)
class ModelBundle:
    """A verified bundle.

    Attributes:
        folder: where it lies.
        manifest: what its ``model.json`` says.
        sha256: hash of ``model.json``; it holds the hashes of all other files, so it names the whole bundle.
    """

    folder: Path
    manifest: Manifest
    sha256: str

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def input_height(self) -> int:
        return self.manifest.input_height

    @property
    def input_width(self) -> int:
        return self.manifest.input_width

    @property
    def cpu_runtime(self) -> str:
        """The fastest runtime without a GPU."""
        return "litert-int8" if self.lists(INT8_FILE) else "litert"

    def lists(self, path: str) -> bool:
        """Whether it has the file ``path``."""
        return any(file.path == path for file in self.manifest.files)

    @property
    def presence_thresholds(self) -> FloatArray:
        """(11,) presence from which on a landmark counts as present."""
        return self.manifest.thresholds


def load_bundle(path: str | Path) -> ModelBundle:
    """The bundle in folder ``path``, after checking its description and the hash of every file.

    Raises:
        ModelContractError: a file is missing or changed, or the bundle is for other landmarks, another
            format, or another preparation of the image.
    """
    folder = Path(path)
    manifest, sha256 = read_manifest(folder)
    if LITERT_FILE not in {file.path for file in manifest.files}:
        raise ModelContractError(f"model bundle {folder}: it lists no {LITERT_FILE}; export it again")
    for file in manifest.files:
        target = folder / file.path
        try:
            actual = _sha256(target)
        except OSError:
            raise ModelContractError(
                f"model bundle {folder}: {file.path} is missing; copy the whole bundle again"
            ) from None
        if actual != file.sha256:
            raise ModelContractError(
                f"model bundle {folder}: {file.path} was changed (its SHA-256 is not the one in model.json); "
                "copy the bundle again"
            )
    _check_nothing_beside(folder, manifest)
    return ModelBundle(folder, manifest, sha256)


def _sha256(file: Path) -> str:
    """Of a file's content, piece by piece.

    Raises:
        OSError: it is missing, or no regular file: reading others may never end.
    """
    if not file.is_file():
        raise FileNotFoundError(file)
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while piece := content.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _check_nothing_beside(folder: Path, manifest: Manifest) -> None:
    """TensorFlow loads what lies in the folder of its model, listed or not.

    Raises:
        ModelContractError: a file there is not listed.
    """
    listed = {folder / file.path for file in manifest.files}
    for file in sorted((folder / SAVED_MODEL).rglob("*")):
        if file not in listed and not file.is_dir():
            raise ModelContractError(
                f"model bundle {folder}: {file.relative_to(folder)} is not listed in {MANIFEST}; "
                "copy the bundle again"
            )


def default_bundle() -> ModelBundle:
    """The shipped bundle.

    Raises:
        ModelContractError: see ``load_bundle``.
    """
    return load_bundle(share_directory() / "models" / DEFAULT_MODEL)
