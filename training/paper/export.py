"""A network of the paper, as ``tavi screen`` left it, as a bundle that the node and the evaluations take."""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tavi_perception.evaluation.sources import evaluate_patients
from tavi_perception.inference.bundle import LITERT_FILE, SAVED_MODEL, ModelBundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import COUNT
from training import data
from training.calibration import fit_covariance
from training.card import write_paper_card
from training.manifest import write_manifest
from training.paper.network import build
from training.paper.results import RESULT, WEIGHTS, Result
from training.paper.rows import title_of
from training.parity import check_parity
from training.serving import Tensors, converted, write_saved_model

SCREENED_SIZE = 512
"""Side (px) of the frames to whose errors covariances are fitted; what a screening renders by default."""

_PRESENT = 0.5
"""Presence above which the paper counts a landmark as there."""

_GREY = (1.0, 0.0)
"""These networks take grey levels as they are, and scale them inside."""


@dataclass(frozen=True)
class PaperOrigin:
    """Where a network of the paper comes from, for its manifest and card."""

    result: Result
    version: str
    note: str
    observed: str

    @property
    def training_data(self) -> str:
        return f"Frames: {self.result.frames or 'not noted'}."

    @property
    def training(self) -> dict[str, Any]:
        return {
            "network": dataclasses.asdict(self.result.configuration),
            "note": self.note,
            "validation_losses": [epoch.validation_loss for epoch in self.result.history],
        }

    @property
    def trained(self) -> str:
        """How, in words."""
        result, configuration = self.result, self.result.configuration
        return (
            f"{result.epochs} epochs (at most {configuration.epochs}), of which number {result.best_epoch} "
            f"is kept; Rectified Adam {configuration.learning_rate:g}, batches of {configuration.batch}; "
            f"extractor from weights: {configuration.weights}; seed {configuration.seed}. TensorFlow "
            f"{tf.__version__}, Keras {keras.__version__}. {self.note}"
        )


@dataclass(frozen=True)
class _Constant:
    """One covariance for each landmark: its ``floor`` (input px²), whatever the frame."""

    floor: NDArray[np.float64]

    @property
    def thresholds(self) -> NDArray[np.float64]:
        return np.full(COUNT, _PRESENT)

    @property
    def factor(self) -> NDArray[np.float64]:
        return np.ones(COUNT)


def is_screened(folder: Path) -> bool:
    """Whether ``folder`` holds a network that a screening has trained."""
    return (folder / RESULT).exists() and (folder / WEIGHTS).exists()


def export_screened(
    run: Path, out: Path, origin: PaperOrigin, validation: data.Samples, fresh: range
) -> dict[str, Any]:
    """Write the network in ``run`` as a bundle to ``out``; returns the figures of its card.

    Args:
        run: folder of a network of ``tavi screen``.
        origin: of what is there.
        validation: frames to whose errors covariances are fitted.
        fresh: seeds of the patients of the card's figures.

    Raises:
        ExportError: LiteRT and TensorFlow answer differently.
    """
    configuration = dataclasses.replace(origin.result.configuration, weights="none")
    whole = build(configuration).whole
    whole.load_weights(run / WEIGHTS)
    _write_files(whole, configuration.input_size, out)

    def described(floor: NDArray[np.float64], figures: dict[str, Any]) -> ModelBundle:
        constant = _Constant(floor)
        write_manifest(out, origin, configuration.input_size, constant, figures, False, _GREY)
        return load_bundle(out)

    bundle = described(np.ones(COUNT), {})
    check_parity(bundle, validation.images[:20])
    floor = _floors(bundle, validation)
    figures = evaluate_patients(described(floor, {}), fresh, 1000)
    described(floor, figures)
    write_paper_card(out, origin, title_of(configuration), origin.trained, figures)
    return figures


def _write_files(whole: keras.Model, size: int, out: Path) -> None:
    """LiteRT model and SavedModel of a network with inputs of ``size`` px, in a new folder ``out``."""
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    shape = (1, size, size, 1)

    def serve(image: tf.Tensor) -> Tensors:
        presence, points = whole(image, training=False)
        # A share counts from the border of the frame, a pixel from its own centre.
        xy = tf.reshape(points, (1, COUNT, 2)) * float(size) - 0.5
        return {"presence": presence, "xy": xy, "covariance": tf.zeros((1, COUNT, 3))}

    signature = [tf.TensorSpec(shape, tf.float32, name="image")]
    function = tf.function(serve, input_signature=signature).get_concrete_function()
    write_saved_model(out / SAVED_MODEL, whole, function)
    (out / LITERT_FILE).write_bytes(converted(serve, shape))


def _floors(bundle: ModelBundle, samples: data.Samples) -> NDArray[np.float64]:
    """(11,) variance along each axis (input px²) that suits the errors of the visible landmarks."""
    predictor = Predictor(bundle, "litert")
    # What it counts as absent has no place, and so no error.
    xy = np.stack([predictor.predict(image).xy for image in samples.images])
    error = (xy - samples.xy) * (bundle.input_width / samples.images.shape[1])
    floors = np.ones(COUNT)
    for index in range(COUNT):
        found = error[(samples.visible[:, index] > 0) & np.isfinite(error[:, index]).all(axis=1), index]
        if len(found):
            nothing = np.zeros((len(found), 2, 2))
            floors[index] = fit_covariance(found, nothing, nothing)[2]
    return floors
