"""Which geometry of the C-arm holds for each image of a bag."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tavi_perception.bags import decode
from tavi_perception.bags.reader import BagReader, Message
from tavi_perception.bags.timeline import Moment
from tavi_perception.bags.topics import Topic
from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.carm import CArmGeometry, uncalibrated
from tavi_perception.imaging.source import SourceError, shown

TYPE = "tavi_msgs/msg/CArmGeometry"

SAME_CLOCK = 1_000_000_000
"""ns by which the delays of two messages may differ whose stamps are of the same clock."""


@dataclass(frozen=True)
class Change:
    """A geometry, and the moment from which on it holds; ``refused`` says why it is an uncalibrated one."""

    moment: Moment
    geometry: CArmGeometry
    refused: str = ""

    def holds_for(self, image: Moment) -> bool:
        """By the stamps where both are of one clock, else by the times of reception."""
        stamped = self.moment.stamp_ns and image.stamp_ns
        if stamped and abs(self.moment.delay_ns - image.delay_ns) <= SAME_CLOCK:
            return self.moment.stamp_ns <= image.stamp_ns
        return self.moment.received_ns <= image.received_ns


class Geometries:
    """The changes of the geometry in their order, one at least; the first holds for earlier images too."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes
        self._at = 0

    def restart(self) -> None:
        self._at = 0

    def of(self, image: Moment) -> CArmGeometry:
        """What holds for an image; images are asked for in their order."""
        while self._at + 1 < len(self._changes) and self._changes[self._at + 1].holds_for(image):
            self._at += 1
        return self._changes[self._at].geometry


def read_geometries(
    bag: BagReader, image_topic: Topic, width: int, height: int, calibration: UserCalibration | None
) -> tuple[Geometries, tuple[str, ...]]:
    """The geometries that hold for the images of a topic, and what to tell the user.

    What the user states goes before what was recorded; recorded angles and distances stay.

    Args:
        width, height: of the images (px).

    Raises:
        SourceError: the first recorded geometry is impossible, and the user states none.
    """
    topic, notes = _topic(bag, image_topic)
    changes = _changes(bag.messages([topic]), width, height) if topic else []
    refused = [change.refused for change in changes if change.refused]
    if refused and changes[0].refused and calibration is None:
        raise SourceError(
            f"{shown(bag.path)}: its recorded {refused[0]}; or state the calibration, as with --pixel-size-mm"
        )
    if refused:
        notes = (
            *notes,
            f"{len(refused)} of {len(changes)} recorded geometries cannot be, and what they hold for is "
            f"uncalibrated unless stated: {refused[0]}",
        )
    if changes and calibration is None:
        return Geometries(changes), notes
    changes = changes or [Change(Moment(0, 0), uncalibrated(width, height))]
    stated = [geometry_from_tags(_tags(change.geometry, width, height), calibration) for change in changes]
    if len(changes) > 1:
        notes = (
            *notes,
            f"{len(changes)} geometries are recorded: the calibration stated holds for all",
        )
    return (
        Geometries(
            [Change(change.moment, geometry) for change, (geometry, _) in zip(changes, stated, strict=True)]
        ),
        (*notes, *stated[0][1]),
    )


def _topic(bag: BagReader, images: Topic) -> tuple[str, tuple[str, ...]]:
    """The topic of the geometry: the one with most of its namespace in common with that of the images."""
    topics = [topic.name for topic in bag.topics if topic.type_name == TYPE and topic.count]
    if len(topics) < 2:
        return (topics[0] if topics else ""), ()
    shared = {name: _shared(name, images.name) for name in topics}
    best = [name for name in topics if shared[name] == max(shared.values())]
    if len(best) == 1:
        return best[0], (f"of the geometries on {', '.join(topics)} that on {best[0]} is used",)
    return "", (
        f"none of the geometries on {', '.join(topics)} is used, since none is nearer to {images.name}: "
        "state the calibration, as with --pixel-size-mm",
    )


def _shared(one: str, other: str) -> int:
    """How many leading parts two names have in common."""
    pairs = list(zip(one.split("/")[1:-1], other.split("/")[1:-1], strict=False))
    return next((index for index, (a, b) in enumerate(pairs) if a != b), len(pairs))


def _changes(messages: Iterable[Message], width: int, height: int) -> list[Change]:
    changes: list[Change] = []
    for message in messages:
        moment = Moment(max(decode.stamp_ns(message.value), 0), message.time_ns)
        try:
            change = Change(moment, decode.geometry(message.value))
        except ValueError as error:
            change = Change(moment, uncalibrated(width, height), str(error))
        if not changes or repr(change.geometry) != repr(changes[-1].geometry):  # NaN is no change
            changes.append(change)
    return changes


def _tags(geometry: CArmGeometry, width: int, height: int) -> DicomCalibrationTags:
    """A recorded geometry as the header of an image would say it."""
    scaled = geometry.for_image(width, height)
    known = scaled.calibrated
    return DicomCalibrationTags(
        imager_pixel_spacing_mm=(1e3 * scaled.imager_pixel_spacing,) * 2 if known else None,
        source_to_detector_mm=1e3 * scaled.source_to_detector if known else None,
        source_to_patient_mm=1e3 * scaled.source_to_object if known else None,
        primary_angle_deg=_degrees(scaled.primary_angle),
        secondary_angle_deg=_degrees(scaled.secondary_angle),
        rows=height,
        columns=width,
    )


def _degrees(angle: float) -> float | None:
    return None if math.isnan(angle) else math.degrees(angle)
