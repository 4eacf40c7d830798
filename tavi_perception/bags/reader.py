"""Reading of rosbag2 bags: topics, raw messages for replay, deserialised messages for evaluation."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection, ConnectionExtRosbag2
from rosbags.rosbag2 import ReaderError

from tavi_perception.bags.bounded import check_definitions, check_standard, check_values, is_int64
from tavi_perception.bags.storage import merged, storage_of, unlisted
from tavi_perception.bags.topics import BagError, Topic, from_rosbags
from tavi_perception.bags.types import shared_store

_CUT_OFF = ("File end magic is invalid.", "Invalid MCAP footer.")


class RawMessage(NamedTuple):
    """A serialised message as it was recorded; ``time_ns`` is when it was received (ns)."""

    topic: str
    type_name: str
    cdr: bytes
    time_ns: int


class Message(NamedTuple):
    """A deserialised message: ``value`` has the attributes of the ROS message, arrays as numpy arrays."""

    topic: str
    type_name: str
    value: Any
    time_ns: int


class BagReader:
    """A recorded bag: a folder with metadata.yaml, or a lone .mcap or .db3 file; a context manager.

    Messages are deserialised with the definitions recorded in the bag, where it has them.

    Attributes:
        path: as given.
        unread: sentences about recordings beside those that are read.

    Raises:
        BagError: the bag is missing, empty, cut off (its recorder was killed) or broken.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        storage = storage_of(self.path)
        self.unread = unlisted(storage)
        self._copies = ExitStack()
        try:
            self._reader = self._open(merged(storage, self._copies))
        except BaseException:
            self._copies.close()
            raise

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Recorded topics in order of their names; several publishers of one are one topic."""

        def name_and_type(connection: Connection) -> tuple[str, str]:
            return connection.topic, connection.msgtype

        topics = []
        for (name, type_name), of_topic in itertools.groupby(
            sorted(self._reader.connections, key=name_and_type), key=name_and_type
        ):
            connections = list(of_topic)
            offered = [qos for one in connections for qos in _extension(one).offered_qos_profiles]
            count = sum(connection.msgcount for connection in connections)
            topics.append(Topic(name, type_name, from_rosbags(offered), count))
        return tuple(topics)

    @property
    def start_ns(self) -> int:
        """When the first message was received (ns since the epoch)."""
        return int(self._reader.start_time)

    @property
    def end_ns(self) -> int:
        """When the last message was received (ns since the epoch)."""
        return int(self._reader.end_time) - 1

    def type_hash(self, type_name: str) -> str:
        """Of the type as the bag defines it (RIHS01, REP 2016); raises KeyError where the bag has no such."""
        return self._reader.typestore.hash_rihs01(type_name)

    def raw(self, topics: Collection[str] = ()) -> Iterator[RawMessage]:
        """Serialised messages in order of time, of the named topics or of all.

        Raises:
            BagError: the bag is damaged further on.
        """
        connections = [c for c in self._reader.connections if not topics or c.topic in topics]
        if not connections:
            return
        try:
            for connection, time_ns, cdr in self._reader.messages(connections):
                if not is_int64(time_ns):
                    raise ReaderError(f"a message on {connection.topic} has no time")
                if isinstance(cdr, int):  # of which bytes() would make as many zeros
                    raise ReaderError(f"a message on {connection.topic} is a number")
                yield RawMessage(connection.topic, connection.msgtype, bytes(cdr), time_ns)
        except Exception as error:
            raise self._damaged(error) from error

    def messages(self, topics: Collection[str] = ()) -> Iterator[Message]:
        """Deserialised messages in order of time, of the named topics or of all.

        Raises:
            BagError: the bag is damaged further on.
        """
        for topic, type_name, cdr, time_ns in self.raw(topics):
            yield Message(topic, type_name, self.deserialise(cdr, type_name), time_ns)

    def deserialise(self, cdr: bytes, type_name: str) -> Any:
        """The message of a type of this bag from its bytes."""
        try:
            return self._reader.deserialize(cdr, type_name)
        except Exception as error:
            raise self._damaged(error) from error

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        if self._reader.stack is not None:
            self._reader.close()
        self._copies.close()

    def __enter__(self) -> BagReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, storage: Path) -> AnyReader:
        try:
            reader = AnyReader([storage], default_typestore=shared_store())
            reader.open()
            try:
                check_definitions(reader.typestore.fielddefs)
                check_standard(reader.typestore.fielddefs)
                check_values(reader)
            except BaseException:
                reader.close()
                raise
        except BagError:
            raise
        except Exception as error:
            if any(sign in str(error) for sign in _CUT_OFF):
                raise BagError(
                    f"bag {self.path} is cut off, its recorder was killed before it could finish: "
                    "recover what is in it with the command 'mcap recover'"
                ) from error
            raise self._damaged(error) from error
        if not reader.connections or not reader.message_count:
            reader.close()
            raise BagError(f"bag {self.path} is empty: no message was recorded; record it again")
        return reader

    def _damaged(self, error: Exception) -> BagError:
        reason = str(error).rstrip(".") or type(error).__name__
        return BagError(f"bag {self.path} is damaged ({reason}): record or copy it again")


def _extension(connection: Connection) -> ConnectionExtRosbag2:
    assert isinstance(connection.ext, ConnectionExtRosbag2)
    return connection.ext
