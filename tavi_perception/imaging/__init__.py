"""Images in: ROS messages, DICOM, video and image files become grey frames with times and a geometry."""

from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.files import read_image
from tavi_perception.imaging.folder import ImageFilesSource
from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.messages import compressed_to_grey, image_to_grey
from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.source import Frame, FrameSource, GreyImage, SourceError
from tavi_perception.imaging.video import VideoSource

__all__ = [
    "DicomSource",
    "Frame",
    "FrameSource",
    "GreyImage",
    "ImageFilesSource",
    "ImageRejectedError",
    "SourceError",
    "VideoSource",
    "compressed_to_grey",
    "image_to_grey",
    "open_source",
    "read_image",
]
