"""How often bystanders are in the field, and what they are like."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.simulation.distributions import Chance, LogUniform, Normal, Uniform


@dataclass(frozen=True)
class ClutterConfig:
    """How often each bystander is in the field; attenuations are log units of the detected signal.

    Unsourced numbers were set by eye on the reference frame, in which the pacing lead's shaft takes
    about a fifth and its electrodes half of the signal.
    """

    pacing_lead: Chance = Chance(0.75)
    """Temporary pacing lead, or the lead of a pacemaker."""
    lead_from_below: Chance = Chance(0.35)
    """It comes up the inferior vena cava instead of down the superior one."""
    lead_crosses: Chance = Chance(0.4)
    """It runs through the device's shadow, as in the reference frame."""
    lead_diameter: Uniform = Uniform(1.3, 2.4)
    """mm: 4 to 7 Fr."""
    lead_dark: LogUniform = LogUniform(0.08, 0.32)
    """Attenuation of the shaft."""
    catheter: Chance = Chance(0.45)
    """A second catheter or sheath."""
    catheter_diameter: LogUniform = LogUniform(0.8, 5.0)
    """mm: from a wire to a 14 Fr sheath."""
    catheter_dark: LogUniform = LogUniform(0.05, 0.26)
    """Attenuation of its walls."""
    probe: Chance = Chance(0.12)
    """Transoesophageal echo probe."""
    sternal_wires: Chance = Chance(0.2)
    """After an earlier operation through the sternum."""
    clips: Chance = Chance(0.12)
    """Surgical clips of a bypass operation."""
    electrodes: Chance = Chance(0.35)
    """ECG electrodes and their cables on the skin."""
    calcium: Chance = Chance(0.7)
    """Calcification of annulus, leaflets and aortic wall."""
    calcium_dark: LogUniform = LogUniform(0.03, 0.25)
    """Attenuation of a deposit."""
    calcium_clusters: int = 4
    """On the annulus, at most; two to eight deposits each."""
    blobs: Uniform = Uniform(0.0, 4.0)
    """Number of small soft round densities: nodes, nipples, granulomas."""
    deviation: Normal = Normal(0.0, 1.0, -2.2, 2.2)
    """Standard unit of every random deviation of a course."""
