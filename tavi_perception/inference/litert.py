"""LiteRT, TensorFlow's runtime for CPUs; needs no TensorFlow."""

from __future__ import annotations

import cv2
import numpy as np

from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import INT8_FILE, ModelBundle, ModelContractError
from tavi_perception.inference.runtime import Context, Float32, RawOutputs, check_shapes, outputs_of

LOOK, ANSWER = "look", "answer"
"""Signatures of the two halves of a network: the look at the whole of an image, and the one at patches."""


class LiteRT:
    """Runs a bundle's ``file``, one of its LiteRT models.

    Raises:
        ModelContractError: the bundle has none, or it is not what the bundle promises.
    """

    name = "litert"

    def __init__(self, bundle: ModelBundle, threads: int, file: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        manifest = bundle.manifest
        self._tensors = manifest.tensors
        self.device = f"CPU, {threads} threads" + (", convolutions of 8 bits" if file == INT8_FILE else "")
        self._scaled = manifest.scaled(np.arange(256, dtype=np.float32))
        """(256,) the network's input for each grey level."""
        if not bundle.lists(file):
            raise ModelContractError(
                f"model bundle {bundle.folder}: it lists no {file}; use runtime litert, or export it again"
            )
        # Read whole: a path would be mapped, and a truncation of the file would end the process (SIGBUS).
        try:
            content = (bundle.folder / file).read_bytes()
        except OSError as error:
            raise ModelContractError(
                f"model bundle {bundle.folder}: {file} cannot be read ({error.strerror}); copy the "
                "whole bundle again"
            ) from None
        try:
            interpreter = Interpreter(model_content=content, num_threads=threads)
            self._runner = interpreter.get_signature_runner("serving_default")
            inputs, outputs = self._runner.get_input_details(), self._runner.get_output_details()
            self.looks_ahead = {LOOK, ANSWER} <= interpreter.get_signature_list().keys()
            if self.looks_ahead:
                self._look, self._answer = (interpreter.get_signature_runner(key) for key in (LOOK, ANSWER))
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ModelContractError(
                f"model bundle {bundle.folder}: {file} does not load ({reason})"
            ) from None
        shapes = {
            key: tuple(int(n) for n in details[key]["shape"])
            for details in (inputs, outputs)
            for key in details
        }
        check_shapes(bundle, shapes)

    def run(self, levels: GreyImage, context: Context | None = None) -> RawOutputs:
        given = self._given(levels)
        outputs = self._runner(**given) if context is None else self._answer(**given, **context)
        return outputs_of(outputs, self._tensors)

    def look(self, levels: GreyImage) -> Context:
        seen: Context = self._look(**self._given(levels))
        return seen

    def _given(self, levels: GreyImage) -> dict[str, Float32]:
        scaled = np.asarray(cv2.LUT(levels, self._scaled), dtype=np.float32)
        return {self._tensors.image: scaled[None, :, :, None]}
