"""The one configuration that procedures are drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field

from tavi_perception.simulation.anatomy import AnatomyConfig
from tavi_perception.simulation.clutter import ClutterConfig
from tavi_perception.simulation.contrast import ContrastConfig
from tavi_perception.simulation.device_config import DeviceConfig
from tavi_perception.simulation.leak import LeakConfig
from tavi_perception.simulation.motion import MotionConfig
from tavi_perception.simulation.patient import RootConfig, ViewConfig
from tavi_perception.simulation.pigtail import PigtailConfig
from tavi_perception.simulation.robot import RobotConfig
from tavi_perception.simulation.room import RoomConfig
from tavi_perception.simulation.route import RouteConfig
from tavi_perception.simulation.technique import ImageConfig


@dataclass(frozen=True)
class SimulationConfig:
    """What varies from one synthetic procedure to the next; each group documents its fields."""

    view: ViewConfig = field(default_factory=ViewConfig)
    root: RootConfig = field(default_factory=RootConfig)
    route: RouteConfig = field(default_factory=RouteConfig)
    device: DeviceConfig = field(default_factory=DeviceConfig)
    pigtail: PigtailConfig = field(default_factory=PigtailConfig)
    contrast: ContrastConfig = field(default_factory=ContrastConfig)
    leak: LeakConfig = field(default_factory=LeakConfig)
    motion: MotionConfig = field(default_factory=MotionConfig)
    robot: RobotConfig = field(default_factory=RobotConfig)
    room: RoomConfig = field(default_factory=RoomConfig)
    anatomy: AnatomyConfig = field(default_factory=AnatomyConfig)
    clutter: ClutterConfig = field(default_factory=ClutterConfig)
    image: ImageConfig = field(default_factory=ImageConfig)
