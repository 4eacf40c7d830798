"""Bounds for what rosbags reads: it takes a recording's word for how long a record is, and what is a number.

A file of some hundred bytes can claim to hold, or to be inflated to, more than any memory has. rosbags has no
setting for that, so what it reads lengths and YAML, inflates, parses definitions and opens databases with is
replaced here, once, at import.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, Literal

import lz4.frame
from rosbags.highlevel import AnyReader, anyreader
from rosbags.interfaces import Nodetype
from rosbags.rosbag2 import metadata, reader, storage_mcap, storage_sqlite3
from rosbags.rosbag2.errors import ReaderError
from rosbags.typesys import get_types_from_idl, get_types_from_msg

from tavi_perception.bags.database import check_database
from tavi_perception.bags.storage import read_metadata
from tavi_perception.bags.types import shared_store
from tavi_perception.yaml_text import YamlTextError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_CHUNK = 256 << 20
"""Bytes of a record, or of a chunk or message when it is inflated: 67 images of 2000x2000 px."""

MAX_EXPANSION = 1_000
"""Times that a recording may grow that is compressed as a whole; blank images compress that much."""

MAX_ARRAY = 4_096
"""Items of an array of fixed length in the definition of a message; code is made for each one."""

MAX_DEFINITION = 1 << 20
"""Characters of the definition of a message with those that it is made of."""

_STANDARD = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")

_NO_CODE = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
"""Strings and comments of IDL."""


def check_definitions(definitions: Mapping[str, Any]) -> None:
    """Refuses the definitions of messages whose arrays would be written out for minutes.

    Raises:
        ReaderError: one is longer than ``MAX_ARRAY``.
    """
    for name, (_, fields) in definitions.items():
        for field, (kind, detail) in fields:
            if kind == Nodetype.ARRAY and detail[1] > MAX_ARRAY and not _is_number(detail[0]):
                raise ReaderError(f"{name} has {detail[1]} items of {field}")


def check_standard(definitions: Mapping[str, Any]) -> None:
    """Refuses images that a recording defines otherwise than ROS 2 does: their readers know that one alone.

    Raises:
        ReaderError: one has other fields.
    """
    known, pending = shared_store().fielddefs, [name for name in _STANDARD if name in definitions]
    while pending:
        name = pending.pop()
        fields = definitions[name][1] if name in definitions else None
        if fields != known[name][1]:
            raise ReaderError(f"its {name} has other fields than that of ROS 2")
        pending += [str(detail) for _, (kind, detail) in known[name][1] if kind == Nodetype.NAME]


def check_values(reader: AnyReader) -> None:
    """Refuses names, counts and times that are none, or none that 64 bits hold, and topics of two types.

    Raises:
        ReaderError: metadata, or a table, state such.
    """
    types: dict[str, str] = {}
    for connection in reader.connections:
        profiles = getattr(connection.ext, "offered_qos_profiles", ())
        numbers = (connection.msgcount, *(profile.depth for profile in profiles))
        if not isinstance(connection.topic, str) or not isinstance(connection.msgtype, str):
            raise ReaderError(
                f"a topic's name or type is no text: {connection.topic!r}, {connection.msgtype!r}"
            )
        if types.setdefault(connection.topic, connection.msgtype) != connection.msgtype:
            raise ReaderError(f"{connection.topic} has several types, as no topic has that rosbag2 records")
        if not all(map(is_int64, numbers)):
            raise ReaderError(f"what it counts on {connection.topic} is no number")
    if not all(map(is_int64, (reader.start_time, reader.end_time, reader.message_count))):
        raise ReaderError("its metadata state a time, or a count, that is no number")


def is_int64(value: object) -> bool:
    """Whether it is an integer of 64 bits, as all times and counts of a bag."""
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63


@lru_cache
def _types_from_idl(text: str) -> Any:
    """Of a definition without brackets in expressions: two of them keep the parser busy for half a minute."""
    expressions = re.sub(r"@\w+\s*\(", "@", _NO_CODE.sub("", text))
    if "(" in expressions or len(text) > MAX_DEFINITION:
        raise ReaderError("a message is defined by an expression in brackets, or at too great length")
    return get_types_from_idl(text)


@lru_cache
def _types_from_msg(text: str, name: str) -> Any:
    if len(text) > MAX_DEFINITION:
        raise ReaderError(f"the definition of {name} has {len(text)} characters")
    return get_types_from_msg(text, name)


def _yaml(typ: str) -> Any:
    """ruamel's YAML without its reading, which takes a third of a millisecond for every value."""
    yaml = _RUAMEL(typ=typ)
    yaml.load = _plain_values
    return yaml


