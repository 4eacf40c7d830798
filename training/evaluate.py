"""Measures a bundle on rendered frames that it has never seen."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tavi_perception.inference.bundle import ModelBundle, default_bundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import COUNT
from tavi_perception.simulation.samples import samples
from training import data, metrics


@dataclass(frozen=True)
class _Truth:
    xy: NDArray[np.float32]
    visible: NDArray[np.float32]


def main(argv: Sequence[str] | None = None) -> int:
    """Errors of visible points, presence and coverage of a bundle on fresh synthetic frames."""
    parser = argparse.ArgumentParser(prog="tavi evaluate", description=main.__doc__)
    parser.add_argument("--model", type=Path, help="folder of a bundle; default: the shipped one")
    parser.add_argument("--patients", type=int, default=75, help=f"{data.FRAMES} frames of each")
    parser.add_argument("--size", type=int, default=1000, help="side of the frames (px)")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args(argv)
    bundle = load_bundle(arguments.model) if arguments.model else default_bundle()
    figures = evaluate(bundle, data.test_seeds(arguments.patients), arguments.size)
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def evaluate(bundle: ModelBundle, seeds: Sequence[int], size: int) -> dict[str, Any]:
    """Figures of ``bundle`` on the patients of ``seeds``, all landmarks together and one by one.

    Distances are px at an image side of 1000.
    """
    manifest = bundle.manifest
    # With thresholds of 0 every landmark has coordinates, so that errors do not depend on thresholds.
    open_bundle = replace(bundle, manifest=replace(manifest, thresholds=np.zeros(COUNT)))
    predictor = Predictor(open_bundle, "litert")
    answers, truths = [], []
    for seed in tqdm(seeds, unit="patient", desc="evaluating"):
        for image, truth in samples(seed, size, data.FRAMES):
            answers.append(predictor.predict(image.astype(np.uint8)))
            truths.append(truth.keypoints)
    predictions = metrics.Predictions(
        np.stack([a.presence for a in answers]),
        np.stack([np.nan_to_num(a.xy) for a in answers]),
        np.stack([np.nan_to_num(a.covariance) + 1e-9 * np.eye(2) for a in answers]),
        size,
    )
    labels = _Truth(
        np.stack([np.nan_to_num(t.xy) for t in truths]).astype(np.float32),
        np.stack([t.present for t in truths]).astype(np.float32),
    )
    return {
        "data": "synthetic",
        "patients": len(seeds),
        "frames": len(answers),
        "first_seed": int(seeds[0]),
        "size_px": size,
        **metrics.summary(predictions, labels, manifest.thresholds),
        "landmarks": metrics.by_landmark(predictions, labels, manifest.thresholds),
    }


def table(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| landmark | visible | median px | mean px | 95 % px | precision | recall | F1 | in 1 σ | in 2 σ |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = figures["landmarks"]
    for name, row in rows.items():
        errors = " | ".join(f"{row[key]:.1f}" for key in ("median_px", "mean_px", "p95_px"))
        presence = " | ".join(f"{row[key]:.3f}" for key in ("precision", "recall", "f1"))
        coverage = f"{row['within_1_sigma']:.2f} | {row['within_2_sigma']:.2f}"
        lines.append(f"| {name} | {row['visible']} | {errors} | {presence} | {coverage} |")
    count = sum(row["visible"] for row in rows.values())
    errors = " | ".join(f"{figures[key]:.1f}" for key in ("median_px", "mean_px", "p95_px"))
    return "\n".join([*lines, f"| all | {count} | {errors} | | | | | |"])


if __name__ == "__main__":
    raise SystemExit(main())
