"""The closed loop: a synthetic patient with a delivery robot, the perception node, and the controller."""

from tavi_perception.nodes.launch_arguments import CLOSED_LOOP
from tavi_perception.nodes.launching import controller, fed_by
from tavi_perception.nodes.simulator_settings import SimulatorConfig

PREFIX = "controller_"


def generate_launch_description():
    return fed_by("simulator", SimulatorConfig, CLOSED_LOOP, fixed={"script": "none"}, beside=beside)


def beside(namespace, words):
    own = {name.removeprefix(PREFIX): word for name, word in words.items() if name.startswith(PREFIX)}
    shared = {name: words[name] for name in ("use_sim_time", "log_level")}
    return [controller(namespace, {**shared, **own})]
