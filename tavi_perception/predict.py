"""Keypoints of single images as JSON and pictures, without ROS (``./tavi predict``)."""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from tavi_perception.estimates import NAN, AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.imaging.exposure import MIN_SIDE, exposure_defect
from tavi_perception.imaging.files import read_image
from tavi_perception.imaging.source import GreyImage, SourceError, shown
from tavi_perception.inference.bundle import default_bundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import NAMES
from tavi_perception.output import OutputError, write_json, write_picture
from tavi_perception.visualization.overlay import draw_overlay


def predict_files(
    images: Sequence[Path],
    json_file: Path | None,
    overlays: Path | None,
    model: Path | None,
    runtime: str,
    threads: int,
    bits_stored: int | None = None,
) -> int:
    """Writes the keypoints of every image that can be read; 1 when anything asked for is missing, else 0.

    Raises:
        ModelContractError: the model bundle cannot be used.
    """
    predictor = Predictor(load_bundle(model) if model else default_bundle(), runtime, threads)
    pictures = [None] * len(images) if overlays is None else overlay_files(images, overlays)
    results, failures = [], 0
    for path, picture in zip(images, pictures, strict=True):
        try:
            image = read_image(path, bits_stored)
            if defect := exposure_defect(image):
                _say(f"{shown(path)}: {defect}")
            if min(image.shape) < MIN_SIDE:
                failures += 1
                continue
            keypoints = predictor.predict(image)
            results.append({"file": str(path), **as_json(keypoints)})
            if picture is not None:
                _draw(picture, image, keypoints)
        except (SourceError, OutputError) as error:
            _say(str(error))
            failures += 1
    return 1 if failures + _write(results, json_file) else 0


def overlay_files(images: Sequence[Path], folder: Path) -> list[Path]:
    """A file for the overlay of each image: none twice, and none of the images themselves."""
    taken = {path.absolute() for path in images}
    files = []
    for path in images:
        names = itertools.chain([""], (f"_{number}" for number in itertools.count(2)))
        candidates = (folder / f"{path.stem}_keypoints{number}.png" for number in names)
        file = next(file for file in candidates if file.absolute() not in taken)
        taken.add(file.absolute())
        files.append(file)
        if file.name != f"{path.stem}_keypoints.png":
            _say(f"{path}: its overlay is {file}, since another file has the plain name")
    return files


def _draw(file: Path, image: GreyImage, keypoints: Keypoints) -> None:
    deviation = CatheterDeviation(reasons=Reason.UNCALIBRATED)
    write_picture(file, draw_overlay(image, keypoints, AnnulusFrame(), deviation, NAN, NAN, NAN))


def _write(results: Sequence[dict[str, object]], file: Path | None) -> int:
    """Writes the results, or prints them; 1 when they could not be written, which is said."""
    try:
        if file is not None:
            if results:
                write_json(file, results, indent=1)
            return 0
    except OutputError as error:
        _say(f"{error}; the keypoints are printed instead")
    print(json.dumps(results, indent=1, allow_nan=False))
    return 0 if file is None else 1


def _say(sentence: str) -> None:
    print(f"tavi predict: {sentence}", file=sys.stderr)


def as_json(keypoints: Keypoints) -> dict[str, object]:
    """The keypoints of one image in the form of the JSON contract; unknown numbers are null.

    ``covariance`` is xx, xy, yy in px².
    """
    return {
        "width": keypoints.width,
        "height": keypoints.height,
        "keypoints": [
            {
                "name": name,
                "presence": float(keypoints.presence[i]),
                "present": bool(keypoints.present[i]),
                "x": _number(keypoints.xy[i, 0]),
                "y": _number(keypoints.xy[i, 1]),
                "covariance": [_number(keypoints.covariance[i][at]) for at in ((0, 0), (0, 1), (1, 1))],
            }
            for i, name in enumerate(NAMES)
        ],
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
