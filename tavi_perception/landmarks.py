"""The 11 keypoints of a TAVI fluoroscopy frame: names, order, groups and how they are drawn."""

from enum import IntEnum


class Landmark(IntEnum):
    """A keypoint and its index in every array of keypoints (order of Danilov et al. 2021)."""

    AA1 = 0
    """Hinge point of the aortic annulus on the pigtail's side (nadir of the non-coronary cusp)."""
    AA2 = 1
    """Hinge point of the aortic annulus on the opposite side."""
    STJ1 = 2
    """Sinotubular junction above AA1."""
    STJ2 = 3
    """Sinotubular junction above AA2."""
    CP = 4
    """Catheter proximal: distal edge of the dark proximal block, mid-shaft."""
    CM = 5
    """Bending point of the catheter, about half-way down the capsule."""
    CD = 6
    """Radiopaque marker band at the distal end of the capsule, mid-shaft."""
    CT = 7
    """Catheter tip: the tip of the nose cone."""
    PT = 8
    """Pigtail: lowest point of its loop."""
    FE1 = 9
    """Outer corner of the stent's inflow edge on the side of AA1."""
    FE2 = 10
    """Outer corner of the stent's inflow edge on the side of AA2."""


COUNT = len(Landmark)
NAMES: tuple[str, ...] = tuple(landmark.name for landmark in Landmark)

ANNULUS = (Landmark.AA1, Landmark.AA2)
JUNCTION = (Landmark.STJ1, Landmark.STJ2)
CATHETER = (Landmark.CP, Landmark.CM, Landmark.CD, Landmark.CT)
"""Points of the delivery system in order along it, from the aorta to the ventricle."""
INFLOW_EDGE = (Landmark.FE1, Landmark.FE2)

NEEDS_CONTRAST = (*ANNULUS, *JUNCTION)
"""Landmarks that can be seen only while contrast medium is in the aortic root."""

LINES: tuple[tuple[Landmark, Landmark], ...] = (
    (Landmark.AA1, Landmark.AA2),
    (Landmark.STJ1, Landmark.STJ2),
    (Landmark.CP, Landmark.CM),
    (Landmark.CM, Landmark.CD),
    (Landmark.CD, Landmark.CT),
    (Landmark.FE1, Landmark.FE2),
)
"""Pairs of landmarks that are joined by a line when drawn."""

_AORTIC_ROOT = (0, 158, 115)
_JUNCTION = (86, 180, 233)
_CATHETER = (230, 159, 0)
_PIGTAIL = (204, 121, 167)
_STENT = (240, 228, 66)

COLOURS_RGB: dict[Landmark, tuple[int, int, int]] = {
    **dict.fromkeys(ANNULUS, _AORTIC_ROOT),
    **dict.fromkeys(JUNCTION, _JUNCTION),
    **dict.fromkeys(CATHETER, _CATHETER),
    Landmark.PT: _PIGTAIL,
    **dict.fromkeys(INFLOW_EDGE, _STENT),
}
"""Colour of each landmark (Okabe–Ito palette, distinguishable with colour blindness)."""
