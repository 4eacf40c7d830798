"""From transmission and device attenuation to the grey image: exposure, blur, scatter, noise, display."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.borders import Borders, Burn, Shutter
from tavi_perception.simulation.display import FULL_SCALE, SIGNAL_SCALE, Display
from tavi_perception.simulation.distributions import Chance, Distribution, LogUniform, Uniform
from tavi_perception.simulation.grain import Grain, NoiseFields
from tavi_perception.simulation.paint import LEVEL
from tavi_perception.simulation.patient import REFERENCE_SIZE
from tavi_perception.simulation.video import Capture, captured

Grey = NDArray[np.uint8] | NDArray[np.uint16]

_PRESSED = 20
"""Side of the squares over which the signal is averaged before scatter is computed (px)."""

_LEAST_MOTION = 0.7
"""Shorter motion during a pulse cannot be told from the blur of the detector (px)."""

_MOST_MOTION = 9.0
"""Longer motion is cut to this length (px), which bounds the time of a frame."""


@dataclass(frozen=True)
class ImageConfig:
    """What the X-ray system of a procedure is drawn from; lengths in px refer to a side of 1000 px.

    FIELD means the project's collected facts on image formation; "frame" means measured on the published
    positioning frame (Danilov et al. 2021, figure 2A); "chosen" means wide on purpose.
    """

    pulse: Distribution = Uniform(0.005, 0.010)  # length of an X-ray pulse, s (FIELD)
    blur: Distribution = Uniform(0.5, 1.5)  # Gaussian sigma of focal spot and detector, px (FIELD)
    scatter: Distribution = Uniform(0.1, 0.6)  # scatter-to-primary ratio behind the grid (FIELD, chosen)
    scatter_reach: Distribution = Uniform(0.05, 0.15)  # Gaussian sigma, fraction of the side (chosen)
    shading: Distribution = Uniform(0.0, 0.2)  # signal lost in the corners: heel effect, distance (chosen)
    fixed_pattern: Distribution = Uniform(0.0, 0.004)  # relative sd of pixel gains left uncorrected (chosen)

    quanta: Distribution = LogUniform(100.0, 1500.0)  # per px at set point, fluoroscopy … cine (chosen)
    noise_reduction: Distribution = Uniform(1.5, 3.5)  # factor on the noise, spatial and temporal (chosen)
    electronic: Distribution = Uniform(0.5, 4.0)  # sd of the electronics, quanta (chosen)
    neighbour: Distribution = Uniform(0.04, 0.11)  # detector kernel beside its centre 0.98 (FIELD)
    diagonal: Distribution = Uniform(0.02, 0.05)  # detector kernel at its corners (FIELD)
    smoothing: Distribution = Uniform(0.4, 1.6)  # sigma by which noise reduction correlates noise, px (frame)

    meter: Distribution = Uniform(0.3, 0.7)  # side of the metered central field, fraction of the side
    set_point: Distribution = Uniform(108.0, 190.0)  # displayed grey of the metered field, 0 … 255 (frame)
    logarithmic: Chance = Chance(0.4)  # display of the logarithm instead of a power of the signal
    gamma: Distribution = LogUniform(0.8, 1.5)  # relative contrast of the display at the set point (frame)
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
    strip: Chance = Chance(0.4)  # the bright strip along an edge (frame: right edge)
    strip_width: Distribution = Uniform(15.0, 60.0)  # px (frame: about 45)
    strip_grey: Distribution = Uniform(200.0, 255.0)  # (frame: 233)
    letter_box: Chance = Chance(0.12)  # white box with a black letter in a corner (frame)
    technique_text: Chance = Chance(0.3)  # burnt-in lines of small print
    orientation: Chance = Chance(0.2)  # patient orientation letters at two edges

    rescaled: Chance = Chance(0.4)  # video capture at a smaller size
    rescale: Distribution = Uniform(0.6, 0.95)  # that size (frame: 0.75)
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


class Imager:
    """Exposes grey images of one procedure; holds its noise, borders and working memory.

    An image depends on the arguments of ``expose`` alone, never on the frames before it: the exposure is
    set by the anatomy of the same frame, which hardly moves, and not by device or contrast medium, which
    a real control follows with a lag.

    Args:
        rng: draws noise fields, fixed pattern, and what the print says.
        technique: the X-ray system.
        size: side of the square image (px).
        bits: 8 for uint8 images as captured from the video output; 16 for uint16 images that carry
            ``technique.display.stored_bits`` bits (0 … 2^stored_bits − 1) and bypass the video capture.
        noise_fields: how many independent fields the noise of a frame is cut from.

    Raises:
        ValueError: size is not positive, bits is neither 8 nor 16, or there is no noise field.
    """

    def __init__(
        self, rng: np.random.Generator, technique: Technique, size: int, bits: int = 8, noise_fields: int = 3
    ) -> None:
        if size < 1 or bits not in (8, 16) or noise_fields < 1:
            raise ValueError(
                f"imager: {size} px and {noise_fields} noise fields must be positive, bits {bits} 8 or 16"
            )
        self.technique, self.size, self.bits = technique, size, bits
        self._unit = size / REFERENCE_SIZE
        self._noise = NoiseFields(rng, technique.grain, size, noise_fields)
        self._borders = Borders(rng, technique.shutter, technique.burn, size)
        self._curve = technique.display.curve()
        self._transmitted = np.exp(-LEVEL * np.arange(256)).astype(np.float32)
        self._device = np.empty((size, size), dtype=np.float32)
        self._signal = np.empty((size, size), dtype=np.float32)
        self._work = np.empty((size, size), dtype=np.float32)
        self._counts = np.empty((size, size), dtype=np.uint16)
        self._shown = np.empty((size, size), dtype=np.uint16)

    def covers(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) whether points (n, 2) px lie under a blade or print, or outside the image; NaN does not."""
        return self._borders.covers(points)

    def expose(
        self,
        transmission: NDArray[np.float32],
        canvas: NDArray[np.uint8],
        moment: np.random.Generator,
        pulse_motion: NDArray[np.float64] | tuple[float, float] = (0.0, 0.0),
    ) -> Grey:
        """The grey image (size, size) of one X-ray pulse; uint8 or uint16 by ``bits``.

        Args:
            transmission: (size, size) signal behind the anatomy, 0 … 1; not changed.
            canvas: (size, size) attenuation of device and contrast medium in units of ``paint.LEVEL``;
                not changed.
            moment: chooses the noise of this frame.
            pulse_motion: (2,) how far the devices move during the pulse (px).
        """
        signal = self._primary(transmission, canvas, pulse_motion)
        self._scatter(signal)
        self._count(signal, moment)
        shown = self._display()
        self._borders.burn(shown)
        if self.bits == 16:
            return shown >> np.uint16(16 - self.technique.display.stored_bits)
        grey = np.asarray(cv2.convertScaleAbs(shown, alpha=255 / FULL_SCALE), dtype=np.uint8)
        return captured(grey, self.technique.capture)

    def _primary(
        self,
        transmission: NDArray[np.float32],
        canvas: NDArray[np.uint8],
        motion: NDArray[np.float64] | tuple[float, float],
    ) -> NDArray[np.float32]:
        """Beer–Lambert signal without scatter; the metered field has mean 1 once scatter is added."""
        device = self._device
        cv2.LUT(canvas, self._transmitted, dst=device)
        blur = self.technique.blur * self._unit
        if blur > 0.2:
            side = 2 * int(np.ceil(2 * blur)) + 1
            cv2.GaussianBlur(device, (side, side), blur, dst=device)
        if np.hypot(*motion) > _LEAST_MOTION:
            cv2.filter2D(device, -1, _streak(np.asarray(motion, dtype=np.float64)), dst=device)
        signal = self._signal
        cv2.multiply(transmission, device, dst=signal, scale=self._gain(transmission))
        cv2.multiply(signal, self._borders.beam, dst=signal)
        return signal

    def _gain(self, transmission: NDArray[np.float32]) -> float:
        """Factor of the automatic exposure: what the metered field needs to have mean 1."""
        half = max(1, round(self.technique.meter * self.size / 2))
        low, high = max(0, self.size // 2 - half), self.size // 2 + half
        step = max(1, self.size // 128)
        mean = float(transmission[low:high:step, low:high:step].mean())
        return 1.0 / max(mean * (1.0 + self.technique.scatter), 1e-3)

    def _scatter(self, signal: NDArray[np.float32]) -> None:
        """Add what is scattered into each pixel from all around it."""
        side = max(4, self.size // _PRESSED)
        pressed = cv2.resize(signal, (side, side), interpolation=cv2.INTER_AREA)
        spread = cv2.GaussianBlur(
            pressed, (0, 0), self.technique.scatter_reach * side, borderType=cv2.BORDER_REPLICATE
        )
        cv2.resize(spread * np.float32(self.technique.scatter), (self.size, self.size), dst=self._work)
        cv2.add(signal, self._work, dst=signal)

    def _count(self, signal: NDArray[np.float32], moment: np.random.Generator) -> None:
        """Noise whose variance is linear in the signal, then the detector's 16-bit number."""
        grain, work = self.technique.grain, self._work
        np.add(signal, np.float32(grain.electronic**2 / grain.quanta), out=work)
        cv2.sqrt(work, dst=work)
        cv2.multiply(work, self._noise.cut(moment), dst=work)
        deviation = grain.quanta**-0.5 / grain.reduction
        cv2.addWeighted(
            signal, SIGNAL_SCALE, work, SIGNAL_SCALE * deviation, 0.0, dst=self._counts, dtype=cv2.CV_16U
        )

    def _display(self) -> NDArray[np.uint16]:
        """(size, size) grey of 16 bits: window and edge enhancement."""
        shown, display = self._shown, self.technique.display
        np.take(self._curve, self._counts, out=shown, mode="clip")
        if display.enhancement > 0.02:
            side = 2 * max(1, round(display.reach * self._unit)) + 1
            soft = cv2.blur(shown, (side, side), dst=self._counts)
            cv2.addWeighted(shown, 1.0 + display.enhancement, soft, -display.enhancement, 0.0, dst=shown)
        return shown


def _streak(motion: NDArray[np.float64]) -> NDArray[np.float32]:
    """Kernel of a uniform motion (2,) px about its middle; its sum is 1."""
    motion = motion * min(1.0, _MOST_MOTION / float(np.hypot(*motion)))
    half = np.ceil(np.abs(motion) / 2).astype(int)
    kernel = np.zeros((2 * half[1] + 3, 2 * half[0] + 3))
    steps = (np.arange(64) + 0.5) / 64 - 0.5
    places = steps[:, None] * motion + half + 1
    corner = np.floor(places).astype(int)
    part = places - corner
    for right in (0, 1):
        for down in (0, 1):
            weight = np.abs(1 - right - part[:, 0]) * np.abs(1 - down - part[:, 1])
            np.add.at(kernel, (corner[:, 1] + down, corner[:, 0] + right), weight)
    kernel = kernel[1:-1, 1:-1]
    return (kernel / kernel.sum()).astype(np.float32)
