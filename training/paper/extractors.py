"""The feature extractors, each with the input range it was made for and global average pooling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from training.paper.configuration import EXTRACTORS, ConfigurationError


@dataclass(frozen=True)
class Extractor:
    """A network of keras.applications.

    Attributes:
        title: its name in tables.
        build: its constructor.
        scale, offset: input value = grey level (0…255) · scale + offset.
    """

    title: str
    build: Callable[..., Any]
    scale: float
    offset: float


_TO_ONE = (1 / 127.5, -1.0)
"""−1…1, as ``preprocess_input`` of MobileNetV2, ResNet V2 and the Inception networks makes it."""

_AS_IS = (1.0, 0.0)
"""EfficientNet of keras.applications scales and normalises inside."""

# Which ResNet V2 the paper means is in its authors' code (github.com/ViacheslavDanilov/keypoint_tracking,
# main.py): TensorFlow Hub's imagenet/resnet_v2_50, so ResNet50V2.
_NETWORKS = (
    Extractor("MobileNet V2", keras.applications.MobileNetV2, *_TO_ONE),
    Extractor("ResNet V2", keras.applications.ResNet50V2, *_TO_ONE),
    Extractor("ResNet101 V2", keras.applications.ResNet101V2, *_TO_ONE),
    Extractor("ResNet152 V2", keras.applications.ResNet152V2, *_TO_ONE),
    Extractor("Inception V3", keras.applications.InceptionV3, *_TO_ONE),
    Extractor("Inception-ResNet V2", keras.applications.InceptionResNetV2, *_TO_ONE),
    Extractor("EfficientNet B5", keras.applications.EfficientNetB5, *_AS_IS),
)
TABLE = dict(zip(EXTRACTORS, _NETWORKS, strict=True))


def build_extractor(name: str, size: int, weights: str) -> keras.Model:
    """Features (n, f) of grey frames (n, size, size, 1) with levels 0…255, by extractor ``name``.

    Args:
        name: one of ``EXTRACTORS``.
        size: side of the frames (px).
        weights: ``imagenet``, ``none`` or a file.

    Raises:
        ConfigurationError: the weights cannot be had or do not fit.
    """
    extractor = TABLE[name]
    image = keras.Input((size, size, 1), name="grey")
    scaled = keras.layers.Rescaling(extractor.scale, extractor.offset)(image)
    colours = keras.layers.Concatenate()([scaled] * 3)
    network = _network(extractor, size, weights)
    return keras.Model(image, network(colours), name=name)


def _network(extractor: Extractor, size: int, weights: str) -> keras.Model:
    if weights not in ("none", "imagenet") and not Path(weights).is_file():
        raise ConfigurationError(f"weights {weights}: there is no such file; give imagenet, none or a file")
    try:
        return extractor.build(
            include_top=False,
            weights=None if weights == "none" else weights,
            input_shape=(size, size, 3),
            pooling="avg",
        )
    except Exception as error:
        if weights == "none":
            raise
        reason = " ".join(str(error).split())[:200]
        raise ConfigurationError(
            f"weights {weights} of {extractor.title} cannot be loaded: {reason}"
        ) from error
