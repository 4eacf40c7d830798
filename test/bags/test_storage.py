"""What a bag consists of: all that SQLite wrote, what is missing, and what nobody lists."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import yaml
from rosbags.rosbag2 import StoragePlugin, Writer

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.source import open_bag_source
from tavi_perception.bags.topics import BagError
from tavi_perception.bags.writer import BagWriter
from tavi_perception.imaging.opening import open_source

IMAGE = "sensor_msgs/msg/Image"


@pytest.fixture
def killed(tmp_path: Path, store, image_cdr) -> Path:
    """An SQLite bag with 3 images, and 5 in the log of a recorder that was killed."""
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connection = writer.add_connection("/fluoro/image", IMAGE, typestore=store)
        for index in range(3):
            writer.write(connection, index, image_cdr(np.full((3, 4), index, np.uint8), 1 + index))
    file = tmp_path / "bag" / "bag.db3"
    alive = sqlite3.connect(file)
    alive.execute("PRAGMA journal_mode=WAL")
    for index in range(3, 8):
        row = (index, image_cdr(np.full((3, 4), index, np.uint8), 1 + index))
        alive.execute("INSERT INTO messages(topic_id, timestamp, data) VALUES (1, ?, ?)", row)
    alive.commit()
    shutil.copytree(tmp_path / "bag", tmp_path / "killed")
    alive.close()
    return tmp_path / "killed"


@pytest.fixture
def bag(tmp_path: Path, image_cdr) -> Path:
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/fluoro/image", IMAGE)
        for index in range(4):
            writer.write("/fluoro/image", image_cdr(np.full((3, 4), index, np.uint8), 1 + index), index)
    return tmp_path / "bag"


def change_metadata(bag: Path, change) -> None:
    file = bag / "metadata.yaml"
    metadata = yaml.safe_load(file.read_text())
    change(metadata["rosbag2_bagfile_information"])
    file.write_text(yaml.safe_dump(metadata))


@pytest.mark.parametrize("what", ["with metadata", "without", "file alone"])
def test_messages_in_the_log_beside_a_database_are_read(killed: Path, what: str) -> None:
    if what == "without":
        (killed / "metadata.yaml").unlink()
    frames = list(open_source(killed / "bag.db3" if what == "file alone" else killed))
    assert [int(frame.image[0, 0]) for frame in frames] == list(range(8))


def test_users_files_stay_as_they_are(killed: Path) -> None:
    before = {file.name: file.read_bytes() for file in killed.iterdir()}
    list(open_source(killed))
    assert {file.name: file.read_bytes() for file in killed.iterdir()} == before


def test_log_in_a_folder_that_cannot_be_written_is_read(killed: Path) -> None:
    killed.chmod(0o555)
    try:
        assert len(list(open_source(killed))) == 8
    finally:
        killed.chmod(0o755)


def test_recording_that_the_metadata_list_and_is_not_there_is_named(bag: Path) -> None:
    change_metadata(bag, lambda metadata: metadata["relative_file_paths"].append("bag_1.mcap"))
    with pytest.raises(BagError, match=r"lists bag_1\.mcap, which is not there"):
        BagReader(bag)


def test_recording_that_the_metadata_do_not_list_is_a_loss(bag: Path) -> None:
    shutil.copy(bag / "bag.mcap", bag / "bag_1.mcap")
    source = open_bag_source(bag)
    assert len(list(source)) == 4
    assert "does not list bag_1.mcap" in source.losses[0]


def test_images_that_the_metadata_count_in_vain_are_a_loss(bag: Path) -> None:
    change_metadata(bag, lambda m: m["topics_with_message_count"][0].update(message_count=9))
    assert open_bag_source(bag).losses == ("it states 9 images on /fluoro/image and holds 4",)


def test_images_that_the_metadata_do_not_count_are_a_note(bag: Path) -> None:
    change_metadata(bag, lambda m: m["topics_with_message_count"][0].update(message_count=2))
    source = open_bag_source(bag)
    assert (source.frame_count, source.losses) == (4, ())
    assert "it states 2 images and holds 4, which are all played" in source.notes


def test_bag_of_ros_1_is_refused_with_the_command_that_converts_it(tmp_path: Path) -> None:
    (tmp_path / "old.bag").write_bytes(b"#ROSBAG V2.0\n")
    with pytest.raises(BagError, match=r"rosbags-convert --src old\.bag"):
        BagReader(tmp_path / "old.bag")
