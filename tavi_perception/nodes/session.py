"""One run of the whole graph over a source of frames: perception in a process of its own, all recorded."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from tavi_msgs.msg import CatheterDeviation
from tqdm import tqdm

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.bags.writer import BagWriter
from tavi_perception.estimates import Reason
from tavi_perception.imaging.exposure import exposure_defect
from tavi_perception.imaging.source import Frame, FrameSource
from tavi_perception.nodes import qos
from tavi_perception.nodes.graph import Graph, GraphError
from tavi_perception.nodes.playback import FramePublisher, TruthPublisher, paced
from tavi_perception.nodes.recorder import Recorder
from tavi_perception.nodes.session_graph import (
    DIAGNOSTICS,
    INPUTS,
    RECORDING_STALE_AFTER,
    RESULTS,
    SETTLE,
    SHARED,
    TRUTH,
    VIEWS,
    SessionOptions,
    incomplete,
    start_perception,
    start_up,
    wait_for,
)
from tavi_perception.simulation.procedure import RenderedProcedure

ANSWER_TIMEOUT = 20.0
"""s for the answer to one frame of a recording."""


@dataclass(frozen=True)
class SessionResult:
    """Numbers of messages in the bag at the end.

    Attributes:
        images: that were shown.
        deviations: the answers to them.
        failed: answers that say that the model was not ready, or that processing failed.
        unusable: a sentence on each frame that cannot be a fluoroscopy.
    """

    images: int
    deviations: int
    failed: int
    unusable: Sequence[str]


def run_session(source: FrameSource, options: SessionOptions) -> SessionResult:
    """Plays the source through a perception node in a graph of its own and records everything in out/bag.

    Raises:
        GraphError: a node did not start, ended early, or left a frame unanswered.
        BagError: the bag cannot be written.
    """
    topics = {*INPUTS, *RESULTS, *VIEWS, *SHARED, *(TRUTH if has_truth(source) else ())}
    with (
        BagWriter(options.out / "bag") as bag,
        tempfile.TemporaryDirectory(prefix="tavi-") as temporary,
        Graph() as graph,
    ):
        start_perception(graph, options, Path(temporary) / "parameters.yaml")
        recorder, player = Recorder(bag, topics), _Player(source, options.as_recorded)
        answers = _AnsweredFrames(player)
        graph.add(recorder)
        graph.add(player)
        images = player.frames.images
        start_up(
            lambda: recorder.connected >= topics and images.get_subscription_count() >= 2,
            graph,
            lambda: incomplete(topics - recorder.connected),
        )
        unusable = []
        for index, frame in enumerate(_progress(source, pace=not options.as_recorded)):
            stamp = player.show(index, frame)
            if defect := exposure_defect(frame.image):
                unusable.append(f"frame {index + 1}: {defect}")
            if options.live:
                graph.check()
            else:
                answers.wait_for(stamp, index, graph)
        shown, counts = player.frames.count, recorder.counts
        wait_for(
            lambda: (
                counts[INPUTS[0]] >= shown
                and (options.live or min(counts[topic] for topic in RESULTS) >= shown)
            ),
            ANSWER_TIMEOUT,
            graph,
            lambda: f"the recorder has {counts[INPUTS[0]]} of {shown} images",
        )
        time.sleep(SETTLE)
        told = counts[DIAGNOSTICS]
        wait_for(
            lambda: counts[DIAGNOSTICS] > told,
            ANSWER_TIMEOUT,
            graph,
            lambda: "the perception node tells nothing on /diagnostics of its last frames",
        )
        return SessionResult(counts[INPUTS[0]], counts["/tavi/keypoints"], answers.failed, unusable)


def has_truth(source: FrameSource) -> TypeGuard[RenderedProcedure]:
    return isinstance(source, RenderedProcedure)


class _Player(Node):
    """Shows the frames of a source, and their truth where it has one.

    With ``clock`` their own stamps are published on /clock.
    """

    def __init__(self, source: FrameSource, clock: bool) -> None:
        super().__init__("player", namespace="fluoro")
        self._source = source
        self.frames = FramePublisher(self, "fluoro", "reliable")
        self.frames.announce(source.geometry)
        self._truth = TruthPublisher(self) if has_truth(source) else None
        self._clock_publisher = self.create_publisher(Clock, "/clock", 1) if clock else None
        self._now = 0

    def show(self, index: int, frame: Frame) -> int:
        """The stamp (ns) with which it was published."""
        if self._clock_publisher is not None and frame.stamp_ns is not None:
            self._set_clock(self._clock_publisher, frame.stamp_ns)
        header = self.frames.publish(frame.image, frame.geometry, frame.stamp_ns)
        if self._truth is not None:
            self._truth.publish(self._source.truth(index), header)
        return Time.from_msg(header.stamp).nanoseconds

    def _set_clock(self, clock: Publisher, now: int) -> None:
        """Time goes on, or leaps: then the image must not come before it."""
        clock.publish(Clock(clock=Time(nanoseconds=now).to_msg()))
        if abs(now - self._now) > 0.5e9 * RECORDING_STALE_AFTER:
            time.sleep(SETTLE)
        self._now = now


class _AnsweredFrames:
    """Counts the deviations that answer each frame, by its stamp, and the answers that are none."""

    def __init__(self, node: Node) -> None:
        self.failed = 0
        self._shown: Counter[int] = Counter()
        self._answered: Counter[int] = Counter()
        self._arrived = threading.Condition()
        node.create_subscription(CatheterDeviation, "/tavi/deviation", self._on_deviation, qos.OUTPUT)

    def wait_for(self, stamp: int, index: int, graph: Graph) -> None:
        deadline = time.monotonic() + ANSWER_TIMEOUT
        self._shown[stamp] += 1
        with self._arrived:
            while not self._arrived.wait_for(
                lambda: self._answered[stamp] >= self._shown[stamp], timeout=0.5
            ):
                graph.check()
                if time.monotonic() > deadline:
                    raise GraphError(
                        f"the perception node left frame {index} unanswered for {ANSWER_TIMEOUT:.0f} s; "
                        "see perception.log"
                    )

    def _on_deviation(self, msg: CatheterDeviation) -> None:
        with self._arrived:
            self._answered[stamp_ns(msg)] += 1
            self.failed += bool(msg.reasons & (Reason.MODEL_NOT_READY | Reason.PROCESSING_FAILED))
            self._arrived.notify_all()


def _progress(source: FrameSource, pace: bool) -> Iterable[Frame]:
    """The frames, when they are due or one after the other."""

    def report(sentence: str) -> None:
        tqdm.write(f"{source.name}: {sentence}", file=sys.stderr)

    return tqdm(
        paced(source, threading.Event(), report) if pace else source,
        total=source.frame_count,
        unit="frame",
        desc=source.name,
        disable=None,
    )
