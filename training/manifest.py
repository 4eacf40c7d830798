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

DRAWN = (
    "Synthetic frames only: devices drawn as X-ray attenuation over procedural anatomy, with exact labels "
    "(tavi_perception.simulation); no image of a patient."
)
BEFORE_REAL_FRAMES = (
    "Synthetic frames: devices drawn as X-ray attenuation, with exact labels (tavi_perception.simulation), "
    "half of them over procedural anatomy, half over real X-ray frames without a valve ({pool}), which are "
    "shown by themselves too, as frames without a landmark; no label was placed on a real image."
)
"""What a model has learned from, without and with real backgrounds."""


_OUTPUTS = ("presence", "xy", "covariance", "foreign")
"""The last is that which not every network has."""

TO_ONE = (1 / 127.5, -1.0)
"""Makes −1…1 of grey levels."""


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from: recipe and validations of the training, and remarks in words.

    ``note`` is about the training, ``observed`` about what was seen on real images; ``pool`` says in words
    where real backgrounds came from, and is empty where there were none.
    """

    recipe: Recipe
    history: list[dict[str, float]]
    version: str
    note: str
    observed: str
    calibration_frames: str
    pool: str = ""

    @property
    def training_data(self) -> str:
        """What the model has learned from, in words."""
        return BEFORE_REAL_FRAMES.format(pool=self.pool) if self.pool else DRAWN

    @property
    def training(self) -> dict[str, Any]:
        """All of the training, for ``model.json``."""
        return {**self.recipe.as_json(), "note": self.note, "validations": self.history}


class Origin(Protocol):
    """What a manifest says of where a model comes from."""

    @property
    def version(self) -> str: ...

    @property
    def training_data(self) -> str: ...

    @property
    def training(self) -> dict[str, Any]: ...

    @property
    def observed(self) -> str: ...


class Calibrated(Protocol):
    """Thresholds and covariance calibration, each (11,)."""

    @property
    def thresholds(self) -> NDArray[np.float64]: ...

    @property
    def factor(self) -> NDArray[np.float64]: ...

    @property
    def floor(self) -> NDArray[np.float64]: ...


def write_manifest(
    folder: Path, origin: Origin, size: int, calibration: Calibrated, figures: dict[str, Any],
    foreign: bool, scaling: tuple[float, float] = TO_ONE,
) -> None:  # fmt: skip
    """Describe the bundle in ``folder``, with the hashes of all files now in it except its card.

    ``foreign``: the network tells delivery systems of other makes. ``scaling``: factor and offset that make
    its input of grey levels.
    """
    scale, offset = scaling
    content = {
        "format_version": FORMAT_VERSION,
        "name": folder.name,
        "version": origin.version,
        "landmarks": list(NAMES),
        "input": {
            "tensor": "image", "height": size, "width": size, "channels": 1,
            "fit": FIT,
            "fit_in_words": "pad to a square by repeating the borders (centred; its side a multiple of "
            "the factor max(height, width) // size), shrink with INTER_AREA by that factor, then "
            "INTER_LINEAR to size",
            "scale": scale, "offset": offset,
        },
        "outputs": {name: name for name in _OUTPUTS[: None if foreign else -1]},
        "outputs_in_words": "presence (1, 11) probability; xy (1, 11, 2) input px, an integer is a pixel's "
        "centre; covariance (1, 11, 3) xx, xy, yy in input px², to be calibrated; foreign (1, 1) probability "
        "of a delivery system of another make, where there is one",
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
        "training_data": origin.training_data,
        "training": origin.training,
        "metrics": figures,
        "observed": origin.observed,
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n")


def _named(values: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in zip(NAMES, values, strict=True)}
