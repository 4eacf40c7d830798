"""Keypoints of a grey image, by the network of a bundle."""

from __future__ import annotations

import numpy as np

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.imaging.exposure import MIN_SIDE
from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import ModelBundle
from tavi_perception.inference.handover import Handover
from tavi_perception.inference.manifest import calibrated_covariance
from tavi_perception.inference.preprocessing import SquareFit, fit_square
from tavi_perception.inference.runtime import Context, RawOutputs
from tavi_perception.inference.runtimes import open_runtime


class Predictor:
    """Runs the network of a bundle on single images. Not to be shared between threads.

    Args:
        bundle: the verified model.
        runtime: one of ``RUNTIMES``; see ``open_runtime``.
        threads: CPU threads.
        at_once: do not wait for a GPU to be ready.

    Raises:
        ModelContractError: the runtime cannot use the bundle.
        ValueError: there is no such runtime, or ``threads`` is not positive.
    """

    def __init__(
        self, bundle: ModelBundle, runtime: str = "auto", threads: int = 2, at_once: bool = False
    ) -> None:
        if threads < 1:
            raise ValueError(f"predictor: {threads} threads; give at least 1")
        self.bundle = bundle
        self._runtime = open_runtime(bundle, runtime, threads, at_once)
        self._predicted: tuple[GreyImage | None, GreyImage] = None, np.empty((0, 0), np.uint8)
        """The last image, fitted: it is looked at next."""

    @property
    def runtime(self) -> str:
        """What runs the network now: litert or tensorflow."""
        return self._runtime.name

    @property
    def device(self) -> str:
        """On what, and how, in words."""
        return self._runtime.device

    @property
    def failure(self) -> str:
        """What has failed of the runtime, and what it means, in one sentence; empty where all is well."""
        return self._runtime.failure if isinstance(self._runtime, Handover) else ""

    @property
    def halves(self) -> Predictor | None:
        """Itself, where ``look`` can be asked."""
        return self if self._runtime.looks_ahead else None

    def look(self, image: GreyImage) -> Context:
        """What the network sees in the whole of a grey image (height, width) uint8, for one like it.

        Raises:
            ValueError: see ``predict``.
        """
        _check(image)
        before, fitted = self._predicted
        return self._runtime.look(fitted if image is before else self._fitted(image)[0])

    def predict(self, image: GreyImage, context: Context | None = None) -> Keypoints:
        """The keypoints of a grey image (height, width) uint8, in its own pixels.

        ``context``: what was seen in the whole of an image of the same size and view a moment before. With it
        only the patches around the landmarks of then are looked at, which takes less than half of the time.

        Raises:
            ValueError: it is not an array of uint8 with two dimensions, both at least ``MIN_SIDE`` px.
        """
        _check(image)
        manifest = self.bundle.manifest
        fitted, fit = self._fitted(image)
        self._predicted = image, fitted
        outputs = self._runtime.run(fitted, context)
        height, width = image.shape
        presence = outputs.presence.astype(np.float64)
        present = presence >= manifest.thresholds
        xy = fit.to_image(outputs.xy.astype(np.float64))
        present &= ((xy >= -0.5) & (xy <= np.array([width, height]) - 0.5)).all(axis=1)
        covariance = self._calibrated(outputs) * fit.scale**2
        return Keypoints(
            width,
            height,
            presence,
            present,
            present.copy(),
            np.where(present[:, None], xy, np.nan),
            np.where(present[:, None, None], covariance, np.nan),
            outputs.foreign,
        )

    def warm_up(self) -> None:
        """Run once, so that the first real image does not pay for the runtime's preparations."""
        nothing = np.zeros((self.bundle.input_height, self.bundle.input_width), dtype=np.uint8)
        self.predict(nothing)
        if self._runtime.looks_ahead:
            self.predict(nothing, self.look(nothing))

    def _fitted(self, image: GreyImage) -> tuple[GreyImage, SquareFit]:
        """The network's input, (height, width) grey levels, and how the image was fitted into it."""
        return fit_square(image, self.bundle.manifest.input_width)

    def _calibrated(self, outputs: RawOutputs) -> FloatArray:
        """(11, 2, 2) covariances in input px²."""
        manifest = self.bundle.manifest
        raw = outputs.covariance.astype(np.float64)[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
        return calibrated_covariance(raw, manifest.factor, manifest.floor)


def _check(image: GreyImage) -> None:
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 2
        or min(image.shape) < MIN_SIDE
    ):
        what = (
            f"{image.dtype} array of shape {image.shape}"
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise ValueError(
            f"predictor: got a {what}; give a grey image (height, width) of uint8, at least "
            f"{MIN_SIDE}x{MIN_SIDE} px"
        )
