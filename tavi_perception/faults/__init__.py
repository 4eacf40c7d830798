"""The fault campaign without ROS: what may fail and how, what is to come of it, and who judges that."""
