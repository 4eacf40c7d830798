"""Writes a bundle's ``model.json``: the contract that ``tavi_perception.inference.manifest`` reads."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tavi_perception.inference.manifest import FIT, FORMAT_VERSION, MANIFEST
from tavi_perception.landmarks import NAMES
from training.recipe import Recipe

CARD = "CARD.md"

TRAINING_DATA = (
    "Synthetic frames only: devices drawn as X-ray attenuation over procedural anatomy, with exact labels "
    "(tavi_perception.simulation); no image of a patient."
)


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from: recipe and validations of the training, and remarks in words.

    ``note`` is about the training, ``observed`` about what was seen on real images.
    """

    recipe: Recipe
    history: list[dict[str, float]]
    version: str
    note: str
    observed: str
    calibration_frames: str


class Calibrated(Protocol):
    """Thresholds and covariance calibration, each (11,)."""

    @property
    def thresholds(self) -> NDArray[np.float64]: ...

    @property
    def factor(self) -> NDArray[np.float64]: ...

    @property
    def floor(self) -> NDArray[np.float64]: ...


def write_manifest(
    folder: Path, provenance: Provenance, size: int, calibration: Calibrated, figures: dict[str, Any]
) -> None:
    """Describe the bundle in ``folder``, with the hashes of all files now in it except its card."""
    content = {
        "format_version": FORMAT_VERSION,
        "name": folder.name,
        "version": provenance.version,
        "landmarks": list(NAMES),
        "input": {
            "tensor": "image", "height": size, "width": size, "channels": 1,
            "fit": FIT,
            "fit_in_words": "pad to a square by repeating the borders (centred; its side a multiple of "
            "the factor max(height, width) // size), shrink with INTER_AREA by that factor, then "
            "INTER_LINEAR to size",
            "scale": 1 / 127.5, "offset": -1.0,
        },
        "outputs": {"presence": "presence", "xy": "xy", "covariance": "covariance"},
        "outputs_in_words": "presence (1, 11) probability; xy (1, 11, 2) input px, an integer is a pixel's "
        "centre; covariance (1, 11, 3) xx, xy, yy in input px², to be calibrated",
        "presence_thresholds": _named(calibration.thresholds),
        "covariance_calibration": {
            "factor": _named(calibration.factor), "floor_px2": _named(calibration.floor),
        },
        "files": {
            str(path.relative_to(folder)): {
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "bytes": path.stat().st_size,
            }
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in (MANIFEST, CARD)
        },
        "training_data": TRAINING_DATA,
        "training": {
            **provenance.recipe.as_json(), "note": provenance.note, "validations": provenance.history,
        },
        "metrics": figures,
        "observed": provenance.observed,
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n")


def _named(values: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in zip(NAMES, values, strict=True)}
