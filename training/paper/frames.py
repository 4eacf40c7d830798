"""Labelled frames as a network of the paper takes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tavi_perception.inference.preprocessing import fit_square
from training.data import Samples


@dataclass(frozen=True)
class Partition:
    """Frames of the three parts of a data set, any square size.

    Attributes:
        training, validation, test: by patient, so that no patient is in two of them.
        words: what these frames are, for reports.
    """

    training: Samples
    validation: Samples
    test: Samples
    words: str

    @property
    def parts(self) -> dict[str, Samples]:
        return {"training": self.training, "validation": self.validation, "test": self.test}

    @property
    def sha256(self) -> str:
        """Of all frames and labels."""
        digest = hashlib.sha256()
        for part in self.parts.values():
            for array in (part.images, part.xy, part.visible):
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def limited(self, most: int) -> Partition:
        """At most ``most`` frames of each part, evenly spread over its patients."""
        return replace(
            self,
            training=thinned(self.training, most),
            validation=thinned(self.validation, most),
            test=thinned(self.test, most),
        )


def thinned(samples: Samples, most: int) -> Samples:
    """At most ``most`` of the frames, evenly spread."""
    if len(samples) <= most:
        return samples
    kept = np.linspace(0, len(samples) - 1, most).round().astype(int)
    return replace(samples, images=samples.images[kept], xy=samples.xy[kept], visible=samples.visible[kept])


def resized(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Square grey frames (n, side, side) as input (n, size, size, 1), prepared as in the node."""
    return np.stack([fit_square(image, size)[0] for image in images])[..., None]


def targets(samples: Samples) -> NDArray[np.float32]:
    """(n, 22) x, y of each landmark as shares of the side, and (0, 0) where it is absent, as in the paper.

    The centre of pixel 0 is half a pixel from the border, so a share is the same at every size.
    """
    side = samples.images.shape[1]
    shares = (samples.xy + 0.5) / side
    present = np.where(samples.visible[..., None] > 0, shares, 0.0)
    return present.astype(np.float32).reshape(len(samples), -1)
