"""How right the deviation is over whole synthetic procedures: model and tracker against the truth.

    python -m benchmarks.tracking --procedures 12

Synthetic results. Seeds default to the validation range; the benchmark range is for final figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from tavi_perception.estimates import AnnulusSource, Stage
from tavi_perception.inference.bundle import default_bundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.pipeline import Pipeline
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import VALIDATION
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.tracker import Tracker

FIRST_SEED = VALIDATION.start + 150_000
"""Of procedures that chose neither weights nor thresholds."""


@dataclass(frozen=True)
class Judged:
    """One frame: whether its deviation was valid, from contrast, and how wrong (mm; NaN where not known)."""

    valid: bool
    contrast: bool
    error: float
    sigma: float


def judge(seed: int, predictor: Predictor, duration: float) -> list[Judged]:
    """Every frame of a procedure from its first measured annulus to the release."""
    procedure = RenderedProcedure(seed, duration)
    pipeline = Pipeline(predictor.predict, Tracker(TrackingConfig()))
    judged: list[Judged] = []
    for index, frame in enumerate(procedure):
        truth = procedure.truth(index)
        if truth.deviation.stage is Stage.RELEASED:
            break
        found = pipeline.process(frame.image, frame.time, procedure.geometry_at(index))
        if judged or found.annulus.source is AnnulusSource.CONTRAST:
            error = 1e3 * (found.deviation.depth - truth.deviation.depth)
            contrast = found.annulus.source is AnnulusSource.CONTRAST
            sigma = 1e3 * found.deviation.depth_sigma
            judged.append(Judged(found.deviation.valid, contrast, error, sigma))
    return judged


def figures(frames: Sequence[Judged]) -> dict[str, float]:
    """Share of valid frames, and depth errors (mm) of those that have a truth."""
    valid = [frame for frame in frames if frame.valid and np.isfinite(frame.error)]
    error = np.abs([frame.error for frame in valid])
    sigma = np.array([frame.sigma for frame in valid])
    if not valid:
        return {"frames": len(frames), "valid_share": 0.0}
    return {
        "frames": len(frames),
        "valid_share": float(np.mean([frame.valid for frame in frames])),
        "depth_error_mm_median": float(np.median(error)),
        "depth_error_mm_p95": float(np.percentile(error, 95)),
        "depth_error_mm_max": float(error.max()),
        "wrong_by_3_mm": int((error > 3.0).sum()),
        "within_1_sigma": float((error <= sigma).mean()),
        "within_2_sigma": float((error <= 2 * sigma).mean()),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures with, without and regardless of contrast."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--procedures", type=int, default=12)
    parser.add_argument("--duration", type=float, default=20.0, help="of each procedure (s)")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--model", type=Path, help="folder of a bundle; default: the shipped one")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    predictor = Predictor(load_bundle(options.model) if options.model else default_bundle(), "litert")
    seeds = range(options.first_seed, options.first_seed + options.procedures)
    frames = [
        frame for seed in tqdm(seeds, disable=None) for frame in judge(seed, predictor, options.duration)
    ]
    groups = {
        "all": frames,
        "with contrast": [frame for frame in frames if frame.contrast],
        "without contrast": [frame for frame in frames if not frame.contrast],
    }
    table = {name: figures(group) for name, group in groups.items()}
    for name, row in table.items():
        print(name + ": " + ", ".join(f"{key} {value:.3g}" for key, value in row.items()))
    if options.json:
        options.json.write_text(json.dumps(table, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
