"""Truth as a table: one row a frame, one column a quantity, its unit in its name."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tavi_perception.landmarks import Landmark
from tavi_perception.simulation.dataset.source import LabelledFrame

Value = str | int | float
Column = tuple[str, Callable[[LabelledFrame], Value]]
"""What it means, and how it is had from a frame."""


def _columns_of(mark: Landmark) -> dict[str, Column]:
    name = mark.name
    return {
        f"{name}_x_px": (
            "column; an integer is a pixel's centre; empty when not present",
            lambda f: f.keypoints.xy[mark, 0],
        ),
        f"{name}_y_px": ("row; as x", lambda f: f.keypoints.xy[mark, 1]),
        f"{name}_grade": (
            "0 absent from the field, 1 hidden, 2 faint, 3 clear",
            lambda f: int(f.grades[mark]),
        ),
        f"{name}_present": ("1 from grade 2 on", lambda f: int(f.keypoints.present[mark])),
    }


_OF_THE_FRAME: dict[str, Column] = {
    "frame": ("number in its procedure, from 0", lambda f: f.index),
    "time_s": ("since the start of the procedure", lambda f: f.time),
    "stamp_ns": ("the same in whole nanoseconds", lambda f: round(f.time * 1e9)),
    "width_px": ("of the image", lambda f: f.keypoints.width),
    "height_px": ("of the image", lambda f: f.keypoints.height),
    "stored_bits": ("low bits of a pixel that carry the grey level", lambda f: f.stored_bits),
    **{name: column for mark in Landmark for name, column in _columns_of(mark).items()},
    "annulus_valid": ("1 when the annulus frame may be used", lambda f: int(f.annulus.valid)),
    "annulus_source": ("1 contrast shows it now, 2 not now", lambda f: int(f.annulus.source)),
    "annulus_contrast_age_s": ("since contrast last showed it", lambda f: f.annulus.contrast_age),
    "annulus_x_px": ("origin: midpoint of AA1 and AA2", lambda f: f.annulus.x),
    "annulus_y_px": ("as x", lambda f: f.annulus.y),
    "annulus_angle_rad": ("of AA1 to AA2 in the image, x towards y", lambda f: f.annulus.angle),
    "annulus_diameter_m": ("distance of AA1 and AA2", lambda f: f.annulus.diameter),
    "deviation_valid": ("1 when the device and the annulus are known", lambda f: int(f.deviation.valid)),
    "deviation_reasons": ("bits that say why not", lambda f: int(f.deviation.reasons)),
    "stage": (
        "0 unknown, 1 positioning, 2 retraction, 3 deployment, 4 released",
        lambda f: int(f.deviation.stage),
    ),
    "reference": ("0 none, 1 capsule (CD), 2 frame (FE1, FE2)", lambda f: int(f.deviation.reference)),
    "depth_m": ("implantation depth, positive into the ventricle", lambda f: f.deviation.depth),
    "lateral_m": ("where the catheter crosses the annulus line", lambda f: f.deviation.lateral),
    "angle_rad": ("catheter against the annulus normal", lambda f: f.deviation.angle),
    "stent_tilt_m": ("depth of FE2 less that of FE1", lambda f: f.deviation.stent_tilt),
    "extraction": ("share of the frame out of the capsule", lambda f: f.deviation.extraction),
    "spatial_depth_m": ("depth in space: including the component along the beam", lambda f: f.spatial_depth),
    "spatial_angle_rad": ("angle in space", lambda f: f.spatial_angle),
    "source_to_detector_m": ("C-arm", lambda f: f.geometry.source_to_detector),
    "source_to_object_m": ("C-arm", lambda f: f.geometry.source_to_object),
    "imager_pixel_spacing_m": ("C-arm, at the detector", lambda f: f.geometry.imager_pixel_spacing),
    "primary_angle_rad": ("C-arm, LAO positive", lambda f: f.geometry.primary_angle),
    "secondary_angle_rad": ("C-arm, cranial positive", lambda f: f.geometry.secondary_angle),
    "metres_per_px_m": ("size of a pixel at the patient", lambda f: f.geometry.metres_per_px),
}

COLUMNS: dict[str, str] = {
    "image": "path in the data set",
    "procedure": "name of the simulated patient and course",
    "seed": "of the procedure",
    "split": "training, validation or test",
    **{name: meaning for name, (meaning, _) in _OF_THE_FRAME.items()},
}
"""Name and meaning of every column, in order."""


def row(frame: LabelledFrame, image: str, procedure: str, seed: int, split: str) -> list[str]:
    """The cells of a frame, in the order of ``COLUMNS``; unknown numbers are empty."""
    values = [get(frame) for _, get in _OF_THE_FRAME.values()]
    return [_cell(value) for value in (image, procedure, seed, split, *values)]


def write_rows(path: Path, rows: Iterable[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def join_tables(tables: Iterable[Path], path: Path) -> int:
    """Writes the rows of several tables under one heading; how many there are."""
    count = 0
    with path.open("w", encoding="utf-8") as joined:
        joined.write(",".join(COLUMNS) + "\n")
        for table in tables:
            _, *lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
            joined.writelines(lines)
            count += len(lines)
    return count


def _cell(value: Any) -> str:
    if isinstance(value, (str, int)):
        return str(value)
    number = float(value)
    return f"{number:.9g}" if math.isfinite(number) else ""
