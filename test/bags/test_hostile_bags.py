"""A bag is bounded in memory and time; nothing of it is executed, and no other file is touched."""

from __future__ import annotations

import builtins
import shutil
import sqlite3
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer, storage_mcap

from tavi_perception.bags import bounded
from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.bags.writer import BagWriter

IMAGE = "sensor_msgs/msg/Image"


def read(path: Path) -> list:
    with BagReader(path) as bag:
        return list(bag.messages())


@pytest.fixture
def bag(tmp_path: Path, image_cdr) -> Path:
    """A bag of one image, in one chunk."""
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/fluoro/image", IMAGE)
        writer.write("/fluoro/image", image_cdr(np.full((300, 400), 7, np.uint8), 1), 1)
    return tmp_path / "bag"


@pytest.fixture
def database(tmp_path: Path, store, image_cdr) -> Path:
    """A bag of one image in SQLite, without metadata."""
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connection = writer.add_connection("/fluoro/image", IMAGE, typestore=store)
        writer.write(connection, 1, image_cdr(np.full((3, 4), 7, np.uint8), 1))
    (tmp_path / "bag" / "metadata.yaml").unlink()
    return tmp_path / "bag" / "bag.db3"


def defined(folder: Path, definition: str) -> Path:
    """A recording whose one message is of a type that the recording defines."""
    with Writer(folder / "odd", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/a", "x/msg/A", msgdef=definition, rihs01="RIHS01_")
        writer.write(connection, 1, b"\0\1\0\0" + bytes(400))
    return folder / "odd" / "odd.mcap"


def test_chunk_that_inflates_to_more_than_is_allowed_is_refused(bag: Path, monkeypatch) -> None:
    assert len(read(bag)) == 1
    monkeypatch.setattr(bounded, "MAX_CHUNK", 1_000)
    with pytest.raises(BagError, match="damaged"):
        read(bag)


def test_chunk_is_inflated_no_further_than_it_says() -> None:
    bomb = bounded.zstd.compress(bytes(50_000_000))
    assert len(bomb) < 10_000
    with pytest.raises(storage_mcap.ReaderError, match="inflates to more than 1000 bytes"):
        storage_mcap.decompress(bomb, "zstd", 1_000, 0)
    assert storage_mcap.decompress(bounded.zstd.compress(b"abc") * 2, "zstd", 6, 0) == b"abcabc"


def test_lz4_chunk_is_inflated_no_further_than_it_says() -> None:
    bomb = bounded.lz4.frame.compress(bytes(50_000_000))
    with pytest.raises(storage_mcap.ReaderError, match="inflates to more than 1000 bytes"):
        storage_mcap.decompress(bomb, "lz4", 1_000, 0)
    assert storage_mcap.decompress(bounded.lz4.frame.compress(b"abc"), "lz4", 3, 0) == b"abc"


def test_record_that_claims_more_than_the_file_holds_is_not_made_room_for(bag: Path) -> None:
    file = next(bag.glob("*.mcap"))
    data = bytearray(file.read_bytes())
    struct.pack_into("<Q", data, 9, 2**62)  # the length of the first record
    file.write_bytes(data)
    with pytest.raises(BagError, match="Truncated record"):
        read(bag)


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("string[5000000] a\n", "5000000 items of a"),
        ("uint8 a\n" * 200_000, "characters"),
        ("A a\n", "damaged"),
    ],
    ids=["long array", "long text", "itself"],
)
def test_definition_that_would_keep_the_reader_busy_is_refused(
    tmp_path: Path, definition: str, reason: str
) -> None:
    with pytest.raises(BagError, match=reason):
        read(defined(tmp_path, definition))


def test_idl_with_expressions_in_brackets_is_refused() -> None:
    """Two brackets alone keep its parser busy for half a minute."""
    with pytest.raises(storage_mcap.ReaderError, match="expression in brackets"):
        bounded._types_from_idl("module a { module msg { const long X = ((1)); struct S { long a; }; }; };")
    text = 'module a { module msg { @verbatim (language="comment", text="(x)") struct S { long a; }; }; };'
    assert set(bounded._types_from_idl(text)) == {"a/msg/S"}


@pytest.mark.parametrize(
    "definition",
    [
        "uint8 a\nstring X=\"'''\"; import builtins; builtins.harmed = True #\n",
        "uint8 X=__import__('builtins').__setattr__('harmed', True)\nuint8 a\n",
        "uint8 a\n    def harmed(): pass\n",
    ],
)
def test_nothing_in_a_definition_is_executed(tmp_path: Path, definition: str) -> None:
    with suppress(BagError):
        read(defined(tmp_path, definition))
    assert not hasattr(builtins, "harmed")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n",
        "ALTER TABLE messages ADD COLUMN more BLOB AS (zeroblob(1000000000))",
        "CREATE VIRTUAL TABLE words USING fts5(a)",
        "CREATE TRIGGER t AFTER INSERT ON messages BEGIN SELECT 1; END",
    ],
    ids=["view", "generated column", "virtual table", "trigger"],
)
def test_database_that_computes_is_refused(database: Path, change: str) -> None:
    assert len(read(database)) == 1
    with sqlite3.connect(database) as opened:
        opened.execute(change)
    opened.close()
    with pytest.raises(BagError, match="is no plain recording"):
        read(database)


def test_database_is_not_found_by_what_its_name_stands_for_in_an_address(database: Path) -> None:
    secret = database.rename(database.parent.parent / "secret.db3")
    decoy = database.parent / "%2e%2e%2fsecret.db3"
    shutil.copyfile(secret, decoy)
    with pytest.raises(BagError, match="rename it"):
        read(decoy)


