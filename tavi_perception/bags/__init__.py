"""rosbag2 bags read and written without ROS: recording, replay, frames and measurements from a bag."""

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.source import open_bag_source
from tavi_perception.bags.topics import BagError, Topic, TopicQos
from tavi_perception.bags.types import message_store
from tavi_perception.bags.writer import BagWriter

__all__ = ["BagError", "BagReader", "BagWriter", "Topic", "TopicQos", "message_store", "open_bag_source"]
