"""The distributions that a patient's chest is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.simulation.distributions import Chance, LogUniform, Normal, Uniform


@dataclass(frozen=True)
class AnatomyConfig:
    """Sizes are in mm, attenuations in log units of the detected, displayed signal.

    Water attenuates 0.018–0.021/mm at the 60–45 keV mean energy of a 70–90 kV beam (tables of
    xraydb), lung about a quarter, cortical bone 0.06–0.09/mm. Scatter (one to three times the primary
    signal) and the display's compression leave roughly a fifth of that: lung 187 against 105 grey
    under the spine of the reference frame is 0.58 for what Beer–Lambert alone would show as about 3.
    The attenuations below are after that reduction. Unsourced numbers were set by eye on that frame.
    """

    size: Normal = Normal(1.0, 0.09, 0.8, 1.25)
    """Scale of all organs and bones (1 = adult of 170 cm)."""
    soft: LogUniform = LogUniform(0.0022, 0.0052)
    """Difference of soft tissue to lung (1/mm)."""
    lung_depth: Uniform = Uniform(0.8, 1.15)
    """Depth of the lungs: aeration and chest shape (factor)."""
    bone: LogUniform = LogUniform(0.5, 1.6)
    """Contrast of all bones (factor): osteoporosis, beam energy."""
    rib: LogUniform = LogUniform(0.2, 1.1)
    """Contrast of the ribs on top of it (factor)."""
    spine_across: Normal = Normal(0.0, 12.0, -35.0, 35.0)
    """Vertebral bodies to the left of the annulus (mm)."""
    spine_depth: Uniform = Uniform(42.0, 68.0)
    """Centres of the vertebral bodies behind the annulus (mm)."""
    scoliosis: Normal = Normal(0.0, 7.0, -20.0, 20.0)
    """Lateral amplitude of the spine's bend (mm)."""
    turn: Normal = Normal(0.0, 5.0, -14.0, 14.0)
    """Rotation of the patient on the table, about the long axis (degrees)."""
    heart: Normal = Normal(1.12, 0.14, 0.8, 1.5)
    """Scale of the heart (1 = 76 mm half length); old patients with stenosis have large hearts."""
    diaphragm: Normal = Normal(50.0, 19.0, 15.0, 110.0)
    """Top of the right dome below the annulus (mm)."""
    gas: Chance = Chance(0.4)
    """Gas in the stomach under the left dome."""
    vessels: LogUniform = LogUniform(2.2, 5.5)
    """Contrast of the lungs' vessels (factor): congestion, aeration."""
    mottle: LogUniform = LogUniform(0.018, 0.046)
    """Standard deviation of the lung's texture."""
    tissue: LogUniform = LogUniform(0.008, 0.022)
    """Standard deviation of the soft tissue's texture."""
    strand: LogUniform = LogUniform(0.02, 0.08)
    """Height of thin bright strands: fat planes and fissures."""
    fringe: Uniform = Uniform(0.2, 1.6)
    """Brightness of the line along the heart's and the diaphragm's border (share of the step)."""
    bend: Uniform = Uniform(0.8, 3.0)
    """Irregularity of borders (mm)."""
