"""The perception node fed by the image player: a DICOM cine, a video, a folder of images or a bag."""

from tavi_perception.nodes.launch_arguments import PLAYER
from tavi_perception.nodes.launching import fed_by
from tavi_perception.nodes.settings import PlayerConfig


def generate_launch_description():
    return fed_by("image_player", PlayerConfig, PLAYER)
