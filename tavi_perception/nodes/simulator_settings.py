"""The parameters of the simulator node: meaning, unit and range."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.nodes.settings import ImagePublisherConfig, at_start
from tavi_perception.simulation.fault import FAULT_NAMES, NO_FAULT
from tavi_perception.simulation.makes import OWN, foreign_makes
from tavi_perception.simulation.seeds import DEMO_SEED
from tavi_perception.simulation.staff import StaffConfig


@dataclass(frozen=True)
class SimulatorConfig(ImagePublisherConfig):
    """Parameters of the simulator."""

    seed: int = at_start(
        DEMO_SEED,
        "Which patient and procedure; from 950000 on: none that a model was trained or chosen on.",
        minimum=0,
        maximum=2**31 - 1,
    )
    script: str = at_start(
        "procedure",
        "procedure: a whole implantation runs by itself, from when somebody subscribes to the images; none: "
        "commands on /delivery/command move the device.",
        choices=("procedure", "none"),
    )
    duration: float = at_start(
        20.0, "Length of the procedure that a script runs.", unit="s", minimum=1.0, maximum=3600.0
    )
    frame_rate: float = at_start(15.0, "Frames per second.", unit="Hz", minimum=1.0, maximum=60.0)
    size: int = at_start(1000, "Side of the square images.", unit="px", minimum=64, maximum=4096)
    bits: int = at_start(8, "Bits of a grey level: 8 publishes mono8, 16 mono16.", minimum=8, maximum=16)
    injection_period: float = at_start(
        0.0,
        "Contrast is injected at the start and then after every so many seconds; 0: never. A script injects "
        "by itself.",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    injection_delay: float = at_start(
        StaffConfig.delay_s,
        "Contrast that a controller asks for on /controller/state is injected after this time on average.",
        unit="s",
        minimum=0.0,
        maximum=60.0,
        source="unsourced",
    )
    injection_interval: float = at_start(
        StaffConfig.interval_s,
        "From the start of one injection that is asked for to the next, at least.",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
        source="unsourced",
    )
    injections_max: int = at_start(
        StaffConfig.injections_max,
        "After so many injections none is given any more that is asked for.",
        minimum=0,
        maximum=1000,
        source="unsourced",
    )
    injection_volume: float = at_start(
        StaffConfig.volume_ml,
        "Contrast medium of one injection, for the count on /diagnostics.",
        unit="ml",
        minimum=0.0,
        maximum=100.0,
        source="unsourced",
    )
    fault: str = at_start(
        NO_FAULT,
        "What goes wrong where commands move the device, when the seed says so; drawn: what the seed says. "
        "Nothing here restarts a process.",
        choices=FAULT_NAMES,
    )
    device: str = at_start(
        OWN,
        "The delivery system: ours, or one of another make, by its profile in config/devices.",
        choices=(OWN, *foreign_makes()),
    )
    robot_rate: float = at_start(
        50.0,
        "Steps and reports of the delivery robot per second, whatever the frame rate.",
        unit="Hz",
        minimum=1.0,
        maximum=200.0,
    )
    command_timeout: float = at_start(
        0.2,
        "A command this long after its stamp, or after it came, has run out: the robot holds.",
        unit="s",
        minimum=0.02,
        maximum=10.0,
    )
    velocity_limit: float = at_start(
        0.03,
        "A command beyond it cannot be meant: the robot holds with a fault until a command says hold.",
        unit="m/s",
        minimum=0.0001,
        maximum=1.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bits not in (8, 16):
            raise ValueError(f"bits is {self.bits}; choose 8 or 16")
        if self.script == "none" and self.frame_rate > self.robot_rate:
            raise ValueError(
                f"frame_rate is {self.frame_rate:g} Hz, above the robot_rate of {self.robot_rate:g} Hz, at "
                "which the patient is stepped: raise robot_rate as well"
            )

    @property
    def staff(self) -> StaffConfig:
        """What the staff keep to."""
        return StaffConfig(
            self.injection_delay, self.injection_interval, self.injections_max, self.injection_volume
        )
