"""The images of a bag as a sequence of grey frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tavi_perception.bags import decode
from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError, Topic
from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.messages import compressed_to_grey, image_to_grey
from tavi_perception.imaging.source import Frame, FrameSource, GreyImage, SourceError

PREFERRED_TOPIC = "/fluoro/image"

_IMAGE = "sensor_msgs/msg/Image"
_COMPRESSED = "sensor_msgs/msg/CompressedImage"
_GEOMETRY = "tavi_msgs/msg/CArmGeometry"


def open_bag_source(path: Path, calibration: UserCalibration | None = None) -> FrameSource:
    """The frames of a bag's image topic, at the times of their stamps.

    The topic is ``/fluoro/image`` (or ``/fluoro/image/compressed``), else the only one that holds images.
    The geometry is what the user states, else the first recorded tavi_msgs/CArmGeometry.

    Raises:
        SourceError: the bag cannot be read, holds no images, or several topics of them; a broken image
            further on raises it while iterating.
    """
    try:
        with BagReader(path) as bag:
            topic = _image_topic(bag, path)
            first = next(iter(bag.messages([topic.name])))
            recorded = _recorded_geometry(bag)
    except BagError as error:
        raise SourceError(str(error)) from error
    height, width = _grey(first.value, topic, path).shape
    if calibration is None and recorded is not None:
        return _BagSource(path, topic, recorded, ())
    geometry, notes = geometry_from_tags(DicomCalibrationTags(rows=height, columns=width), calibration)
    return _BagSource(path, topic, geometry, notes)


class _BagSource:
    """A ``FrameSource`` over one topic of a bag."""

    def __init__(self, path: Path, topic: Topic, geometry: CArmGeometry, notes: tuple[str, ...]) -> None:
        self.name = f"{path.name}:{topic.name}"
        self.frame_count = topic.count
        self.geometry = geometry
        self.notes = notes
        self.losses: tuple[str, ...] = ()
        self._path = path
        self._topic = topic

    def __iter__(self) -> Iterator[Frame]:
        start: int | None = None
        try:
            with BagReader(self._path) as bag:
                for message in bag.messages([self._topic.name]):
                    stamp = decode.stamp_ns(message.value)
                    start = stamp if start is None else start
                    image = _grey(message.value, self._topic, self._path)
                    yield Frame(image, (stamp - start) * 1e-9, self.geometry)
        except BagError as error:
            raise SourceError(str(error)) from error


def _image_topic(bag: BagReader, path: Path) -> Topic:
    topics = [topic for topic in bag.topics if topic.type_name in (_IMAGE, _COMPRESSED) and topic.count]
    for preferred in (PREFERRED_TOPIC, f"{PREFERRED_TOPIC}/compressed"):
        for topic in topics:
            if topic.name == preferred:
                return topic
    if not topics:
        recorded = ", ".join(topic.name for topic in bag.topics)
        raise SourceError(f"{path.name}: it holds no images, only {recorded}; record {PREFERRED_TOPIC} too")
    if len(topics) > 1:
        names = ", ".join(topic.name for topic in topics)
        raise SourceError(
            f"{path.name}: it holds images on several topics ({names}) and none is {PREFERRED_TOPIC}; "
            "record the one to use into a bag of its own"
        )
    return topics[0]


def _recorded_geometry(bag: BagReader) -> CArmGeometry | None:
    topics = [topic.name for topic in bag.topics if topic.type_name == _GEOMETRY and topic.count]
    if not topics:
        return None
    message = next(iter(bag.messages(topics)))
    try:
        return decode.geometry(message.value)
    except ValueError as error:
        raise SourceError(f"{bag.path.name}: its recorded {error}") from error


def _grey(message: Any, topic: Topic, path: Path) -> GreyImage:
    try:
        return compressed_to_grey(message) if topic.type_name == _COMPRESSED else image_to_grey(message)
    except ImageRejectedError as error:
        raise SourceError(f"{path.name}:{topic.name}: {error}") from error
