"""Wider ranges than those of procedures, for training frames: real systems and patients beyond the usual.

Grey levels in the comments were measured on real frames of another C-arm with another make of valve. What
stands without a source is chosen wide on purpose.
"""

from __future__ import annotations

from dataclasses import replace

from tavi_perception.simulation.clutter import ClutterConfig
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.contrast import ContrastConfig
from tavi_perception.simulation.device_config import DeviceConfig
from tavi_perception.simulation.distributions import Chance, LogUniform, Normal, Uniform
from tavi_perception.simulation.leak import LeakConfig
from tavi_perception.simulation.patient import RootConfig, ViewConfig
from tavi_perception.simulation.pigtail import PigtailConfig
from tavi_perception.simulation.route import RouteConfig
from tavi_perception.simulation.technique import ImageConfig

WIDE = SimulationConfig(
    view=replace(
        ViewConfig(),
        off_plane=Normal(0.0, 5.0, -15.0, 15.0),
        oblique=Chance(0.15),
        scale=Uniform(4.0, 8.0),
        column=Normal(450.0, 120.0, 180.0, 800.0),
        row=Normal(570.0, 110.0, 280.0, 820.0),
    ),
    root=replace(
        RootConfig(),
        angulation=Normal(46.0, 14.0, 12.0, 80.0),
        junction_height=Uniform(16.0, 30.0),
        bulge=Uniform(1.5, 7.0),
    ),
    route=replace(
        RouteConfig(), angle=Normal(8.0, 9.0, -16.0, 30.0), off_plane=Normal(0.0, 7.0, -20.0, 20.0)
    ),
    device=replace(
        DeviceConfig(),
        stent_length=Uniform(40.0, 58.0),
        cone_length=Uniform(9.0, 22.0),
        block_length=Uniform(3.5, 11.0),
        band_length=Uniform(0.9, 3.0),
        waist=Uniform(0.62, 0.95),
        outflow=Uniform(1.0, 1.5),
        flare_length=Uniform(5.0, 26.0),
        inflow_tilt=Normal(0.0, 0.10, -0.3, 0.3),
        opacity=Uniform(0.6, 1.9),  # capsules at grey 41 … 50 of 255
        proximal=Uniform(0.08, 0.40),
        distal=Uniform(0.10, 0.48),
        cone=Uniform(0.08, 0.5),
    ),
    pigtail=replace(
        PigtailConfig(),
        wire_radius=Uniform(4.0, 26.0),  # a loop of any shape in the ventricle
        wire_straight=Uniform(0.0, 40.0),
        wire_turns=Uniform(0.2, 2.2),
        wire_width=Uniform(0.4, 1.0),
        wire_dark=Uniform(0.12, 0.5),
    ),
    contrast=replace(
        ContrastConfig(),
        opacity=Uniform(0.14, 1.05),  # a filled sinus at grey 58 beside 150
        root_share=Uniform(0.15, 1.0),  # medium that fills one sinus only
        reach=Uniform(1.0, 3.2),
        front=Uniform(4.0, 18.0),
        rim=Uniform(0.0, 0.8),
    ),
    leak=replace(LeakConfig(), ventricle=Chance(0.35), coronaries=Chance(0.35)),
    clutter=replace(
        ClutterConfig(),
        calcium=Chance(0.85),
        calcium_dark=LogUniform(0.04, 0.45),
        calcium_clusters=9,  # beside the inflow edge, too, whose corners they are not
    ),
    image=replace(
        ImageConfig(),
        quanta=LogUniform(100.0, 6_000.0),  # high-frequency residue 1.3 … 1.4
        smoothing=Uniform(0.4, 2.4),
        set_point=Uniform(90.0, 195.0),
        gamma=LogUniform(0.7, 1.8),
        blade=Chance(0.2),
        penumbra=Uniform(0.5, 18.0),  # dark soft edges of the collimator
        rescaled=Chance(0.5),
        rescale=Uniform(0.5, 0.95),  # upsampled matrices of 512
    ),
)
"""What half of the training frames are drawn from."""
