"""rosbag2 bags read and written without ROS: recording, replay, frames and measurements from a bag."""
