"""The contents of a bundle's ``model.json``, read strictly: whatever is missing or unknown is an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tavi_perception.estimates import FloatArray
from tavi_perception.landmarks import COUNT, NAMES
from tavi_perception.sentence import InputError

FORMAT_VERSION = 1
MANIFEST = "model.json"
FIT = "square-replicate-area-linear"
"""Name of what ``preprocessing.fit_square`` does; a bundle for another preparation is refused."""


class ModelContractError(InputError):
    """A model bundle cannot be used; the message says what is wrong with it in one sentence."""


@dataclass(frozen=True)
class Tensors:
    """Names of the model's input and outputs in its signature; ``foreign`` is empty where it has none."""

    image: str
    presence: str
    xy: str
    covariance: str
    foreign: str = ""


@dataclass(frozen=True)
class BundleFile:
    """A file of the bundle: its path relative to the folder and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What ``model.json`` says.

    Attributes:
        name, version: of the model.
        input_height, input_width: of the network's input (px).
        scale, offset: input value = grey · scale + offset.
        tensors: names of input and outputs.
        thresholds: (11,) presence from which on a landmark counts as present.
        factor, floor: (11,) calibrated covariance = factor · covariance + floor · identity (input px²).
        files: every other file of the bundle.
        training_data: in words.
    """

    name: str
    version: str
    input_height: int
    input_width: int
    scale: float
    offset: float
    tensors: Tensors
    thresholds: FloatArray
    factor: FloatArray
    floor: FloatArray
    files: tuple[BundleFile, ...]
    training_data: str

    def scaled(self, levels: Any) -> Any:
        """The network's input for grey ``levels`` (float32, an array or a tensor of any shape)."""
        return levels * self.scale + self.offset


def calibrated_covariance(raw: FloatArray, factor: FloatArray, floor: FloatArray) -> FloatArray:
    """Calibrated covariances (…, 11, 2, 2) of the network's raw ones; ``factor``, ``floor`` (11,)."""
    return factor[:, None, None] * raw + floor[:, None, None] * np.eye(2)


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest of a bundle and the SHA-256 of its text, which vouches for all files by their hashes.

    Raises:
        ModelContractError: there is none, it is not JSON, or it breaks the contract.
    """
    path = folder / MANIFEST
    try:
        if not path.is_file():  # a pipe would keep us waiting
            raise FileNotFoundError(path)
        text = path.read_bytes()
    except OSError:
        raise ModelContractError(
            f"model bundle {folder}: {MANIFEST} is missing; name the folder of a bundle"
        ) from None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelContractError(f"model bundle {folder}: {MANIFEST} is not JSON ({error})") from None
    try:
        return _parse(content), hashlib.sha256(text).hexdigest()
    except _BrokenRuleError as error:
        raise ModelContractError(f"model bundle {folder}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        kind = type(error).__name__
        raise ModelContractError(
            f"model bundle {folder}: {MANIFEST} lacks or garbles a field ({kind}: {error}); export it again"
        ) from None


class _BrokenRuleError(Exception):
    pass


def _parse(content: Any) -> Manifest:
    if not isinstance(content, dict):
        raise _BrokenRuleError(f"{MANIFEST} is not a JSON object")
    if content.get("format_version") != FORMAT_VERSION:
        raise _BrokenRuleError(
            f"format version {content.get('format_version')} is unknown, this software reads {FORMAT_VERSION}"
        )
    if tuple(content["landmarks"]) != NAMES:
        raise _BrokenRuleError(f"its landmarks are {content['landmarks']}, not {list(NAMES)} in this order")
    image, outputs = content["input"], content["outputs"]
    if image["fit"] != FIT:
        raise _BrokenRuleError(f"its images are prepared as {image['fit']!r}, this software knows {FIT!r}")
    if image["height"] != image["width"] or not 32 <= int(image["width"]) <= 4096:
        raise _BrokenRuleError(
            f"its input is {image['width']}x{image['height']}, not a square of 32 to 4096 px"
        )
    return Manifest(
        name=str(content["name"]),
        version=str(content["version"]),
        input_height=int(image["height"]),
        input_width=int(image["width"]),
        scale=_finite(image["scale"], "input.scale"),
        offset=_finite(image["offset"], "input.offset"),
        tensors=Tensors(
            str(image["tensor"]),
            str(outputs["presence"]),
            str(outputs["xy"]),
            str(outputs["covariance"]),
            str(outputs.get("foreign", "")),
        ),
        thresholds=_numbers(content["presence_thresholds"], "presence_thresholds", 0.0, 1.0),
        factor=_numbers(
            content["covariance_calibration"]["factor"], "covariance_calibration.factor", 0.0, 1e6
        ),
        floor=_numbers(
            content["covariance_calibration"]["floor_px2"], "covariance_calibration.floor_px2", 0.0, 1e6
        ),
        files=tuple(_file(path, entry) for path, entry in content["files"].items()),
        training_data=str(content["training_data"]),
    )


def _numbers(values: Mapping[str, float], name: str, low: float, high: float) -> FloatArray:
    """(11,) one number for each landmark, in order."""
    if set(values) != set(NAMES):
        raise _BrokenRuleError(f"{name} does not give one number for each of the {COUNT} landmarks")
    numbers = np.array([float(values[landmark]) for landmark in NAMES])
    if not ((numbers >= low) & (numbers <= high)).all():
        raise _BrokenRuleError(f"{name} holds numbers outside {low} to {high}")
    return numbers


def _finite(value: Any, name: str) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise _BrokenRuleError(f"{name} is {number}, not a finite number")
    return number


def _file(path: str, entry: Mapping[str, str]) -> BundleFile:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\0" in path:
        raise _BrokenRuleError(f"its file {path!r} lies outside the bundle")
    return BundleFile(path, str(entry["sha256"]))
