"""The aortic root of one patient in 3-D, in millimetres, and the view in which it is implanted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.simulation.distributions import Chance, Normal, Uniform
from tavi_perception.simulation.view import MM, FloatArray, View, unit

REFERENCE_SIZE = 1000
"""Image side that all drawn positions and widths in px refer to."""

CARMS_MM = ((1009.0, 720.0), (1108.0, 788.0), (1148.0, 810.0))
"""Source-to-detector and source-to-object distances of real C-arms (Siemens XA headers)."""


@dataclass(frozen=True)
class RootConfig:
    """Anatomy of the root; lengths in mm, angles in degrees."""

    annulus: Uniform = Uniform(17.0, 30.0)
    """Diameter (Evolut PRO+ instructions for use)."""
    junction_ratio: Normal = Normal(1.07, 0.10, 0.9, 1.35)
    """STJ diameter relative to the annulus; 25.7 ± 2.4 mm on average (medigraphic cms213b)."""
    junction_height: Uniform = Uniform(19.0, 28.0)
    """Annulus to STJ; 25 mm on the published frames."""
    junction_shift: Normal = Normal(0.0, 1.2, -4.0, 4.0)
    """STJ against the annulus' centre, along AA1–AA2 (unsourced)."""
    bulge: Uniform = Uniform(2.5, 6.0)
    """How far a sinus wall lies outside the hinge points (unsourced)."""
    angulation: Normal = Normal(48.0, 9.0, 26.0, 72.0)
    """Of the annulus normal against horizontal, seen from the front (45° on the published frames)."""
    azimuth: Normal = Normal(-5.0, 7.0, -25.0, 15.0)
    """Of the annulus normal out of the frontal plane, positive to the front (unsourced)."""
    hinge_turn: Normal = Normal(0.0, 6.0, -20.0, 20.0)
    """Of a cusp's nadir along the ring, off the outline that the first view shows (unsourced)."""


@dataclass(frozen=True)
class ViewConfig:
    """The working view; angles in degrees, positions in px of an image side of 1000."""

    primary: Uniform = Uniform(-30.0, 30.0)
    """RAO 30 to LAO 30; the secondary angle follows, so that the annulus is seen from the side."""
    secondary_limit: float = 30.0
    """Largest CRA or CAU angle."""
    off_plane: Normal = Normal(0.0, 2.5, -8.0, 8.0)
    """Tilt of the annulus out of the perpendicular view (unsourced)."""
    oblique: Chance = Chance(0.05)
    """Views that are not perpendicular to the annulus at all …"""
    oblique_tilt: Uniform = Uniform(-22.0, 22.0)
    """… and their tilt."""
    scale: Uniform = Uniform(4.7, 7.2)
    """px a mm at the patient; 5.9 on the published frames."""
    column: Normal = Normal(430.0, 95.0, 200.0, 760.0)
    """Of the annulus in the image."""
    row: Normal = Normal(590.0, 85.0, 330.0, 800.0)
    """The same."""


@dataclass(frozen=True)
class Root:
    """The aortic root at rest, in patient axes with the annulus' centre as origin (mm).

    Attributes:
        axes: (3, 3) rows: x from AA1 to AA2, y the annulus normal into the ventricle, z completes them.
        diameter, junction_diameter, junction_height, junction_shift, bulge: as in ``RootConfig``.
        hinge_turns: (2,) of AA1 and AA2 along the ring (rad).
    """

    axes: FloatArray
    diameter: float
    junction_diameter: float
    junction_height: float
    junction_shift: float
    bulge: float
    hinge_turns: FloatArray = field(default_factory=lambda: np.zeros(2))

    @property
    def normal(self) -> FloatArray:
        """(3,) unit vector into the ventricle."""
        return np.asarray(self.axes[1])

    @property
    def points(self) -> FloatArray:
        """(4, 3) AA1, AA2, STJ1, STJ2."""
        side = np.array([-1.0, 1.0])
        cos, sin = side * np.cos(self.hinge_turns), np.sin(self.hinge_turns)
        ring = np.stack([cos, np.zeros(2), sin], axis=-1)
        hinges = self.diameter / 2 * ring
        junction = self.junction_diameter / 2 * ring + [self.junction_shift, -self.junction_height, 0.0]
        return np.asarray(np.concatenate([hinges, junction]) @ self.axes)


def draw_normal(rng: np.random.Generator, config: RootConfig) -> FloatArray:
    """(3,) the annulus normal of a random patient, into the ventricle."""
    angle, azimuth = np.radians(config.angulation.draw(rng)), np.radians(config.azimuth.draw(rng))
    return np.array([np.cos(angle) * np.cos(azimuth), np.sin(angle) * np.cos(azimuth), np.sin(azimuth)])


def draw_view(rng: np.random.Generator, config: ViewConfig, normal: FloatArray, size: int) -> View:
    """A view of the annulus at the origin, from the side, within the C-arm's angles."""
    source_to_detector, source_to_object = CARMS_MM[int(rng.integers(len(CARMS_MM)))]
    unit_px = size / REFERENCE_SIZE
    scale = config.scale.draw(rng) * unit_px
    primary, secondary = _angles(rng, config, normal)
    geometry = CArmGeometry(
        source_to_detector * MM,
        source_to_object * MM,
        source_to_detector / source_to_object / scale * MM,
        size,
        size,
        primary,
        secondary,
        Calibration.USER,
    )
    target = np.array([config.column.draw(rng), config.row.draw(rng)]) * unit_px
    at_origin = View(geometry, np.zeros(3))
    right, down, _ = at_origin.rotation
    offset = (target - (size - 1) / 2) / scale
    return View(geometry, -(offset[0] * right + offset[1] * down))


def draw_root(rng: np.random.Generator, config: RootConfig, normal: FloatArray, view: View) -> Root:
    """A random root with this normal, its hinge points near the outline that ``view`` shows."""
    across = unit(np.cross(normal, view.beam))
    diameter = config.annulus.draw(rng)
    return Root(
        axes=np.stack([across, normal, np.cross(across, normal)]),
        diameter=diameter,
        junction_diameter=diameter * config.junction_ratio.draw(rng),
        junction_height=config.junction_height.draw(rng),
        junction_shift=config.junction_shift.draw(rng),
        bulge=config.bulge.draw(rng),
        hinge_turns=np.radians([config.hinge_turn.draw(rng), config.hinge_turn.draw(rng)]),
    )


def _angles(rng: np.random.Generator, config: ViewConfig, normal: FloatArray) -> tuple[float, float]:
    """Primary and secondary angle (rad) at which beam · normal is the sine of the wanted tilt."""
    for _ in range(1000):
        primary = np.radians(config.primary.draw(rng))
        tilt = config.oblique_tilt if config.oblique.draw(rng) else config.off_plane
        along = normal[0] * np.sin(primary) + normal[2] * np.cos(primary)
        reach = np.hypot(along, normal[1])
        cos = np.sin(np.radians(tilt.draw(rng))) / reach
        if abs(cos) > 1:
            continue
        secondary = np.arccos(cos) - np.arctan2(normal[1], along)
        if abs(secondary) <= np.radians(config.secondary_limit):
            return float(primary), float(secondary)
    raise ValueError(
        "simulation: no C-arm angles within the configured limits show the annulus from the side"
    )
