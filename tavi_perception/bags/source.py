"""The images of a bag as a sequence of grey frames."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from tavi_perception.bags.geometries import read_geometries
from tavi_perception.bags.reader import BagReader, RawMessage
from tavi_perception.bags.timeline import Moment, moment_of, times_of
from tavi_perception.bags.topics import BagError, Topic
from tavi_perception.calibration import UserCalibration
from tavi_perception.imaging.grey import DepthWatch, ImageRejectedError, Picture, check_bits_stored
from tavi_perception.imaging.messages import compressed_picture, image_picture
from tavi_perception.imaging.source import Frame, FrameSource, SourceError, shown

PREFERRED_TOPIC = "/fluoro/image"

ANSWERS = "/tavi/keypoints"
"""What a perception node publishes for each image that it has worked on, and for no other."""

_IMAGE = "sensor_msgs/msg/Image"
_COMPRESSED = "sensor_msgs/msg/CompressedImage"


def open_bag_source(
    path: Path,
    calibration: UserCalibration | None = None,
    bits_stored: int | None = None,
    as_recorded: bool = False,
) -> FrameSource:
    """The frames of a bag's image topic, at the times of their stamps.

    The topic is ``/fluoro/image`` (or ``/fluoro/image/compressed``), else the only one that holds images.
    The geometry is what the user states, else the tavi_msgs/CArmGeometry that was recorded last before the
    frame. Images that cannot be used are losses.

    Args:
        path: of the bag.
        calibration: what the user states about the geometry.
        bits_stored: how many low bits of 16-bit pixels carry the grey level; None: all.
        as_recorded: only the images that a perception node answered, with their stamps: in a live run some
            come too fast, and what it knows after an image depends on those that it has worked on.

    Raises:
        SourceError: the bag cannot be read, or holds no images that can be used, or several topics of them.
    """
    check_bits_stored(bits_stored)
    try:
        with BagReader(path) as bag:
            topic = _image_topic(bag, path)
            return _BagSource(bag, topic, calibration, bits_stored, as_recorded)
    except BagError as error:
        raise SourceError(str(error)) from error


class _BagSource:
    """A ``FrameSource`` over one topic of a bag, which is open while it is made."""

    def __init__(
        self,
        bag: BagReader,
        topic: Topic,
        calibration: UserCalibration | None,
        bits_stored: int | None,
        as_recorded: bool,
    ) -> None:
        self.name = f"{shown(bag.path)}:{topic.name}"
        self._path = bag.path
        self._topic = topic
        self._bits = bits_stored
        self._depth = DepthWatch(bits_stored)
        self._broken: list[str] = []
        self.notes: tuple[str, ...] = ()
        self._as_recorded = as_recorded
        moments, self._known_losses = _scan(bag, topic)
        played = _answered(bag, moments) if as_recorded else range(len(moments))
        self.frame_count = len(played)
        self._moments = {index: moments[index] for index in played}
        """Of the images that are played, by their number among all."""
        self._times, about_times = times_of(list(self._moments.values()))
        self._size: tuple[int, int] | None = None
        height, width = self._first_picture(bag).grey.shape
        self._size = height, width
        self._geometries, about_geometry = read_geometries(bag, topic, width, height, calibration)
        self.geometry = self._geometries.of(moments[played[0]])
        if topic.count < len(moments):
            self._note(f"it states {topic.count} images and holds {len(moments)}, which are all played")
        if as_recorded:
            self._note(
                f"{self.frame_count} of {len(moments)} images are played, those that were answered, with "
                "their stamps: latencies say nothing"
            )
        for note in (*about_times, *about_geometry, self._depth.sentence()):
            self._note(note)

    @property
    def losses(self) -> tuple[str, ...]:
        """Files and messages that were not read, images that could not be used."""
        if not self._broken:
            return self._known_losses
        return (
            *self._known_losses,
            f"{len(self._broken)} of {self.frame_count} images cannot be used, first {self._broken[0]}",
        )

    def __iter__(self) -> Iterator[Frame]:
        self._broken = []
        self._geometries.restart()
        try:
            with BagReader(self._path) as bag:
                for time, (index, message) in zip(self._times, self._messages(bag), strict=False):
                    moment = self._moments[index]
                    geometry = self._geometries.of(moment)
                    picture = self._picture(bag, message, index)
                    if picture is not None:
                        stamp = moment.stamp_ns if self._as_recorded else None
                        yield Frame(picture.grey, time, geometry, stamp)
        except BagError as error:
            raise SourceError(str(error)) from error
        self._note(self._depth.sentence())

    def _messages(self, bag: BagReader) -> Iterator[tuple[int, RawMessage]]:
        """The images that are played, with their number among all."""
        messages = zip(range(max(self._moments) + 1), bag.raw([self._topic.name]), strict=False)
        return ((index, message) for index, message in messages if index in self._moments)

    def _first_picture(self, bag: BagReader) -> Picture:
        """The first image that can be used; see ``_BagSource._picture``."""
        for index, message in self._messages(bag):
            picture = self._picture(bag, message, index)
            if picture is not None:
                self._broken = []
                return picture
        raise SourceError(f"{self.name}: none of its images can be used, first {self._broken[0]}")

    def _picture(self, bag: BagReader, message: RawMessage, index: int) -> Picture | None:
        """The image of a message; None where it cannot be used, which is kept."""
        convert = compressed_picture if message.type_name == _COMPRESSED else image_picture
        try:
            picture = convert(bag.deserialise(message.cdr, message.type_name), self._bits or 16)
        except (BagError, ImageRejectedError) as error:
            self._broken.append(f"number {index + 1}: {error}")
            return None
        self._depth.see(picture)
        for note in picture.notes:
            self._note(note)
        if self._size and picture.grey.shape != self._size:
            self._note(f"not all images have the size of the first ({self._size[1]}x{self._size[0]} px)")
        return picture

    def _note(self, note: str) -> None:
        if note and note not in self.notes:
            self.notes = (*self.notes, note)


def _scan(bag: BagReader, topic: Topic) -> tuple[list[Moment], tuple[str, ...]]:
    """When each image was taken and received, and sentences about what is not there to be read.

    Raises:
        BagError: not one image can be read.
    """
    moments: list[Moment] = []
    losses = bag.unread
    try:
        for message in bag.raw([topic.name]):
            try:
                moments.append(moment_of(message.cdr, message.time_ns))
            except struct.error:  # too short, as the image itself will be
                moments.append(Moment(0, message.time_ns))
    except BagError as error:
        if not moments:
            raise
        losses = (*losses, f"after {len(moments)} images no more can be read: {error}")
    if not moments:
        raise BagError(f"bag {bag.path}: none of the images on {topic.name} is there; record it again")
    if topic.count > len(moments):
        losses = (*losses, f"it states {topic.count} images on {topic.name} and holds {len(moments)}")
    return moments, losses


def _answered(bag: BagReader, moments: Sequence[Moment]) -> list[int]:
    """Which images a perception node has worked on, in their order.

    Raises:
        SourceError: none.
    """
    answered = [moment_of(message.cdr, message.time_ns).stamp_ns for message in bag.raw([ANSWERS])]
    played: list[int] = []
    for index, moment in enumerate(moments):
        if len(played) < len(answered) and moment.stamp_ns == answered[len(played)]:
            played.append(index)
    if not played or len(played) < len(answered):
        raise SourceError(
            f"{shown(bag.path)}: {len(played)} of {len(answered)} answers on {ANSWERS} belong to an image in "
            "it: it cannot be played as it was recorded; leave out --as-recorded"
        )
    return played


def _image_topic(bag: BagReader, path: Path) -> Topic:
    topics = [topic for topic in bag.topics if topic.type_name in (_IMAGE, _COMPRESSED) and topic.count]
    for preferred in (PREFERRED_TOPIC, f"{PREFERRED_TOPIC}/compressed"):
        for topic in topics:
            if topic.name == preferred:
                return topic
    if not topics:
        recorded = ", ".join(topic.name for topic in bag.topics)
        raise SourceError(f"{shown(path)}: it holds no images, only {recorded}; record {PREFERRED_TOPIC} too")
    if len(topics) > 1:
        names = ", ".join(topic.name for topic in topics)
        raise SourceError(
            f"{shown(path)}: it holds images on several topics ({names}) and none is {PREFERRED_TOPIC}; "
            "record the one to use into a bag of its own"
        )
    return topics[0]
