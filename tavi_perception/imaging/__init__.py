"""Images in: ROS messages, DICOM, video and image files become grey frames with times and a geometry."""
