"""Labelled frames from a bag with the simulator's truth, and what the perception recorded about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavi_perception.bags import decode
from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.estimates import Keypoints, Stage
from tavi_perception.evaluation.answers import Answer
from tavi_perception.evaluation.judged import Labelled
from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.messages import compressed_to_grey, image_to_grey
from tavi_perception.imaging.source import GreyImage

IMAGES = ("/fluoro/image", "/fluoro/image/compressed")
FOUND, TRUTH, STAGE = "/tavi/keypoints", "/truth/keypoints", "/truth/deviation"


@dataclass(frozen=True)
class RecordedBag:
    """What a bag holds for an evaluation; all dictionaries by stamp (ns).

    Attributes:
        path: of the bag.
        truth: the true keypoints.
        found: those that the perception published; filtered by its tracker.
        stages: the true stage.
    """

    path: Path
    truth: dict[int, Keypoints]
    found: dict[int, Keypoints]
    stages: dict[int, Stage]

    @property
    def about(self) -> dict[str, Any]:
        """For JSON; ``unanswered`` frames have a truth but no published keypoints."""
        return {
            "data": f"bag {self.path.name}",
            "patients": 1,
            "size_px": max(max(t.width, t.height) for t in self.truth.values()),
            "recorded": len(self.found),
            "unanswered": len(self.truth.keys() - self.found.keys()),
        }

    def recorded(self) -> Iterator[tuple[Labelled, Answer]]:
        """The frames with both truth and published keypoints, matched by stamp, with their images if any."""
        both = self.truth.keys() & self.found.keys()
        if not both:
            raise BagError(f"bag {self.path}: no stamp of {FOUND} is one of {TRUTH}; evaluate with --model")
        seen: set[int] = set()
        for stamp, image in self._images():
            if stamp in both - seen:
                seen.add(stamp)
                yield self._pair(stamp, image)
        for stamp in sorted(both - seen):
            yield self._pair(stamp, None)

    def frames(self) -> Iterator[Labelled]:
        """The frames with both truth and image, matched by stamp.

        Raises:
            BagError: there are none.
        """
        seen: set[int] = set()
        for stamp, image in self._images():
            if stamp in self.truth and stamp not in seen:
                seen.add(stamp)
                yield self._labelled(stamp, image)
        if not seen:
            raise BagError(
                f"bag {self.path}: no image has the stamp of a message on {TRUTH}; record {IMAGES[0]}"
            )

    def _pair(self, stamp: int, image: GreyImage | None) -> tuple[Labelled, Answer]:
        found = self.found[stamp]
        return self._labelled(stamp, image), Answer(found, found.present)

    def _labelled(self, stamp: int, image: GreyImage | None) -> Labelled:
        truth, stage = self.truth[stamp], self.stages.get(stamp)
        first = min(self.truth)
        return Labelled(
            f"{(stamp - first) * 1e-9:.2f} s",
            self.path.name,
            None if stage is None else stage.name.lower(),
            image, truth.width, truth.height, truth.xy, truth.present,
        )  # fmt: skip

    def _images(self) -> Iterator[tuple[int, GreyImage]]:
        with BagReader(self.path) as bag:
            recorded = {topic.name for topic in bag.topics if topic.count}
            topic = next((name for name in IMAGES if name in recorded), None)
            if topic is None:
                return
            for message in bag.messages([topic]):
                value = message.value
                try:
                    grey = compressed_to_grey(value) if topic.endswith("compressed") else image_to_grey(value)
                except ImageRejectedError as error:
                    raise BagError(f"bag {self.path}: {topic}: {error}") from error
                yield decode.stamp_ns(value), grey


def open_bag(path: Path) -> RecordedBag:
    """The truth and the published keypoints of a bag.

    Raises:
        BagError: it cannot be read, or holds no truth.
    """
    truth: dict[int, Keypoints] = {}
    found: dict[int, Keypoints] = {}
    stages: dict[int, Stage] = {}
    with BagReader(path) as bag:
        for message in bag.messages([FOUND, TRUTH, STAGE]):
            stamp = decode.stamp_ns(message.value)
            if message.topic == STAGE:
                stages[stamp] = decode.deviation(message.value).stage
            else:
                (truth if message.topic == TRUTH else found)[stamp] = decode.keypoints(message.value)
    if not truth:
        raise BagError(f"bag {path}: it holds no {TRUTH}; evaluate a bag that ./tavi demo recorded")
    return RecordedBag(Path(path), truth, found, stages)
