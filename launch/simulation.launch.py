"""The perception node fed by the simulator: a synthetic patient, truth, and a delivery robot to command."""

from tavi_perception.nodes.launching import fed_by
from tavi_perception.simulation.seeds import DEMO_SEED


def generate_launch_description():
    arguments = {
        "seed": (str(DEMO_SEED), "which synthetic patient and procedure"),
        "script": (
            "procedure",
            "procedure: it runs by itself; none: commands on /delivery/command move the device",
        ),
        "duration": ("20.0", "length of the procedure that a script runs (s)"),
        "frame_rate": ("15.0", "frames a second"),
        "size": ("1000", "side of the images (px)"),
        "injection_period": ("0.0", "s between contrast injections where no script injects; 0: never"),
    }
    return fed_by("simulator", arguments, "perception.launch.py")
