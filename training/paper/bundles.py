"""Shipped bundles on the frames of a screening, measured like the networks of the paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tavi_perception.inference.bundle import LITERT_FILE, ModelBundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import COUNT
from training.data import Samples
from training.paper.frames import targets
from training.paper.scores import Outputs, Scores, score
from training.paper.timing import Predict


@dataclass(frozen=True)
class BundleResult:
    """A bundle on the test frames.

    Attributes:
        name, version: of the bundle.
        input_size: side of its network's input (px).
        scores: on the test frames.
        parameters: about how many, from the size of its LiteRT file in float32.
        predict: for its prediction time.
    """

    name: str
    version: str
    input_size: int
    scores: Scores
    parameters: int
    predict: Predict


def measure(bundle: ModelBundle, test: Samples, threads: int) -> BundleResult:
    """``bundle`` on the test frames, by LiteRT on ``threads`` CPU threads."""
    return BundleResult(
        bundle.name,
        bundle.version,
        bundle.input_width,
        score(outputs_of_bundle(bundle, test, threads), test.visible, targets(test)),
        (bundle.folder / LITERT_FILE).stat().st_size // 4,
        Predictor(bundle, "litert", threads).predict,
    )


def outputs_of_bundle(bundle: ModelBundle, test: Samples, threads: int) -> Outputs:
    """Outputs by the bundle's own thresholds; published coordinates are (0, 0) where it says absent."""
    manifest = bundle.manifest
    # With thresholds of 0 every landmark has coordinates, so that errors do not depend on thresholds.
    open_bundle = replace(bundle, manifest=replace(manifest, thresholds=np.zeros(COUNT)))
    predictor = Predictor(open_bundle, "litert", threads)
    side = test.images.shape[1]
    found = [predictor.predict(image) for image in _counted(test, bundle.name)]
    present = np.stack([f.presence for f in found]) >= manifest.thresholds
    points = (np.nan_to_num(np.stack([f.xy for f in found]), nan=-0.5) + 0.5) / side
    published = np.where(present[..., None], points, 0.0).reshape(len(test), -1)
    return Outputs(present, published, points)


def _counted(test: Samples, name: str) -> Iterator[NDArray[np.uint8]]:
    yield from tqdm(test.images, unit="frame", desc=name, leave=False)
