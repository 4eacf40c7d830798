"""Recording: nothing is changed, nothing is lost in silence, nothing is overwritten."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import yaml
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError, TopicQos
from tavi_perception.bags.writer import BagWriter

IMAGE = "sensor_msgs/msg/Image"
STRING = "std_msgs/msg/String"


def test_images_come_back_bit_by_bit(tmp_path: Path, image_cdr) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 40, 50), dtype=np.uint8)
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
        for index, image in enumerate(images):
            bag.write("/image", image_cdr(image), 1000 + index)
    with BagReader(tmp_path / "bag") as bag:
        found = [message.value.data.reshape(40, 50) for message in bag.messages()]
    np.testing.assert_array_equal(found, images)


def test_bytes_and_times_of_messages_are_kept(tmp_path: Path, image_cdr) -> None:
    cdr = image_cdr(np.zeros((3, 4), np.uint8), 123_456_789_012)
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
        bag.write("/image", cdr, 42)
    with BagReader(tmp_path / "bag") as bag:
        assert list(bag.raw()) == [("/image", IMAGE, cdr, 42)]


def test_quality_of_service_is_kept(tmp_path: Path, image_cdr) -> None:
    offered = {
        "/latched": TopicQos(1, reliable=True, transient_local=True),
        "/sensor": TopicQos(5, reliable=False),
        "/all": TopicQos(0),
    }
    with BagWriter(tmp_path / "bag") as bag:
        for topic, qos in offered.items():
            bag.add_topic(topic, IMAGE, qos)
            bag.write(topic, image_cdr(np.zeros((1, 1), np.uint8)), 1)
    with BagReader(tmp_path / "bag") as bag:
        assert {topic.name: topic.qos for topic in bag.topics} == offered


def test_definitions_of_own_messages_are_in_the_bag(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/tavi/keypoints", "tavi_msgs/msg/KeypointArray")
    with AnyReader([tmp_path / "bag"]) as reader:
        assert "MSG: tavi_msgs/Keypoint" in reader.connections[0].msgdef.data


def test_chunks_are_compressed(tmp_path: Path, image_cdr) -> None:
    flat = np.zeros((1000, 1000), np.uint8)
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
        for index in range(3):
            bag.write("/image", image_cdr(flat), index)
    assert (tmp_path / "bag" / "bag.mcap").stat().st_size < flat.nbytes / 10


def test_metadata_names_the_distribution_of_the_messages(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
    metadata = yaml.safe_load((tmp_path / "bag" / "metadata.yaml").read_text())
    assert metadata["rosbag2_bagfile_information"]["ros_distro"] == "jazzy"


def test_existing_bag_is_not_overwritten(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
    with pytest.raises(BagError, match="exists already"):
        BagWriter(tmp_path / "bag")


def test_existing_bag_is_overwritten_when_told(tmp_path: Path, image_cdr) -> None:
    for topic in ("/old", "/new"):
        with BagWriter(tmp_path / "bag", overwrite=True) as bag:
            bag.add_topic(topic, IMAGE)
            bag.write(topic, image_cdr(np.zeros((1, 1), np.uint8)), 1)
    with BagReader(tmp_path / "bag") as bag:
        assert [topic.name for topic in bag.topics] == ["/new"]


def test_folder_that_is_no_bag_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BagError, match="not a bag"):
        BagWriter(tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").exists()


def test_unknown_type_is_refused_by_name(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag, pytest.raises(BagError, match="robot_msgs/msg/Gripper"):
        bag.add_topic("/gripper", "robot_msgs/msg/Gripper")


def test_type_of_an_installed_package_is_found_with_what_it_contains(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "install" / "share" / "robot_msgs" / "msg"
    folder.mkdir(parents=True)
    (folder / "Gripper.msg").write_text("std_msgs/Header header\nFinger[2] fingers\n")
    (folder / "Finger.msg").write_text("float64 force  # N\n")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "install"))
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/gripper", "robot_msgs/msg/Gripper")
    with Reader(tmp_path / "bag") as reader:
        assert "float64 force" in reader.connections[0].msgdef.data


def test_topic_cannot_change_its_type(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
        with pytest.raises(BagError, match="cannot be std_msgs/msg/String too"):
            bag.add_topic("/image", STRING)


def test_unannounced_topic_is_refused(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag, pytest.raises(BagError, match="was not announced"):
        bag.write("/image", b"", 0)


def test_closed_bag_takes_no_more(tmp_path: Path, image_cdr) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
    with pytest.raises(BagError, match="is closed"):
        bag.write("/image", image_cdr(np.zeros((1, 1), np.uint8)), 1)


def test_message_beyond_the_queue_is_counted_and_reported_at_the_end(tmp_path: Path, image_cdr) -> None:
    bag = BagWriter(tmp_path / "bag", pending_limit=10)
    bag.add_topic("/image", IMAGE)
    bag.write("/image", image_cdr(np.zeros((5, 5), np.uint8)), 1)
    assert bag.lost == {"/image": 1}
    with pytest.raises(BagError, match="1 of /image"):
        bag.close()


def test_threads_write_side_by_side_without_loss(tmp_path: Path, image_cdr) -> None:
    cdr = image_cdr(np.zeros((10, 10), np.uint8))

    def write(topic: str) -> None:
        bag.add_topic(topic, IMAGE)
        for index in range(200):
            bag.write(topic, cdr, index)

    with BagWriter(tmp_path / "bag") as bag:
        threads = [threading.Thread(target=write, args=(f"/image{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with BagReader(tmp_path / "bag") as reader:
        assert [topic.count for topic in reader.topics] == [200] * 4


def test_bag_is_complete_after_an_error_in_the_caller(tmp_path: Path, image_cdr) -> None:
    with pytest.raises(ZeroDivisionError), BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/image", IMAGE)
        bag.write("/image", image_cdr(np.zeros((1, 1), np.uint8)), 1)
        raise ZeroDivisionError
    with BagReader(tmp_path / "bag") as reader:
        assert reader.topics[0].count == 1
