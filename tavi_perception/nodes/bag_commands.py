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

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.bags.writer import BagWriter
from tavi_perception.nodes.bag_player import BagPlayer
from tavi_perception.nodes.graph import Spinner
from tavi_perception.nodes.recorder import Recorder
from tavi_perception.nodes.topics import full_topic_name, full_topic_names

LOOK_PERIOD = 0.1
"""s between two looks at what the recorder has found."""

PATIENCE = 3.0
"""s after which topics without a publisher are named."""


def record(path: Path, topics: Sequence[str], duration: float | None) -> int:
    """Records until interrupted or for ``duration`` (s); 1 when anything of a wanted topic is missing.

    Raises:
        BagError: the bag cannot be written, or a topic cannot have its name.
    """
    topics = full_topic_names(topics)
    stop = _stopped_by_signals()
    with BagWriter(path) as bag:
        rclpy.init(args=[], signal_handler_options=rclpy.SignalHandlerOptions.NO)
        recorder = Recorder(bag, topics)
        executor = SingleThreadedExecutor()
        executor.add_node(recorder)
        spinner = Spinner(executor)
        spinner.start()
        print(f"recording {', '.join(topics) or 'all topics'} into {path}; end with Ctrl-C", flush=True)
        try:
            _wait(stop, duration, recorder, frozenset(topics), spinner)
        finally:
            executor.shutdown()
            spinner.join()
            recorder.destroy_node()
            rclpy.try_shutdown()
    missing = dict.fromkeys(set(topics) - set(recorder.counts), "no message came") | recorder.unknown
    for topic, reason in sorted(missing.items()):
        print(f"{topic}: {reason}")
    print(f"{sum(recorder.counts.values())} messages of {len(recorder.counts)} topics in {path}")
    return 0 if recorder.counts and not missing else 1


def play(path: Path, topics: Sequence[str], rate: float, clock: bool) -> int:
    """Publishes the bag's messages at ``rate`` times their speed; 1 when a wanted topic cannot be played.

    Raises:
        BagError: the bag cannot be read, lacks a wanted topic, or no topic of it can be played.
    """
    stop = _stopped_by_signals()
    with BagReader(path) as bag:
        held = {topic.name for topic in bag.topics}
        topics = [name if name in held else full_topic_name(name) for name in topics]
        missing = set(topics) - held
        if missing:
            there = ", ".join(topic.name for topic in bag.topics)
            raise BagError(f"bag {path} has no {', '.join(sorted(missing))}; it holds {there}")
        rclpy.init(args=[], signal_handler_options=rclpy.SignalHandlerOptions.NO)
        try:
            player = BagPlayer(bag, topics, rate=rate, clock=clock)
            for topic, reason in player.unknown.items():
                print(f"{topic} is not played: {reason}", file=sys.stderr, flush=True)
            count = player.play(stop)
            player.destroy_node()
        except ExternalShutdownException:
            return 1
        finally:
            rclpy.try_shutdown()
    print(f"{count} messages published")
    return 130 if stop.is_set() else 1 if player.unknown else 0


def _wait(
    stop: threading.Event,
    duration: float | None,
    recorder: Recorder,
    topics: frozenset[str],
    spinner: Spinner,
) -> None:
    """Waits for the end; says once that every named topic is connected, or which still lack a publisher.

    Raises:
        BagError: the bag can no longer be written.
    """
    end = math.inf if duration is None else time.monotonic() + duration
    late = time.monotonic() + PATIENCE
    missing = topics
    while time.monotonic() < end and not stop.wait(LOOK_PERIOD):
        spinner.check()
        if not missing:
            continue
        missing = topics - recorder.connected
        if not missing:
            print("every topic is connected", file=sys.stderr, flush=True)
        elif time.monotonic() >= late:
            late = math.inf
            named = ", ".join(sorted(missing - recorder.unknown.keys()))
            if named:
                print(f"still without a publisher: {named}", file=sys.stderr, flush=True)


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
