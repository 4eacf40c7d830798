"""What a bag recorded of a run, frame by frame: the one place where the report reads a bag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from tavi_perception.bags import decode
from tavi_perception.bags.reader import BagReader, Message
from tavi_perception.bags.topics import BagError, Topic
from tavi_perception.carm import CArmGeometry, uncalibrated
from tavi_perception.estimates import NAN, AnnulusFrame, CatheterDeviation, Keypoints
from tavi_perception.histogram import Histogram
from tavi_perception.imaging.messages import compressed_to_grey, image_to_grey
from tavi_perception.imaging.source import GreyImage
from tavi_perception.stage_clock import TimedStage
from tavi_perception.timing_values import summed_times

IMAGES = ("/fluoro/image", "/fluoro/image/compressed")
GEOMETRY = "/fluoro/carm_geometry"
MODEL_INFO = "/tavi/model_info"
DIAGNOSTICS = "/diagnostics"
TIMING = "/tavi/", ": timing"
"""How the name of the diagnostic status begins and ends that tells how long the stages took."""
COMMAND, STATE = "/delivery/command", "/delivery/state"
_RESULTS = ("/tavi/keypoints", "/tavi/annulus", "/tavi/deviation")
_TRUTH = ("/truth/keypoints", "/truth/annulus", "/truth/deviation")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Findings:
    """Keypoints, annulus and deviation of one frame; None where not recorded."""

    keypoints: Keypoints | None = None
    annulus: AnnulusFrame | None = None
    deviation: CatheterDeviation | None = None


@dataclass(frozen=True)
class RecordedFrame:
    """Everything recorded with the stamp of one frame.

    Attributes:
        stamp_ns: capture time (ns).
        time: s since the first frame.
        has_image: its image is in the bag.
        found: what perception published.
        truth: what the simulator knows; None for a real run.
        latency: stamp to publication (s); NaN when not recorded.
    """

    stamp_ns: int
    time: float
    has_image: bool
    found: Findings
    truth: Findings | None
    latency: float


@dataclass(frozen=True)
class ModelFacts:
    """The model that ran."""

    name: str
    version: str
    runtime: str
    device: str
    sha256: str


@dataclass(frozen=True)
class DiagnosticFact:
    """One component's worst diagnostic: level 0 ok, 1 warning, 2 error, 3 stale; and its last message."""

    name: str
    worst: int
    message: str


@dataclass(frozen=True)
class RobotSample:
    """What the robot reported: time (s since the first frame), advance and retraction (m)."""

    time: float
    advance: float
    retraction: float


@dataclass(frozen=True)
class Recording:
    """A run as recorded in its bag.

    Attributes:
        path: of the bag.
        topics: everything recorded.
        frames: in order of their stamps.
        stale_reports: deviations repeated with an old stamp because images had stopped; not those before the
            first image.
        geometry: of the C-arm; uncalibrated when not recorded.
        model, diagnostics, robot: None or empty when not recorded.
        times: what the stages took in each frame of which /diagnostics told; empty when not recorded.
        holds, commands: commands to the robot to stand still, and all commands.
    """

    path: Path
    topics: tuple[Topic, ...]
    frames: tuple[RecordedFrame, ...]
    stale_reports: int
    geometry: CArmGeometry
    model: ModelFacts | None
    diagnostics: tuple[DiagnosticFact, ...]
    times: Mapping[TimedStage, Histogram]
    robot: tuple[RobotSample, ...]
    holds: int
    commands: int


def read_recording(path: Path) -> Recording:
    """Reads a bag; whatever is not in it is simply missing from the result.

    Raises:
        BagError: the bag is missing, empty, cut off or damaged, or its messages are not ours.
    """
    wanted = {*IMAGES, GEOMETRY, MODEL_INFO, DIAGNOSTICS, COMMAND, STATE, *_RESULTS, *_TRUTH}
    messages: defaultdict[str, list[Any]] = defaultdict(list)
    with BagReader(path) as bag:
        topics = bag.topics
        for message in bag.messages([topic.name for topic in topics if topic.name in wanted]):
            messages[message.topic].append(_without_pixels(message))
    stamps = sorted(
        {stamp for topic in (*IMAGES, *_RESULTS, *_TRUTH) for stamp in map(_stamp, messages[topic]) if stamp}
    )
    try:
        return _recording(path, topics, messages, stamps)
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
        raise BagError(
            f"bag {path} holds a message that no node of this project sends ({error}): record it again"
        ) from error


