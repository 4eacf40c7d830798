"""Compares simulated frames with real fluoroscopy, and says which quantities are covered.

    python -m benchmarks.realism --reference FRAME    # procedures, with the published positioning frame
    python -m benchmarks.realism --wide               # the wider training frames, with another X-ray system

A quantity is covered when the real value lies between the 10th and the 90th percentile of one frame from each
simulated patient. The exit status is 1 when one is not.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.statistics import SIDE, Device, Image, Statistics, measure
from tavi_perception.landmarks import Landmark
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT, samples
from tavi_perception.simulation.seeds import VALIDATION
from tavi_perception.simulation.truth import Truth
from tavi_perception.simulation.wide import WIDE
from tavi_perception.simulation.xray import Grey

NAMES = {
    "mean": "mean grey",
    "dark": "1st percentile",
    "median": "50th percentile",
    "bright": "99th percentile",
    "flat": "deviation in a flat patch",
    "residue": "high-frequency residue",
    "capsule": "contrast of the capsule",
    "block": "contrast of the proximal block",
    "cone": "contrast of the nose cone",
    "sinus": "contrast of the filled sinus",
    "capsule_grey": "grey of the capsule",
    "sinus_grey": "grey of the filled sinus",
    "beside_grey": "grey beside the filled sinus",
}

REFERENCE = Device(
    cp=np.array([214.0, 348.0]),
    cm=np.array([344.0, 535.0]),
    cd=np.array([469.0, 685.0]),
    ct=np.array([526.0, 742.0]),
    aa1=np.array([357.0, 668.0]),
)
"""Landmarks of the published positioning frame at 1000 × 1000 px, read off the picture by eye (± 5 px)."""

OTHER_SYSTEM = {"residue": 1.35, "capsule_grey": 45.5, "sinus_grey": 58.0, "beside_grey": 150.0}
"""Measured on frames of another C-arm (1024 × 1024 px) with another make of valve; capsules at 41 to 50."""

_NEEDED = (Landmark.CP, Landmark.CM, Landmark.CD, Landmark.CT, Landmark.AA1)

_EVERY = 5
"""Of the frames of a procedure every fifth is looked at for one that shows everything."""


@dataclass(frozen=True)
class Row:
    """One quantity: the real frame's value, the simulation's percentiles, and whether they cover it."""

    quantity: str
    real: float
    low: float
    middle: float
    high: float

    @property
    def covered(self) -> bool:
        return self.low <= self.real <= self.high


def read_reference(path: Path) -> Image:
    """The real frame, grey, at 1000 × 1000 px."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(f"realism: {path} is no image that can be read")
    return np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def compare(real: Mapping[str, float], simulated: Sequence[Statistics]) -> list[Row]:
    """A row for each quantity of ``real``; what could not be measured in a frame (NaN) does not count."""
    rows = []
    for quantity, value in real.items():
        values = np.array([getattr(one, quantity) for one in simulated])
        low, middle, high = np.nanpercentile(values, [10, 50, 90])
        rows.append(Row(quantity, value, float(low), float(middle), float(high)))
    return rows


def measure_procedure(seed: int) -> Statistics | None:
    """One frame of a procedure, chosen by its seed among those with all landmarks; None without any."""
    procedure = RenderedProcedure(seed)
    frames = range(0, procedure.frame_count, _EVERY)
    shown = [(index, truth) for index in frames if _shows_all(truth := procedure.truth(index))]
    if not shown:
        return None
    index, truth = shown[int(np.random.default_rng(seed).integers(len(shown)))]
    return _measured(procedure.frame(index).image, truth)


def measure_wide(seed: int) -> Statistics | None:
    """The first of a patient's wider training frames that shows all landmarks; None without any."""
    frames = samples(seed, SIDE, FRAMES_PER_PATIENT, WIDE)
    return next((_measured(image, truth) for image, truth in frames if _shows_all(truth)), None)


def _shows_all(truth: Truth) -> bool:
    return bool(truth.keypoints.present[list(_NEEDED)].all())


def _measured(image: Grey, truth: Truth) -> Statistics:
    scaled = (
        image
        if image.shape == (SIDE, SIDE)
        else cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    )
    xy = truth.keypoints.xy * (SIDE / truth.keypoints.width)
    return measure(np.asarray(scaled, dtype=np.uint8), Device(*(xy[landmark] for landmark in _NEEDED)))


def table(rows: Sequence[Row]) -> str:
    """The rows as text."""
    lines = [f"{'quantity':32}{'real':>8}{'10th':>9}{'50th':>8}{'90th':>8}  covered"]
    for row in rows:
        numbers = f"{row.real:8.1f}{row.low:9.1f}{row.middle:8.1f}{row.high:8.1f}"
        lines.append(f"{NAMES[row.quantity]:32}{numbers}  {'yes' if row.covered else 'NO'}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0 when every quantity is covered."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--reference", type=Path, help="the real positioning frame, beside procedures")
    which.add_argument("--wide", action="store_true", help="another X-ray system, beside training frames")
    parser.add_argument("--procedures", type=int, default=200, help="patients to simulate (default 200)")
    parser.add_argument("--first-seed", type=int, default=VALIDATION.start, help="seed of the first one")
    parser.add_argument("--json", type=Path, help="also write the rows there")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    real = OTHER_SYSTEM if options.wide else asdict(measure(read_reference(options.reference), REFERENCE))
    seeds = range(options.first_seed, options.first_seed + options.procedures)
    found = map(measure_wide if options.wide else measure_procedure, seeds)
    simulated = [one for one in tqdm(found, total=len(seeds), unit="patient", disable=None) if one]
    if not simulated:
        parser.error(f"none of {len(seeds)} patients shows device and sinus in one frame")
    rows = compare(real, simulated)
    print(f"{len(simulated)} of {len(seeds)} simulated patients show device and sinus in one frame")
    print(table(rows))
    if options.json:
        content = {"procedures": len(simulated), "rows": [asdict(r) | {"covered": r.covered} for r in rows]}
        options.json.write_text(json.dumps(content, indent=2) + "\n")
    return 0 if all(row.covered for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
