"""The X-ray system of a procedure: what it is drawn from, and what it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.borders import Burn, Shutter
from tavi_perception.simulation.display import Display
from tavi_perception.simulation.distributions import Chance, Distribution, LogUniform, Uniform
from tavi_perception.simulation.grain import Grain
from tavi_perception.simulation.video import Capture


@dataclass(frozen=True)
class ImageConfig:
    """What the X-ray system of a procedure is drawn from; lengths in px refer to a side of 1000 px.

    "measured" means on the published positioning frame (Danilov et al. 2021, figure 2A); "chosen" means wide
    on purpose.
    """

    pulse: Distribution = Uniform(0.005, 0.010)  # length of an X-ray pulse, s (a GE header states 0.005)
    blur: Distribution = Uniform(0.5, 1.5)  # Gaussian sigma of focal spot and detector, px (chosen)
    scatter: Distribution = Uniform(0.1, 0.6)  # scatter-to-primary ratio behind the grid (chosen)
    scatter_reach: Distribution = Uniform(0.05, 0.15)  # Gaussian sigma, fraction of the side (chosen)
    shading: Distribution = Uniform(0.0, 0.2)  # signal lost in the corners: heel effect, distance (chosen)
    fixed_pattern: Distribution = Uniform(0.0, 0.004)  # relative sd of pixel gains left uncorrected (chosen)

    quanta: Distribution = LogUniform(100.0, 1500.0)  # per px at set point, fluoroscopy … cine (chosen)
    noise_reduction: Distribution = Uniform(1.5, 3.5)  # factor on the noise, spatial and temporal (chosen)
    electronic: Distribution = Uniform(0.5, 4.0)  # sd of the electronics, quanta (chosen)
    neighbour: Distribution = Uniform(0.04, 0.11)  # 3x3 detector kernel beside 0.98 (Wang, Med Phys 2014)
    diagonal: Distribution = Uniform(0.02, 0.05)  # at its corners (Wang, Med Phys 2014)
    smoothing: Distribution = Uniform(
        0.4, 1.6
    )  # sigma by which noise reduction correlates noise, px (measured)

    meter: Distribution = Uniform(0.3, 0.7)  # side of the metered central field, fraction of the side
    set_point: Distribution = Uniform(108.0, 190.0)  # displayed grey of the metered field, 0 … 255 (measured)
    logarithmic: Chance = Chance(0.4)  # display of the logarithm instead of a power of the signal
    gamma: Distribution = LogUniform(0.8, 1.5)  # relative contrast of the display at the set point (measured)
    black: Distribution = Uniform(0.0, 20.0)  # displayed grey of no signal, 0 … 255 (chosen)
    enhanced: Chance = Chance(0.75)  # edge enhancement of the vendor
    enhancement: Distribution = Uniform(0.15, 1.0)  # its strength (chosen)
    enhancement_reach: Distribution = Uniform(2.0, 9.0)  # half the side of its box, px (chosen)
    stored_bits: Distribution = Uniform(9.5, 14.5)  # of 16-bit images, rounded: 10 … 14 (XA storage)

    blade: Chance = Chance(0.13)  # a collimator blade in view, each of four sides
    blade_depth: Distribution = Uniform(10.0, 90.0)  # px it reaches into the image
    blade_leak: Distribution = Uniform(0.0, 0.03)  # transmission of a blade
    penumbra: Distribution = Uniform(0.5, 4.0)  # sigma of the blades' edges, px
    wedge: Chance = Chance(0.12)  # a half-transparent wedge filter in a corner
    wedge_depth: Distribution = Uniform(0.05, 0.35)  # distance of its edge from the corner, fraction of side
    wedge_transmission: Distribution = Uniform(0.5, 0.9)  # of the wedge (chosen)
    strip: Chance = Chance(0.4)  # the bright strip along an edge (measured: right edge)
    strip_width: Distribution = Uniform(15.0, 60.0)  # px (measured: about 45)
    strip_grey: Distribution = Uniform(200.0, 255.0)  # (measured: 233)
    letter_box: Chance = Chance(0.12)  # white box with a black letter in a corner (measured)
    technique_text: Chance = Chance(0.3)  # burnt-in lines of small print
    orientation: Chance = Chance(0.2)  # patient orientation letters at two edges

    rescaled: Chance = Chance(0.4)  # video capture at a smaller size
    rescale: Distribution = Uniform(0.6, 0.95)  # that size (measured: 0.75)
    compressed: Chance = Chance(0.35)  # JPEG on the way
    quality: Distribution = Uniform(60.0, 95.0)  # of JPEG


@dataclass(frozen=True)
class Technique:
    """The X-ray system of one procedure, drawn; lengths in px refer to a side of 1000 px.

    Attributes:
        pulse_s: length of an X-ray pulse (s).
        blur: Gaussian sigma of focal spot and detector (px).
        scatter: scatter-to-primary ratio; scatter_reach: its Gaussian sigma (fraction of the side).
        meter: side of the metered central field (fraction of the side).
        grain: quantum and electronic noise.
        display: lookup from signal to grey, edge enhancement, stored bits.
        shutter: blades, wedge, shading and fixed pattern, which shape the beam.
        burn: strip and print, which are laid over the picture.
        capture: rescaling and compression of 8-bit images.
    """

    pulse_s: float
    blur: float
    scatter: float
    scatter_reach: float
    meter: float
    grain: Grain
    display: Display
    shutter: Shutter
    burn: Burn
    capture: Capture


def draw_technique(rng: np.random.Generator, config: ImageConfig = ImageConfig()) -> Technique:
    """The X-ray system of one procedure."""
    c = config
    return Technique(
        pulse_s=c.pulse.draw(rng),
        blur=c.blur.draw(rng),
        scatter=c.scatter.draw(rng),
        scatter_reach=c.scatter_reach.draw(rng),
        meter=c.meter.draw(rng),
        grain=Grain(
            quanta=c.quanta.draw(rng),
            reduction=c.noise_reduction.draw(rng),
            electronic=c.electronic.draw(rng),
            neighbour=c.neighbour.draw(rng),
            diagonal=c.diagonal.draw(rng),
            smoothing=c.smoothing.draw(rng),
        ),
        display=Display(
            set_point=c.set_point.draw(rng) / 255,
            logarithmic=c.logarithmic.draw(rng),
            gamma=c.gamma.draw(rng),
            black=c.black.draw(rng) / 255,
            enhancement=c.enhancement.draw(rng) * c.enhanced.draw(rng),
            reach=c.enhancement_reach.draw(rng),
            stored_bits=round(c.stored_bits.draw(rng)),
        ),
        shutter=Shutter(
            blades=tuple(c.blade_depth.draw(rng) * c.blade.draw(rng) for _ in range(4)),
            leak=c.blade_leak.draw(rng),
            penumbra=c.penumbra.draw(rng),
            wedge_depth=c.wedge_depth.draw(rng) * c.wedge.draw(rng),
            wedge_transmission=c.wedge_transmission.draw(rng),
            shading=c.shading.draw(rng),
            fixed_pattern=c.fixed_pattern.draw(rng),
        ),
        burn=Burn(
            strip_width=c.strip_width.draw(rng) * c.strip.draw(rng),
            strip_grey=c.strip_grey.draw(rng) / 255,
            letter_box=c.letter_box.draw(rng),
            technique_text=c.technique_text.draw(rng),
            orientation=c.orientation.draw(rng),
        ),
        capture=Capture(
            rescale=c.rescale.draw(rng) if c.rescaled.draw(rng) else 1.0,
            quality=round(c.quality.draw(rng)) if c.compressed.draw(rng) else 0,
        ),
    )