def _recording(
    path: Path, topics: tuple[Topic, ...], messages: Mapping[str, list[Any]], stamps: list[int]
) -> Recording:
    start = stamps[0] if stamps else 0
    answers = [stamp for stamp in map(_stamp, messages["/tavi/deviation"]) if stamp]
    return Recording(
        path=path,
        topics=topics,
        frames=_frames(messages, stamps, start),
        stale_reports=len(answers) - len(set(answers)),
        geometry=_geometry(messages[GEOMETRY]),
        model=_model(messages[MODEL_INFO]),
        diagnostics=_diagnostics(messages[DIAGNOSTICS]),
        times=_times(messages[DIAGNOSTICS]),
        robot=tuple(
            RobotSample((decode.stamp_ns(state) - start) * 1e-9, state.advance, state.retraction)
            for state in messages[STATE]
        ),
        holds=sum(bool(command.hold) for command in messages[COMMAND]),
        commands=len(messages[COMMAND]),
    )


def read_images(path: Path, stamps: Collection[int]) -> dict[int, GreyImage]:
    """The images with the given stamps (ns), as far as the bag holds them.

    Raises:
        BagError: the bag cannot be read.
        ImageRejectedError: an image in it is broken.
    """
    found: dict[int, GreyImage] = {}
    if not stamps:
        return found
    with BagReader(path) as bag:
        for message in bag.messages(IMAGES):
            stamp = decode.stamp_ns(message.value)
            if stamp in stamps and stamp not in found:
                compressed = message.type_name.endswith("CompressedImage")
                found[stamp] = (
                    compressed_to_grey(message.value) if compressed else image_to_grey(message.value)
                )
    return found


@dataclass(frozen=True)
class _ImageHeader:
    """An image without its pixels, which would fill the memory."""

    header: Any


def _without_pixels(message: Message) -> Any:
    return _ImageHeader(message.value.header) if message.topic in IMAGES else message.value


def _stamp(message: Any) -> int:
    return decode.stamp_ns(message)


def _by_stamp(messages: list[Any], convert: Callable[[Any], _T]) -> dict[int, _T]:
    """The first message of each stamp: repetitions with an old stamp are reports that images have stopped."""
    found: dict[int, _T] = {}
    for message in messages:
        found.setdefault(_stamp(message), convert(message))
    return found


def _frames(messages: Mapping[str, list[Any]], stamps: list[int], start: int) -> tuple[RecordedFrame, ...]:
    images = {_stamp(message) for topic in IMAGES for message in messages[topic]}
    found, truth = _findings(messages, _RESULTS), _findings(messages, _TRUTH)
    latencies = _by_stamp(messages["/tavi/deviation"], lambda message: decode.seconds(message.latency))
    return tuple(
        RecordedFrame(
            stamp,
            (stamp - start) * 1e-9,
            stamp in images,
            found.get(stamp, Findings()),
            truth.get(stamp),
            latencies.get(stamp, NAN),
        )
        for stamp in stamps
    )


def _findings(messages: Mapping[str, list[Any]], topics: tuple[str, str, str]) -> dict[int, Findings]:
    keypoints = _by_stamp(messages[topics[0]], decode.keypoints)
    annuli = _by_stamp(messages[topics[1]], decode.annulus)
    deviations = _by_stamp(messages[topics[2]], decode.deviation)
    return {
        stamp: Findings(keypoints.get(stamp), annuli.get(stamp), deviations.get(stamp))
        for stamp in keypoints.keys() | annuli.keys() | deviations.keys()
    }


def _geometry(messages: list[Any]) -> CArmGeometry:
    try:
        return decode.geometry(messages[0]) if messages else uncalibrated(0, 0)
    except ValueError:
        return uncalibrated(0, 0)


def _model(messages: list[Any]) -> ModelFacts | None:
    if not messages:
        return None
    last = messages[-1]
    return ModelFacts(last.name, last.version, last.runtime, last.device, last.sha256)


def _diagnostics(messages: list[Any]) -> tuple[DiagnosticFact, ...]:
    facts: dict[str, DiagnosticFact] = {}
    for message in messages:
        for status in message.status:
            level = int(status.level)
            before = facts.get(status.name, DiagnosticFact(status.name, level, status.message))
            facts[status.name] = replace(before, worst=max(before.worst, level), message=status.message)
    return tuple(facts.values())


def _times(messages: list[Any]) -> dict[TimedStage, Histogram]:
    statuses = (status for message in messages for status in message.status)
    return summed_times(
        status for status in statuses if status.name.startswith(TIMING[0]) and status.name.endswith(TIMING[1])
    )
