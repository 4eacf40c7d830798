"""The selection of bystanders of one procedure."""

from __future__ import annotations

import numpy as np

from tavi_perception.simulation.clutter.config import ClutterConfig
from tavi_perception.simulation.clutter.shapes import Bystanders, Part, lump
from tavi_perception.simulation.clutter.small import calcium, clips, electrodes, sternal_wires
from tavi_perception.simulation.clutter.tubes import catheter, pacing_lead, probe
from tavi_perception.simulation.view import FloatArray


def draw_bystanders(
    rng: np.random.Generator, config: ClutterConfig, annulus: FloatArray, route_points: FloatArray
) -> Bystanders:
    """A random selection around the annulus (3,) mm; ``route_points`` (n, 3) mm is the device's course."""
    still: list[Part] = []
    moving: list[Part] = []
    if config.pacing_lead.draw(rng):
        moving += pacing_lead(rng, config, annulus, route_points)
    if config.catheter.draw(rng):
        (moving if rng.random() < 0.3 else still).append(catheter(rng, config, annulus, route_points))
    if config.probe.draw(rng):
        still += probe(rng, annulus)
    if config.sternal_wires.draw(rng):
        still += sternal_wires(rng, annulus)
    if config.clips.draw(rng):
        still += clips(rng, annulus)
    if config.electrodes.draw(rng):
        still += electrodes(rng, annulus)
    if config.calcium.draw(rng):
        moving += calcium(rng, config, annulus, route_points)
    for _ in range(int(config.blobs.draw(rng))):
        centre = annulus + rng.uniform(-90, 90, 3)
        still.append(lump(rng, centre, rng.uniform(1.5, 7.0), rng.uniform(0.02, 0.12), 0.0))
    return Bystanders(tuple(still), tuple(moving))
