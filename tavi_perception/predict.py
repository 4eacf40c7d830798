"""Keypoints of single images as JSON and pictures, without ROS (``./tavi predict``)."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from tavi_perception.estimates import NAN, AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.imaging import SourceError, read_image
from tavi_perception.inference.bundle import default_bundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import NAMES
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
    """Writes the keypoints of every image that can be read; 1 when one could not, else 0.

    Raises:
        ModelContractError: the model bundle cannot be used.
    """
    predictor = Predictor(load_bundle(model) if model else default_bundle(), runtime, threads)
    results, failed = [], False
    for path in images:
        try:
            image = read_image(path, bits_stored)
        except SourceError as error:
            print(f"tavi predict: {error}", file=sys.stderr)
            failed = True
            continue
        keypoints = predictor.predict(image)
        results.append({"file": str(path), **as_json(keypoints)})
        if overlays is not None:
            overlays.mkdir(parents=True, exist_ok=True)
            deviation = CatheterDeviation(reasons=Reason.UNCALIBRATED)
            drawn = draw_overlay(image, keypoints, AnnulusFrame(), deviation, NAN, NAN, NAN)
            cv2.imwrite(str(overlays / f"{path.stem}_keypoints.png"), drawn)
    text = json.dumps(results, indent=1, allow_nan=False)
    if json_file is None:
        print(text)
    elif results:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(text + "\n", encoding="utf-8")
    return 1 if failed else 0


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
