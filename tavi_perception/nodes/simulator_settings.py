"""The parameters of the simulator node: meaning, unit and range."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.nodes.settings import ImagePublisherConfig, at_start
from tavi_perception.simulation.seeds import DEMO_SEED


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
    command_timeout: float = at_start(
        0.5,
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
