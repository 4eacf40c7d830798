"""The perception node alone: for a stack that brings its own images."""

from tavi_perception.nodes.launch_arguments import PERCEPTION, absolute
from tavi_perception.nodes.launching import described, names_in_layout, perception, rviz


def generate_launch_description():
    def actions(base, words):
        namespace = absolute(base, words["namespace"])
        image = absolute(namespace, words["image"])
        names = names_in_layout(namespace, image, words["frame_id"])
        return [
            perception(namespace, words, image, absolute(namespace, words["carm_geometry"])),
            *rviz(namespace, words, "tavi.rviz", names),
        ]

    return described(PERCEPTION, actions)
