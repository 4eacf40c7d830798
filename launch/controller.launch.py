"""The controller alone: for a stack that brings its own perception and robot."""

from tavi_perception.nodes.launch_arguments import CONTROLLER, absolute
from tavi_perception.nodes.launching import controller, described


def generate_launch_description():
    def actions(base, words):
        return [controller(absolute(base, words["namespace"]), words, words["deviation"])]

    return described(CONTROLLER, actions)
