"""Bags: their metadata, their storage in both formats, and the messages in them."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cdr
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys.store import Typestore

from fuzzing.choices import Choices
from fuzzing.mutation import TEXTS, altered, damaged, yaml_text
from fuzzing.target import Target
from fuzzing.targets.images import encoded_pictures, picture
from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.bags.types import message_store
from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.source import SourceError

_IMAGE, _COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
_GEOMETRY = "tavi_msgs/msg/CArmGeometry"
_STEP_NS = 66_000_000
_STORAGES = (StoragePlugin.MCAP, StoragePlugin.SQLITE3)

_DEFINITIONS = (
    "string[4000000] a\n", "sensor_msgs/Image[50000] a\n", "std_msgs/Header[5] header\n", "x/A a\n" * 500,
    "uint8[4000000000] data\n", "string X=\"'''\\\"; import os\"\nuint8 a\n", "uint8 import\nuint8 class\n",
    "module a { module msg { const long X = ((1)); struct Image { long a; }; }; };",
    *(text for text in TEXTS if text.isascii()),
)  # fmt: skip
"""Definitions of messages that are not what they are in ROS, or nothing at all."""

_WRONG_HASH = "RIHS01_"
"""Of a definition, which is believed where the metadata state none."""


@dataclass(frozen=True)
class _Message:
    topic: str
    kind: str
    cdr: bytes
    time_ns: int


@dataclass(frozen=True)
class _Recorded:
    messages: list[_Message]
    store: Typestore


def _recorded(_: Path) -> _Recorded:
    store = message_store()
    image = picture()
    lengths = (1.0, 0.7, 0.0003, 0.1, 0.0)
    found = [
        _Message("/fluoro/image", _IMAGE, cdr.image_cdr(store, image, number * _STEP_NS), number * _STEP_NS)
        for number in range(1, 4)
    ]
    geometry = cdr.geometry_cdr(store, *lengths, width=24, height=24, calibration=3)
    found.append(_Message("/fluoro/carm_geometry", _GEOMETRY, geometry, 1))
    for number, (suffix, data) in enumerate(encoded_pictures()[:6]):
        content = cdr.compressed_cdr(store, suffix[1:], data, number * _STEP_NS)
        found.append(_Message("/fluoro/image/compressed", _COMPRESSED, content, number * _STEP_NS))
    return _Recorded(found, store)


def _bag(recorded: _Recorded, choices: Choices, folder: Path) -> Path:
    """A bag with wrong messages, definitions, times, metadata and storage, any of these or none."""
    path = folder / "bag"
    storage = choices.one_of(_STORAGES)
    messages, store = recorded.messages, recorded.store
    with Writer(path, version=Writer.VERSION_LATEST, storage_plugin=storage) as writer:
        connections = {}
        first = choices.number(2) * 4
        for message in messages[first : first + 4] if choices.number(4) else messages:
            if message.topic not in connections:
                topic, kind = message.topic, message.kind
                connections[topic] = (
                    writer.add_connection(
                        topic, kind, msgdef=choices.one_of(_DEFINITIONS), rihs01=_WRONG_HASH
                    )
                    if choices.chance(6)
                    else writer.add_connection(topic, kind, typestore=store)
                )
            content = damaged(message.cdr, choices) if choices.chance(3) else message.cdr
            time_ns = choices.one_of((0, 2**63 - 1)) if choices.chance(9) else message.time_ns
            writer.write(connections[message.topic], time_ns, content)
    if choices.number(2):
        metadata = path / "metadata.yaml"
        metadata.write_text(metadata.read_text().replace(f"hash: {_WRONG_HASH}\n", "hash: ''\n"))
    match choices.number(4):
        case 0:
            _damage_metadata(path / "metadata.yaml", choices)
        case 1:
            _damage_storage(next(path.glob("bag.[md]*")), choices)
        case 2:
            (path / "metadata.yaml").unlink()
            _damage_storage(next(path.glob("bag.[md]*")), choices)
        case _:
            pass
    return path


def _damage_metadata(file: Path, choices: Choices) -> None:
    if choices.number(2):
        tree = yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        file.write_bytes(yaml_text(altered(tree, choices)))
    else:
        file.write_bytes(damaged(file.read_bytes(), choices))


def _damage_storage(file: Path, choices: Choices) -> None:
    if file.suffix == ".db3" and choices.number(2):
        with sqlite3.connect(file) as database:
            table = choices.one_of(("topics", "messages", "schema", "message_definitions"))
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            value = choices.one_of(
                (*[text[:100] for text in TEXTS if text.isprintable()], None, -1, 2**62, 0.5)
            )
            with suppress(sqlite3.Error):  # a value that the column does not take
                database.execute(f"UPDATE OR IGNORE {table} SET {choices.one_of(columns)} = ?", (value,))
        database.close()
    else:
        file.write_bytes(damaged(file.read_bytes(), choices))


def _read(path: Path) -> None:
    """The frames, then everything else that is in it."""
    try:
        for _ in open_source(path):
            pass
    except SourceError:
        pass
    with BagReader(path) as bag:
        for _ in bag.messages():
            pass


TARGETS = (Target("bag", (BagError,), _recorded, _bag, _read, tests=100),)
