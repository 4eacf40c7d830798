"""What others have published on real TAVI frames, to stand beside our own figures.

BAMNet (BoundaryAwareMAnet; Laptev et al., "Multi-Task Fluoroscopic Segmentation of the Aortic Root and
Landmark Localization for TAVI guidance", manuscript of 2026 in github.com/Nikita75699/BAMNet), trained and
validated on the public TAVI set (Zenodo 10.5281/zenodo.19219901), patients apart. Its px are those of an
image side of 640, its mm those of the detector: ImagerPixelSpacing, without the magnification. It answers
with every point in every frame, and visible points are judged, as ours are here, reported or not.
"""

from __future__ import annotations

from dataclasses import dataclass

NETWORK = "BAMNet"


@dataclass(frozen=True)
class Published:
    """A published figure.

    Attributes:
        title: in words.
        path: of the same figure among those of ``folds.part_figures``.
        value: as published.
        spread: standard deviation over five folds; None for a figure of the first fold alone.
    """

    title: str
    path: tuple[str, ...]
    value: float
    spread: float | None = None


FIVE_FOLDS: tuple[Published, ...] = (
    Published("median, px of 640", ("median_px_640",), 7.64, 0.33),
    Published("mean, px of 640", ("mean_px_640",), 10.02, 0.17),
    Published("AA1, median px of 640", ("landmarks", "AA1", "median_px_640"), 5.92, 0.40),
    Published("AA2, median px of 640", ("landmarks", "AA2", "median_px_640"), 9.95, 1.37),
    Published("STJ1, median px of 640", ("landmarks", "STJ1", "median_px_640"), 7.66, 0.14),
    Published("STJ2, median px of 640", ("landmarks", "STJ2", "median_px_640"), 7.73, 0.93),
    Published("AA1, mean px of 640", ("landmarks", "AA1", "mean_px_640"), 7.96, 0.73),
    Published("AA2, mean px of 640", ("landmarks", "AA2", "mean_px_640"), 11.89, 0.62),
    Published("STJ1, mean px of 640", ("landmarks", "STJ1", "mean_px_640"), 10.20, 0.87),
    Published("STJ2, mean px of 640", ("landmarks", "STJ2", "mean_px_640"), 10.02, 1.46),
)
"""Mean and standard deviation over the five folds (its tables of folds and of landmarks)."""

FIRST_FOLD: tuple[Published, ...] = (
    Published("within 10 px of 640, %", ("pck_10_px_640_percent",), 59.88),
    Published("median, mm at the detector", ("median_mm_detector",), 2.57),
    Published("mean, mm at the detector", ("mean_mm_detector",), 3.22),
    Published("angle of the annulus, degrees", ("annulus", "mean_angle_deg"), 4.62),
    Published("midpoint of the annulus, mm at the detector", ("annulus", "mean_midpoint_mm_detector"), 2.02),
    Published("length of the annulus, mm at the detector", ("annulus", "mean_length_mm_detector"), 2.43),
)
"""Of the first fold alone (its tables of baselines and of the ablation); it does not say that its errors of
angle, midpoint and length are means, which is assumed."""
