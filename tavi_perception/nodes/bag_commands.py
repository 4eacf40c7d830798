"""Recording and replaying as commands: a node of its own until the end, a signal or a time limit."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from tavi_perception.bags import BagError, BagReader, BagWriter
from tavi_perception.nodes.bag_player import BagPlayer
from tavi_perception.nodes.process import spin
from tavi_perception.nodes.recorder import Recorder

LOOK_PERIOD = 0.1
"""s between two looks at what the recorder has found."""

PATIENCE = 3.0
"""s after which topics without a publisher are named."""


def record(path: Path, topics: Sequence[str], duration: float | None) -> int:
    """Records until interrupted or for ``duration`` (s); 1 when a wanted topic was never heard of.

    Raises:
        BagError: the bag cannot be written.
    """
    stop = _stopped_by_signals()
    with BagWriter(path) as bag:
        rclpy.init(signal_handler_options=rclpy.SignalHandlerOptions.NO)
        recorder = Recorder(bag, topics)
        executor = SingleThreadedExecutor()
        executor.add_node(recorder)
        spinner = threading.Thread(target=spin, args=[executor], daemon=True)
        spinner.start()
        print(f"recording {', '.join(topics) or 'all topics'} into {path}; end with Ctrl-C", flush=True)
        _wait(stop, duration, recorder, frozenset(topics))
        executor.shutdown()
        spinner.join()
        recorder.destroy_node()
        rclpy.try_shutdown()
    for topic in sorted(set(topics) - set(recorder.counts)):
        print(f"{topic}: {recorder.unknown.get(topic, 'no message came')}")
    print(f"{sum(recorder.counts.values())} messages of {len(recorder.counts)} topics in {path}")
    return 0 if set(topics) <= set(recorder.counts) and recorder.counts else 1


def play(path: Path, topics: Sequence[str], rate: float, clock: bool) -> int:
    """Publishes the bag's messages at ``rate`` times their speed.

    Raises:
        BagError: the bag cannot be read, or lacks a wanted topic.
    """
    stop = _stopped_by_signals()
    with BagReader(path) as bag:
        missing = set(topics) - {topic.name for topic in bag.topics}
        if missing:
            there = ", ".join(topic.name for topic in bag.topics)
            raise BagError(f"bag {path} has no {', '.join(sorted(missing))}; it holds {there}")
        rclpy.init(signal_handler_options=rclpy.SignalHandlerOptions.NO)
        try:
            player = BagPlayer(bag, topics, rate=rate, clock=clock)
            count = player.play(stop)
            player.destroy_node()
        except ExternalShutdownException:
            return 1
        finally:
            rclpy.try_shutdown()
    print(f"{count} messages published")
    return 130 if stop.is_set() else 0


def _wait(stop: threading.Event, duration: float | None, recorder: Recorder, topics: frozenset[str]) -> None:
    """Waits for the end; says once that every named topic is connected, or which still lack a publisher."""
    end = math.inf if duration is None else time.monotonic() + duration
    late = time.monotonic() + PATIENCE
    missing = topics
    while missing and not stop.is_set() and time.monotonic() < end:
        stop.wait(LOOK_PERIOD)
        missing = topics - recorder.connected
        if not missing:
            print("every topic is connected", file=sys.stderr, flush=True)
        elif time.monotonic() >= late:
            late = math.inf
            named = ", ".join(sorted(missing - recorder.unknown.keys()))
            if named:
                print(f"still without a publisher: {named}", file=sys.stderr, flush=True)
    stop.wait(None if duration is None else max(end - time.monotonic(), 0.0))


def _stopped_by_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set.

    A thread sets it: a handler runs inside of whatever the main thread does, and would wait forever for the
    event's lock where that is in the event itself, waiting or handling the signal before.
    """
    stop = threading.Event()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)

    def wait_for_signal() -> None:
        os.read(reader, 1)
        stop.set()

    threading.Thread(target=wait_for_signal, name="signals", daemon=True).start()
    return stop