def _metadata_yaml(typ: str) -> Any:
    return SimpleNamespace(load=_metadata_values)


def _metadata_values(text: str) -> Any:
    content = _plain_values(text)
    stated = content.get("rosbag2_bagfile_information") if isinstance(content, dict) else None
    if isinstance(stated, dict) and not isinstance(stated.get("files", []), list):
        raise ReaderError("its metadata state files that are no list")
    return content


def _plain_values(text: str) -> Any:
    try:
        return read_metadata(text)
    except YamlTextError as error:
        raise ReaderError(f"its metadata are no plain YAML: {error}") from error


def _is_number(description: Any) -> bool:
    kind, detail = description
    return bool(kind == Nodetype.BASE and detail[0] != "string")


def _read_exact(file: BinaryIO, size: int) -> bytes:
    place = file.tell()
    data = file.read(size) if 0 <= size <= MAX_CHUNK else b""
    if len(data) != size:
        raise ReaderError(f"Truncated record at offset {place}: expected {size} bytes")
    return data


def _zstd(data: bytes, size: int = MAX_CHUNK) -> bytes:
    """The content of one or several frames, refused as soon as it is longer than ``size`` bytes."""
    if not 0 <= size <= MAX_CHUNK:
        raise ReaderError(f"a chunk of {size} bytes")
    found: list[bytes] = []
    room = size
    while data:
        inflater = zstd.ZstdDecompressor()
        found.append(inflater.decompress(data, room + 1))
        room -= len(found[-1])
        if room < 0 or not inflater.eof:
            raise ReaderError(f"it is cut off, or inflates to more than {size} bytes")
        data = inflater.unused_data
    return b"".join(found)


def _lz4(data: bytes, size: int) -> bytes:
    if not 0 <= size <= MAX_CHUNK:
        raise ReaderError(f"a chunk of {size} bytes")
    inflater = lz4.frame.LZ4FrameDecompressor()
    found: bytes = inflater.decompress(data, size + 1)
    if not inflater.eof:
        raise ReaderError(f"it is cut off, or inflates to more than {size} bytes")
    return found


def _zstd_file(file: BinaryIO, mode: Literal["r", "rb"]) -> io.RawIOBase:
    """A file that is compressed as a whole, of which at most ``MAX_EXPANSION`` times its size is read."""
    packed = Path(file.name).stat().st_size
    return _Bounded(zstd.ZstdFile(file, mode), packed * MAX_EXPANSION)


class _Bounded(io.RawIOBase):
    def __init__(self, file: zstd.ZstdFile, room: int) -> None:
        super().__init__()
        self._file, self._room = file, room

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._room -= len(data)
        if self._room < 0:
            raise ReaderError(f"it inflates to more than {MAX_EXPANSION} times its size")
        return data

    def close(self) -> None:
        self._file.close()
        super().close()


class _CheckedReader(storage_sqlite3.Sqlite3Reader):
    def open(self) -> None:
        check_database(Path(str(self.path)))
        super().open()


_RUAMEL = vars(metadata)["YAML"]
reader.DirectoryReader.STORAGE_PLUGINS = {**reader.DirectoryReader.STORAGE_PLUGINS, "sqlite3": _CheckedReader}
reader.Reader.STORAGE_PLUGINS = {**reader.Reader.STORAGE_PLUGINS, ".db3": _CheckedReader}
storage_mcap.DECOMPRESSORS.update(zstd=_zstd, lz4=_lz4)
_REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (storage_mcap, "read_exact", _read_exact),
    (anyreader, "get_types_from_idl", _types_from_idl),
    (anyreader, "get_types_from_msg", _types_from_msg),
    (reader, "YAML", _metadata_yaml),
    (metadata, "YAML", _yaml),
    (reader, "zstd", SimpleNamespace(decompress=_zstd, open=_zstd_file)),
)
for _module, _name, _replacement in _REPLACED:
    if not hasattr(_module, _name):
        raise ImportError(f"{_module.__name__} has no {_name} any more; look through {__name__} again")
    setattr(_module, _name, _replacement)
