"""Reading: order and selection of messages, and what is said of bags that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.bags.writer import BagWriter

IMAGE = "sensor_msgs/msg/Image"


@pytest.fixture
def bag(tmp_path: Path, image_cdr) -> Path:
    """Two topics of large, incompressible images in several chunks, written out of order."""
    rng = np.random.default_rng(1)
    with BagWriter(tmp_path / "bag") as writer:
        for topic in ("/a", "/b"):
            writer.add_topic(topic, IMAGE)
        for time in (30, 10, 20, 40):
            for topic in ("/a", "/b"):
                image = rng.integers(0, 256, (800, 800), dtype=np.uint8)
                writer.write(topic, image_cdr(image, time), time)
    return tmp_path / "bag"


def test_messages_come_in_order_of_time(bag: Path) -> None:
    with BagReader(bag) as reader:
        assert [message.time_ns for message in reader.raw(["/a"])] == [10, 20, 30, 40]


def test_only_named_topics_are_read(bag: Path) -> None:
    with BagReader(bag) as reader:
        assert {message.topic for message in reader.raw(["/b"])} == {"/b"}


def test_unrecorded_topic_gives_no_messages(bag: Path) -> None:
    with BagReader(bag) as reader:
        assert list(reader.raw(["/c"])) == []


def test_start_and_end_are_the_first_and_last_time(bag: Path) -> None:
    with BagReader(bag) as reader:
        assert (reader.start_ns, reader.end_ns) == (10, 40)


def test_lone_mcap_file_is_a_bag(bag: Path) -> None:
    with BagReader(bag / "bag.mcap") as reader:
        assert len(list(reader.messages())) == 8


def test_folder_without_metadata_is_read_by_its_recording(bag: Path) -> None:
    (bag / "metadata.yaml").unlink()
    with BagReader(bag) as reader:
        assert len(list(reader.messages())) == 8


def test_missing_bag_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="does not exist"):
        BagReader(tmp_path / "nowhere")


def test_folder_without_recordings_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BagError, match=r"no metadata\.yaml and 0 recordings"):
        BagReader(tmp_path)


def test_text_file_is_no_bag(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(BagError, match="is not a bag"):
        BagReader(tmp_path / "notes.txt")


def test_bag_without_messages_is_reported_as_empty(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/a", IMAGE)
    with pytest.raises(BagError, match="is empty"):
        BagReader(tmp_path / "bag")


@pytest.mark.parametrize("share", [0.99, 0.5, 0.001])
def test_recording_cut_off_by_a_crash_is_reported_with_its_remedy(bag: Path, share: float) -> None:
    file = bag / "bag.mcap"
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BagError, match=r"cut off.*mcap recover"):
        BagReader(bag)


@pytest.mark.parametrize("content", [b"", b"\x89MCAP", b"not a bag at all" * 10])
def test_file_without_mcap_structure_is_reported_as_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bag.mcap").write_bytes(content)
    with pytest.raises(BagError, match="damaged"):
        BagReader(tmp_path / "bag.mcap")


def test_garbled_metadata_is_reported_as_damage(bag: Path) -> None:
    (bag / "metadata.yaml").write_text("rosbag2_bagfile_information: [")
    with pytest.raises(BagError, match="damaged"):
        BagReader(bag)


def test_damage_further_on_is_reported_when_it_is_reached(bag: Path) -> None:
    file = bag / "bag.mcap"
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 1000] = bytes(1000)
    file.write_bytes(data)
    with BagReader(bag) as reader, pytest.raises(BagError, match="damaged"):
        list(reader.messages())


def test_recorded_definitions_are_used_rather_than_todays(tmp_path: Path, store, monkeypatch) -> None:
    kind = "std_msgs/msg/String"
    with BagWriter(tmp_path / "old") as writer:
        writer.add_topic("/robot", "tavi_msgs/msg/DeliveryState")
        writer.add_topic("/words", kind)
        writer.write("/words", bytes(store.serialize_cdr(store.types[kind]("kept"), kind)), 1)
    folder = tmp_path / "install" / "share" / "tavi_msgs" / "msg"
    folder.mkdir(parents=True)
    (folder / "DeliveryState.msg").write_text("float64 something_else\n")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "install"))
    with BagReader(tmp_path / "old") as reader:
        assert next(reader.messages()).value.data == "kept"
