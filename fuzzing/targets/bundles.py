"""Model bundles: descriptions of any content, files that are not what they were, weights that are none."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzzing.choices import Choices
from fuzzing.mutation import altered, damaged, json_text
from fuzzing.target import Target
from tavi_perception.inference.bundle import LITERT_FILE, load_bundle
from tavi_perception.inference.manifest import MANIFEST, ModelContractError
from tavi_perception.resources import share_directory


@dataclass(frozen=True)
class _Bundle:
    manifest: dict[str, Any]
    weights: bytes


def _prepared(_: Path) -> _Bundle:
    """The smaller of the shipped bundles, with the beginning of its weights, which are only hashed."""
    folder = share_directory() / "models" / "fast"
    manifest = json.loads((folder / MANIFEST).read_bytes())
    for bulky in ("training", "metrics"):
        manifest.pop(bulky, None)
    weights = (folder / LITERT_FILE).read_bytes()[:4096]
    manifest["files"] = {LITERT_FILE: {"sha256": hashlib.sha256(weights).hexdigest()}}
    return _Bundle(manifest, weights)


def _bundle(prepared: _Bundle, choices: Choices, folder: Path) -> Path:
    path = folder / "model"
    path.mkdir()
    weights = damaged(prepared.weights, choices) if choices.chance(5) else prepared.weights
    (path / LITERT_FILE).write_bytes(weights)
    manifest = altered(prepared.manifest, choices)
    if choices.chance(4) and isinstance(manifest, dict):
        name = choices.one_of(
            ("../secret", "/etc/passwd", "a/../../b", "", ".", "saved_model", "\0", "c:\\x")
        )
        manifest["files"] = {LITERT_FILE: prepared.manifest["files"][LITERT_FILE], name: {"sha256": "0" * 64}}
    text = json_text(manifest)
    (path / MANIFEST).write_bytes(damaged(text, choices) if choices.chance(4) else text)
    return path


TARGETS = (Target("bundle", (ModelContractError,), _prepared, _bundle, load_bundle, tests=300),)