def test_journal_that_names_another_file_leaves_it_alone(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    name = str(other).encode()
    record = struct.pack(">I", 1) + name + struct.pack(">II", len(name), sum(name))
    magic = bytes.fromhex("d9d505f920a163d7")
    header = magic + struct.pack(">IIIII", 0, 1, 3, 512, 4096)
    journal = database.with_name("bag.db3-journal")
    journal.write_bytes(header.ljust(512, b"\0") + record + magic)
    with pytest.raises(BagError, match="names another file"):
        read(database)
    assert other.read_text() == "mine"


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "a: &a [*a]\n", "a: 2020-99-99\n", "- a\n" * 100_000, "a: 1" + ":01" * 200_000]
)
def test_metadata_that_are_no_plain_yaml_are_refused(bag: Path, text: str) -> None:
    (bag / "metadata.yaml").write_text(text)
    with pytest.raises(BagError, match="its metadata are no plain YAML"):
        read(bag)


def test_qualities_of_service_that_are_no_plain_yaml_are_refused() -> None:
    """They stand in a recording as a text of their own."""
    with pytest.raises(storage_mcap.ReaderError, match="no plain YAML: it holds more than"):
        bounded.metadata.parse_qos("- a\n" * 100_000)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda stated: stated.update(files="bag.mcap"), "files that are no list"),
        (lambda stated: stated.update(message_count=2**64), "a time, or a count"),
        (lambda stated: stated["starting_time"].update(nanoseconds_since_epoch=0.5), "a time, or a count"),
        (lambda stated: metadata_of_topic(stated).update(name=7), "name or type is no text"),
        (lambda stated: metadata_of_topic(stated)["offered_qos_profiles"][0].update(depth="x"), "no number"),
    ],
    ids=["files", "count", "time", "name", "depth"],
)
def test_metadata_of_other_types_than_they_should_be_are_refused(bag: Path, change, reason: str) -> None:
    file = bag / "metadata.yaml"
    content = yaml.safe_load(file.read_text())
    change(content["rosbag2_bagfile_information"])
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(BagError, match=reason):
        read(bag)


def metadata_of_topic(stated: dict) -> dict:
    return stated["topics_with_message_count"][0]["topic_metadata"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE topics SET name = x'00'", "name or type is no text"),
        ("UPDATE messages SET timestamp = 0.5", "a time, or a count"),
        ("UPDATE messages SET data = 4611686018427387904", "is a number"),
    ],
)
def test_tables_of_other_types_than_they_should_be_are_refused(
    database: Path, change: str, reason: str
) -> None:
    with sqlite3.connect(database) as opened:
        opened.execute(change)
    opened.close()
    with pytest.raises(BagError, match=reason):
        read(database)


@pytest.mark.parametrize("definition", ["uint8 a\n", "std_msgs/Header header\n"])
def test_image_that_the_bag_defines_otherwise_is_refused(tmp_path: Path, store, definition: str) -> None:
    """Its parts may be defined otherwise as well."""
    parts = f"{'=' * 80}\nMSG: std_msgs/Header\nuint8 a\n"
    real, _ = store.generate_msgdef(IMAGE, ros_version=2)
    texts = (definition + parts, real.split("=" * 80)[0] + parts)
    for number, text in enumerate(texts):
        with Writer(tmp_path / str(number), version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
            writer.add_connection("/fluoro/image", IMAGE, msgdef=text, rihs01="RIHS01_")
        with sqlite3.connect(tmp_path / str(number) / f"{number}.db3") as opened:
            opened.execute("UPDATE topics SET type_description_hash = ''")
        opened.close()
        with pytest.raises(BagError, match="other fields than that of ROS 2"):
            read(tmp_path / str(number) / f"{number}.db3")


def test_topic_of_two_types_is_refused(tmp_path: Path, store) -> None:
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for kind in (IMAGE, "std_msgs/msg/Header"):
            writer.add_connection("/fluoro/image", kind, typestore=store)
    with pytest.raises(BagError, match="several types"):
        read(tmp_path / "bag")


def test_definition_of_many_topics_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = bounded.get_types_from_msg
    monkeypatch.setattr(bounded, "get_types_from_msg", lambda *of: (parsed.append(of[0]), parse(*of))[1])
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for number in range(30):
            writer.add_connection(f"/a{number}", "x/msg/Once", msgdef="uint8 once\n", rihs01="RIHS01_")
    with pytest.raises(BagError):
        read(tmp_path / "bag")
    assert len(parsed) == 1


def test_message_without_a_time_is_refused_though_the_metadata_state_times(
    tmp_path: Path, store, image_cdr
) -> None:
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connection = writer.add_connection("/fluoro/image", IMAGE, typestore=store)
        writer.write(connection, 1, image_cdr(np.full((3, 4), 7, np.uint8), 1))
    with sqlite3.connect(tmp_path / "bag" / "bag.db3") as opened:
        opened.execute("UPDATE messages SET timestamp = 0.5")
    opened.close()
    with pytest.raises(BagError, match="has no time"):
        read(tmp_path / "bag")


def test_names_in_metadata_lead_to_no_other_folder(bag: Path, tmp_path: Path) -> None:
    file = next(bag.glob("*.mcap"))
    file.rename(tmp_path / file.name)
    metadata = bag / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace(file.name, f"../{file.name}"))
    with pytest.raises(BagError, match="is not there"):
        read(bag)
