"""What delivery systems and stents are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.device import Device, Seating
from tavi_perception.simulation.distributions import Chance, Normal, Uniform

_SEATINGS = 4
"""Times that a stent may be opened, each with a tilt of its own."""


@dataclass(frozen=True)
class DeviceConfig:
    """Delivery systems and stents; lengths in mm, attenuations in log units of the detected signal.

    Attenuations were set by eye against the published frames, so that capsule, block and nose cone have the
    contrast measured there.
    """

    slim: Chance = Chance(0.25)
    """A 14 Fr-equivalent system, capsule 4.67 mm, instead of 18 Fr, 6.0 mm (1 Fr = 1/3 mm)."""
    stent_length: Uniform = Uniform(45.0, 55.0)
    """Of the expanded stent, shared out by size (unsourced); the folded one is longer."""
    cone_length: Uniform = Uniform(11.0, 17.0)
    """CD to CT; 14 mm on the published frames."""
    block_length: Uniform = Uniform(5.0, 9.0)
    """Of the dark block above CP."""
    band_length: Uniform = Uniform(1.2, 2.4)
    """Of the marker band at CD."""
    oversize: Uniform = Uniform(1.02, 1.22)
    """Inflow diameter of the unconstrained stent relative to the annulus; a 26 mm valve suits 20 to 23 mm."""
    waist: Uniform = Uniform(0.72, 0.92)
    """Diameter of the expanded stent's middle relative to its inflow."""
    outflow: Uniform = Uniform(1.0, 1.25)
    """Of its outflow relative to its inflow."""
    flare_length: Uniform = Uniform(10.0, 22.0)
    """Distance from the capsule's mouth over which the stent expands."""
    shortening: Uniform = Uniform(0.08, 0.20)
    """Share of its folded length that the stent loses as it expands."""
    inflow_tilt: Normal = Normal(0.0, 0.07, -0.2, 0.2)
    """Axial lead of FE2 over FE1 relative to their distance."""
    inflow_nod: Normal = Normal(0.0, 0.07, -0.2, 0.2)
    """The same along the beam."""
    alignment: Uniform = Uniform(0.7, 0.95)
    """Share by which the annulus turns the inflow ring into its own plane (unsourced; 2 mm between the sides
    still count as symmetric, PMC9471948)."""
    opacity: Uniform = Uniform(0.75, 1.35)
    """Common factor of all attenuations below: beam energy, patient."""
    band: Uniform = Uniform(0.38, 0.60)
    """Marker band."""
    block: Uniform = Uniform(0.60, 0.92)
    """Proximal block."""
    cone: Uniform = Uniform(0.12, 0.36)
    """Nose cone."""
    wall: Uniform = Uniform(0.24, 0.36)
    """Capsule's wall."""
    proximal: Uniform = Uniform(0.12, 0.28)
    """What is folded inside the capsule's proximal half."""
    distal: Uniform = Uniform(0.18, 0.36)
    """The same in its distal half, where the stent is denser."""
    core: Uniform = Uniform(0.25, 0.40)
    """Inner shaft inside the capsule."""
    cone_base: Uniform = Uniform(0.65, 0.95)
    """Width of the nose cone at its base, relative to the capsule."""
    cone_taper: Uniform = Uniform(1.0, 4.5)
    """Exponent of its outline: at 1 it narrows evenly, at more it stays wide and is round at the end."""
    cone_end: Uniform = Uniform(0.12, 0.5)
    """Width of its end, relative to the capsule; on the published frame it is blunt, a third or so."""
    cone_fade: Uniform = Uniform(0.6, 1.0)
    """Share of the cone's attenuation that is left at its tip, where it is thin."""
    cone_core: Uniform = Uniform(0.0, 0.25)
    """Inner shaft inside the cone; on the published frames the line is no darker there than beyond."""


def draw_device(rng: np.random.Generator, config: DeviceConfig, annulus_mm: float) -> Device:
    """A random device whose stent suits an annulus of ``annulus_mm``."""
    shortening = config.shortening.draw(rng)
    return Device(
        capsule_width=4.67 if config.slim.draw(rng) else 6.0,
        capsule_length=config.stent_length.draw(rng) / (1.0 - shortening) + 3.0,
        cone_length=config.cone_length.draw(rng),
        block_length=config.block_length.draw(rng),
        band_length=config.band_length.draw(rng),
        # The annulus holds it: the stent expands little wider than the annulus is.
        inflow_width=annulus_mm * min(config.oversize.draw(rng), 1.12),
        waist=config.waist.draw(rng),
        outflow=config.outflow.draw(rng),
        flare_length=config.flare_length.draw(rng),
        shortening=shortening,
        seatings=_draw_seatings(rng, config),
        cells=int(rng.integers(9, 16)),
        rows=rng.uniform(5.0, 9.0),
        strut_phase=rng.uniform(0.0, 2 * np.pi),
        opacity=config.opacity.draw(rng),
        band=config.band.draw(rng),
        block=config.block.draw(rng),
        cone=config.cone.draw(rng),
        wall=config.wall.draw(rng),
        proximal=config.proximal.draw(rng),
        distal=config.distal.draw(rng),
        core=config.core.draw(rng),
        cone_base=config.cone_base.draw(rng),
        cone_taper=config.cone_taper.draw(rng),
        cone_end=config.cone_end.draw(rng),
        cone_fade=config.cone_fade.draw(rng),
        cone_core=config.cone_core.draw(rng),
    )


def _draw_seatings(rng: np.random.Generator, config: DeviceConfig) -> tuple[Seating, ...]:
    """The first as it always was drawn; what came later has a generator of its own, so that patients stay."""
    others = rng.spawn(1)[0]
    sources = (rng, *[others] * (_SEATINGS - 1))
    return tuple(
        Seating(config.inflow_tilt.draw(each), config.inflow_nod.draw(each), config.alignment.draw(others))
        for each in sources
    )
