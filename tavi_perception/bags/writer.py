"""Writing of rosbag2 bags (MCAP, zstd chunks) from any thread, without holding up the caller."""

from __future__ import annotations

import functools
import os
import shutil
import sys
import threading
from collections import Counter, deque
from pathlib import Path
from types import TracebackType

from rosbags.interfaces import Connection
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.rosbag2.storage_mcap import McapWriter

from tavi_perception.bags.topics import BagError, TopicQos, to_rosbags
from tavi_perception.bags.types import ensure_type, message_store

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PENDING_LIMIT = 256 * 2**20
"""Bytes that may wait for the disk: 17 s of 1000 px square images at 15 frames/s."""

_GIVES_WAY = 10
"""Added to the niceness of the thread that compresses and writes: where all processors are busy it gets a
tenth of what another thread gets."""


class BagWriter:
    """A bag being recorded; a context manager whose end completes the bag.

    Messages are compressed without loss and written by a thread of its own. What does not fit into the
    queue because the disk is too slow is counted in ``lost`` and makes ``close`` raise.

    Raises:
        BagError: the bag exists and ``overwrite`` is not set, or its folder cannot be made.
    """

    def __init__(self, path: Path, *, overwrite: bool = False, pending_limit: int = PENDING_LIMIT) -> None:
        self.path = Path(path)
        self.lost: Counter[str] = Counter()
        self._clear_place(overwrite)
        self._store = message_store()
        self._connections: dict[str, Connection] = {}
        self._pending: deque[tuple[Connection, bytes, int]] = deque()
        self._pending_bytes = 0
        self._pending_limit = pending_limit
        self._failure: Exception | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._file = threading.Lock()
        try:
            self._writer = _CheckedWriter(
                self.path, version=Writer.VERSION_LATEST, storage_plugin=StoragePlugin.MCAP
            )
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            self._writer.open()
        except OSError as error:
            raise BagError(
                f"bag {self.path} cannot be made: {error.strerror}; choose another place"
            ) from error
        self._thread = threading.Thread(target=self._drain, name=f"bag {self.path.name}", daemon=True)
        self._thread.start()

    def add_topic(self, name: str, type_name: str, qos: TopicQos | None = None) -> None:
        """Announces a topic, ``type_name`` as ``sensor_msgs/msg/Image``; announcing it again does nothing.

        Raises:
            BagError: its type is unknown, or the topic was announced with another type.
        """
        with self._file:
            known = self._connections.get(name)
            if known is not None:
                if known.msgtype != type_name:
                    raise BagError(
                        f"topic {name} is recorded as {known.msgtype}, it cannot be {type_name} too"
                    )
                return
            ensure_type(self._store, type_name)
            self._connections[name] = self._writer.add_connection(
                name, type_name, typestore=self._store, offered_qos_profiles=[to_rosbags(qos or TopicQos())]
            )

    def write(self, topic: str, cdr: bytes, time_ns: int) -> None:
        """Queues a serialised message, received at ``time_ns`` (ns since the epoch).

        Raises:
            BagError: the topic was not announced, the bag is closed, or writing has failed (a full disk).
        """
        connection = self._connections.get(topic)
        if connection is None:
            raise BagError(f"topic {topic} was not announced to the bag {self.path}: call add_topic first")
        with self._changed:
            self._raise_failure()
            if self._closed:
                raise BagError(f"bag {self.path} is closed, nothing more can be written to it")
            if self._pending_bytes + len(cdr) > self._pending_limit:
                self.lost[topic] += 1
                return
            self._pending.append((connection, cdr, time_ns))
            self._pending_bytes += len(cdr)
            self._changed.notify()

    def close(self) -> None:
        """Writes what is waiting and completes the bag; a second call does nothing.

        Raises:
            BagError: writing has failed, or messages were lost; in the latter case the bag is complete but
                for them.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._complete()
        self._raise_failure()
        if self.lost:
            counts = ", ".join(f"{count} of {topic}" for topic, count in sorted(self.lost.items()))
            raise BagError(
                f"bag {self.path} lacks messages ({counts}): the disk was too slow; use a faster one"
            )

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _clear_place(self, overwrite: bool) -> None:
        if not self.path.exists():
            return
        if not overwrite:
            raise BagError(f"bag {self.path} exists already: choose another name, or allow overwriting")
        is_bag = self.path.is_dir() and (any(self.path.glob("*.mcap")) or any(self.path.glob("*.db3")))
        if not is_bag:
            raise BagError(f"{self.path} is not a bag and is not overwritten: choose another name")
        shutil.rmtree(self.path)

    def _drain(self) -> None:
        # Of this thread alone, on Linux: whoever answers images needs the processor more.
        os.nice(_GIVES_WAY)
        while True:
            with self._changed:
                while not self._pending and not self._closed:
                    self._changed.wait()
                if not self._pending:
                    return
                connection, cdr, time_ns = self._pending.popleft()
            try:
                with self._file:
                    self._writer.write(connection, time_ns, cdr)
            except Exception as error:
                self._fail(error)
                return
            with self._changed:
                self._pending_bytes -= len(cdr)

    def _complete(self) -> None:
        """Index and metadata; after a failure too, so that what was written stays readable."""
        try:
            self._writer.set_custom_data("lost", str(self.lost.total()))
            self._writer.close()
            # rosbags writes its own name there; ros2 bag expects the distribution of the definitions.
            metadata = self.path / "metadata.yaml"
            distro = os.environ.get("ROS_DISTRO", "jazzy")
            text = metadata.read_text(encoding="utf-8").replace(
                "ros_distro: rosbags", f"ros_distro: {distro}"
            )
            metadata.write_text(text, encoding="utf-8")
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._failure = self._failure or error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise BagError(
                f"bag {self.path} cannot be written: {self._failure}; free some space or choose another disk"
            ) from self._failure


class _CheckedMcapWriter(McapWriter):
    """Chunks with a checksum: rosbags writes none, and a flipped bit in an image would pass unseen."""

    def __init__(self, path: Path, compression: CompressionMode) -> None:
        super().__init__(path, compression)
        self.compressor = functools.partial(
            zstd.compress,
            options={
                zstd.CompressionParameter.checksum_flag: True,
                # Noise hardly compresses at any level, and a live bag must leave the processor to others.
                zstd.CompressionParameter.compression_level: 1,
            },
        )


class _CheckedWriter(Writer):
    STORAGE_PLUGINS = {StoragePlugin.MCAP: _CheckedMcapWriter}  # noqa: RUF012 (declared so by rosbags)
