"""The perception node fed by the simulator: a synthetic patient, truth, and a delivery robot to command."""

from tavi_perception.nodes.launch_arguments import SIMULATION
from tavi_perception.nodes.launching import fed_by
from tavi_perception.nodes.simulator_settings import SimulatorConfig


def generate_launch_description():
    return fed_by("simulator", SimulatorConfig, SIMULATION)
