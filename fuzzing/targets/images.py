"""Image messages, compressed images, image files and videos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_typestore

from fuzzing.choices import Choices
from fuzzing.mutation import INTEGERS, TEXTS, damaged
from fuzzing.target import Target
from tavi_perception.imaging.exposure import exposure_defect
from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.messages import compressed_picture, image_picture, read_message
from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.source import SourceError

_ENCODINGS = (
    "mono8", "8UC1", "mono16", "16UC1", "rgb8", "bgr8", "rgba8", "bgra8", "bayer_rggb8", "bayer_grbg16",
    "yuv422",
    "yuv422_yuy2", "nv12", "nv21", "rgb16", "bgra16", "8SC1", "16SC3", "32FC1", "64FC4", "8UC0",
    "8UC999999999",
    *TEXTS,
)  # fmt: skip
_IMAGE, _COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"

_SIDES = (16, 1, 2, 3, 15, *(each for each in INTEGERS if 0 <= each < 2**32))
"""Of an image message, whose fields hold nothing else."""


@dataclass(frozen=True)
class ImageFields:
    """What a sensor_msgs/Image holds."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: Any


@dataclass(frozen=True)
class CompressedFields:
    """What a sensor_msgs/CompressedImage holds."""

    format: str
    data: Any


def picture(side: int = 24) -> NDArray[np.uint8]:
    """A small picture with smooth and rough parts."""
    image = np.random.default_rng(3).integers(0, 256, (side, side), dtype=np.uint8)
    image[: side // 2] = np.arange(side, dtype=np.uint8) * 5
    return image


def encoded_pictures() -> list[tuple[str, bytes]]:
    """The same picture in every format, depth and number of channels that is read, by its suffix."""
    grey = picture()
    deep = grey.astype(np.uint16) * 256
    colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    clear = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA)
    made = [
        (".jpg", grey, []), (".jpg", colour, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        (".png", grey, []), (".png", deep, []), (".png", colour, []), (".png", clear, []),
        (".png", (grey > 99).astype(np.uint8), [cv2.IMWRITE_PNG_BILEVEL, 1]),
        (".tif", grey, []), (".tif", deep, [cv2.IMWRITE_TIFF_COMPRESSION, 1]), (".tif", colour, []),
        (".bmp", grey, []), (".bmp", colour, []),
        (".pgm", grey, [cv2.IMWRITE_PXM_BINARY, 1]), (".pgm", grey, [cv2.IMWRITE_PXM_BINARY, 0]),
        (".pgm", deep, []),
    ]  # fmt: skip
    found = [(suffix, cv2.imencode(suffix, image, list(how))[1].tobytes()) for suffix, image, how in made]
    _, pages = cv2.imencodemulti(".tiff", [grey, grey[:8], grey])
    motion = found[0][1] + bytes(9) + found[1][1]
    large = cv2.resize(colour, (64, 64))
    other = [(kind, cv2.imencode(kind, large)[1].tobytes()) for kind in (".webp", ".jp2", ".ppm", ".hdr")]
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(image, cv2.COLOR_GRAY2BGRA) for image in (grey, np.flipud(grey).copy())]
    animation.durations = [100, 100]
    _, moving = cv2.imencodeanimation(".png", animation)
    return [*found, (".tiff", pages.tobytes()), (".jpg", motion), (".png", moving.tobytes()), *other]


def _message(_: None, choices: Choices, __: Path) -> tuple[ImageFields, int]:
    encoding = choices.one_of(_ENCODINGS)
    width, height = choices.one_of(_SIDES), choices.one_of(_SIDES)
    pixel = choices.one_of((1, 2, 3, 4, 6, 8))
    step = choices.one_of(_SIDES) if choices.chance(4) else min(width * pixel, 2**32 - 1)
    held = min(step * height + choices.one_of((0, 0, 1, -1, 100, -100)), choices.one_of((100_000, 4_000, 0)))
    piece = np.frombuffer(choices.some_bytes(64) or b"\x7f", np.uint8)
    data = np.tile(piece, max(held, 0) // len(piece) + 1)[: max(held, 0)]
    content = choices.one_of((bytes(data), bytearray(data), data))
    fields = ImageFields(height, width, encoding, choices.one_of((0, 1, 255)), step, content)
    return fields, choices.one_of((16, 8, 12))


def _read_message(made: tuple[ImageFields, int]) -> None:
    fields, bits = made
    exposure_defect(image_picture(fields, bits).grey)


def _messages(_: Path) -> list[tuple[str, bytes]]:
    """Whole messages as the middleware passes them on, by their type."""
    store = get_typestore(Stores.ROS2_JAZZY)
    header = store.types["std_msgs/msg/Header"](store.types["builtin_interfaces/msg/Time"](1, 2), "fluoro")
    made = []
    for encoding, pixel in (("mono8", 1), ("mono16", 2), ("bgr8", 3)):
        data = np.tile(picture().ravel(), pixel)
        fields = 24, 24, encoding, 0, 24 * pixel, data
        made.append((_IMAGE, store.types[_IMAGE](header, *fields)))
    for suffix, content in encoded_pictures()[:3]:
        data = np.frombuffer(content, np.uint8)
        made.append((_COMPRESSED, store.types[_COMPRESSED](header, suffix[1:], data)))
    return [(name, bytes(store.serialize_cdr(message, name))) for name, message in made]


def _bytes(messages: list[tuple[str, bytes]], choices: Choices, _: Path) -> tuple[str, bytes]:
    name, data = choices.one_of(messages)
    return name, damaged(data, choices, [other for _, other in messages])


def _read_bytes(made: tuple[str, bytes]) -> None:
    name, data = made
    message = read_message(data, name)
    picture_of = image_picture if name == _IMAGE else compressed_picture
    exposure_defect(picture_of(message, 16).grey)


def _compressed(pictures: list[tuple[str, bytes]], choices: Choices, _: Path) -> CompressedFields:
    suffix, data = choices.one_of(pictures)
    stated = choices.one_of((suffix[1:], "jpeg", "16UC1; png compressed ", *TEXTS))
    return CompressedFields(stated, damaged(data, choices, [other for _, other in pictures]))


def _file(pictures: list[tuple[str, bytes]], choices: Choices, folder: Path) -> Path:
    suffix, data = choices.one_of(pictures)
    path = folder / f"image{suffix}"
    path.write_bytes(damaged(data, choices, [other for _, other in pictures]))
    return path


def read_frames(path: Path) -> None:
    """Every frame of an input, whatever it is."""
    for frame in open_source(path):
        exposure_defect(frame.image)


def _videos(folder: Path) -> list[tuple[str, bytes]]:
    made = []
    for suffix, code in ((".avi", "MJPG"), (".mp4", "mp4v"), (".mkv", "MJPG")):
        path = folder / f"video{suffix}"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), 15.0, (32, 32), isColor=False)
        for _ in range(3):
            writer.write(picture(32))
        writer.release()
        made.append((suffix, path.read_bytes()))
    return made


TARGETS = (
    Target("image", (ImageRejectedError,), lambda _: None, _message, _read_message, tests=1_000),
    Target(
        "compressed-image", (ImageRejectedError,), lambda _: encoded_pictures(), _compressed,
        compressed_picture,
        tests=400,
    ),
    Target("image-bytes", (ImageRejectedError,), _messages, _bytes, _read_bytes, tests=400),
    Target("image-file", (SourceError,), lambda _: encoded_pictures(), _file, read_frames),
    Target("video", (SourceError,), _videos, _file, read_frames, tests=10),
)  # fmt: skip
