"""What a model answers on an image, whether a landmark passed its threshold or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tavi_perception.estimates import BoolArray, Keypoints
from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import ModelBundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import COUNT


@dataclass(frozen=True)
class Answer:
    """The answer for one image.

    Attributes:
        keypoints: of all landmarks, absent only where their place lies outside the image.
        reported: (11,) what the predictor would say is present.
    """

    keypoints: Keypoints
    reported: BoolArray


class AnsweringModel:
    """A predictor that hides no coordinates, so that errors do not depend on thresholds."""

    def __init__(self, bundle: ModelBundle, runtime: str, threads: int = 2) -> None:
        self._thresholds = bundle.presence_thresholds
        open_bundle = replace(bundle, manifest=replace(bundle.manifest, thresholds=np.zeros(COUNT)))
        self._predictor = Predictor(open_bundle, runtime, threads)

    def answer(self, image: GreyImage) -> Answer:
        """The answer for a grey image (height, width) uint8, in its own pixels."""
        keypoints = self._predictor.predict(image)
        return Answer(keypoints, keypoints.present & (keypoints.presence >= self._thresholds))


def describe_bundle(bundle: ModelBundle) -> dict[str, Any]:
    """Name, version and SHA-256 of a bundle; for JSON."""
    return {"name": bundle.name, "version": bundle.version, "sha256": bundle.sha256}
