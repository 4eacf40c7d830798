"""What runs a network, and what it says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import ModelBundle, ModelContractError
from tavi_perception.inference.manifest import Tensors
from tavi_perception.landmarks import COUNT

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class RawOutputs:
    """The network's answer.

    Attributes:
        presence: (11,). xy: (11, 2) input px. covariance: (11, 3) xx, xy, yy input px².
        foreign: probability of a delivery system of another make; NaN where the model has no such output.
    """

    presence: Float32
    xy: Float32
    covariance: Float32
    foreign: float


Context = Mapping[str, Float32]
"""What a network has seen in the whole of an image, for its second look at patches: its own tensors."""


class Runtime(Protocol):
    """Runs one network; not to be shared between threads.

    ``looks_ahead``: it can ``look``, and ``run`` with what another image's look has seen.
    """

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str:
        """On what it runs, and how, in words."""
        ...

    @property
    def looks_ahead(self) -> bool: ...

    def run(self, levels: GreyImage, context: Context | None = None) -> RawOutputs:
        """Outputs for an image fitted into the input, (height, width) grey levels.

        With a ``context``, of its patches alone.
        """
        ...

    def look(self, levels: GreyImage) -> Context:
        """What is seen in the whole of such an image."""
        ...


def outputs_of(outputs: Mapping[str, Any], tensors: Tensors) -> RawOutputs:
    """From a network's tensors of one image, by their names."""
    presence, xy, covariance = (
        outputs[name][0] for name in (tensors.presence, tensors.xy, tensors.covariance)
    )
    foreign = float(outputs[tensors.foreign][0, 0]) if tensors.foreign else math.nan
    return RawOutputs(presence, xy, covariance, foreign)


def output_shapes(tensors: Tensors) -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes of what a network must give for one image."""
    # Pairs, not a dictionary: two roles may wrongly name one tensor.
    return [
        (tensors.presence, (1, COUNT)),
        (tensors.xy, (1, COUNT, 2)),
        (tensors.covariance, (1, COUNT, 3)),
        *([(tensors.foreign, (1, 1))] if tensors.foreign else []),
    ]


def check_shapes(bundle: ModelBundle, actual: Mapping[str, tuple[int, ...]]) -> None:
    """That inputs and outputs are those which the bundle promises.

    Raises:
        ModelContractError: one has another shape, or is missing.
    """
    tensors = bundle.manifest.tensors
    image = tensors.image, (1, bundle.input_height, bundle.input_width, 1)
    for name, shape in (image, *output_shapes(tensors)):
        if actual.get(name) != shape:
            raise ModelContractError(
                f"model bundle {bundle.folder}: tensor {name!r} has shape {actual.get(name)}, not {shape}"
            )
