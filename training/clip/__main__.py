"""Trains the clip variant on a finished network and compares it with single frames and the average.

python -m training.clip --run out/training --out out/clip
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COUNT
from training import data
from training.augmentation import normalise
from training.clip.fitting import Examples, fit
from training.clip.head import build_head
from training.clip.speed import milliseconds
from training.clip.steadiness import Steadiness, steadiness
from training.clip.streams import Stream, answers, streams
from training.ensemble import averaged
from training.export import load_run

HEAD = "clip.weights.h5"


def main(argv: Sequence[str] | None = None) -> int:
    """Train the temporal head, compare, and write clip.json and clip.md."""
    arguments = _parser().parse_args(argv)
    runs = [load_run(folder) for folder in arguments.run]
    size = runs[0].recipe.plan.size
    models = [run.model for run in runs]
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    head = build_head()
    if (out / HEAD).exists():
        head.load_weights(str(out / HEAD))
    else:
        examples = Examples.of(models[0], streams(data.training_seeds(arguments.training), size))
        fit(head, examples, arguments.epochs, arguments.seed)
        head.save_weights(str(out / HEAD))
    figures = compare(models, head, list(streams(data.test_seeds(arguments.test), size)), size)
    times = milliseconds(models, head, size)
    (out / "clip.json").write_text(
        json.dumps({name: {**asdict(row), "ms": times[name]} for name, row in figures.items()}, indent=2)
    )
    (out / "clip.md").write_text(table(figures, times))
    print(table(figures, times))
    return 0


def compare(
    models: Sequence[keras.Model], head: keras.Model, runs: Sequence[Stream], size: int
) -> dict[str, Steadiness]:
    """Single frames, the clip variant and, of more than one network, their average on the same runs."""
    found: dict[str, list[NDArray[np.float32]]] = {"single frame": [], "clip": []}
    ensemble = averaged(models, size) if len(models) > 1 else None
    if ensemble:
        found["average"] = []
    for run in runs:
        single = answers(models[0], run)
        found["single frame"].append(single.xy)
        offset = head.predict_on_batch(single.clips.astype(np.float32))["offset"]
        found["clip"].append(single.corner + offset)
        if ensemble:
            still = np.zeros((len(run.images), COUNT, 2), np.float32)
            inputs = {"image": normalise(run.images), "jitter": still}
            found["average"].append(ensemble.predict_on_batch(inputs)["xy"])
    truths, visible = [run.xy for run in runs], [run.visible for run in runs]
    return {name: steadiness(estimates, truths, visible, size) for name, estimates in found.items()}


def table(figures: dict[str, Steadiness], times: dict[str, float]) -> str:
    """The comparison as a Markdown table; the change of jitter is against single frames."""
    base = figures["single frame"]
    lines = [
        "| variant | median px | mean px | 95 % px | jitter px | change | jitter, all, px | LiteRT ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in figures.items():
        change = 100 * (row.jitter_px / base.jitter_px - 1)
        lines.append(
            f"| {name} | {row.median_px:.2f} | {row.mean_px:.2f} | {row.p95_px:.1f} | {row.jitter_px:.2f} | "
            f"{change:+.0f} % | {row.jitter_all_px:.2f} | {times[name]:.1f} |"
        )
    return "\n".join(lines) + f"\n\n{base.still} steps of points that stand still; synthetic procedures.\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.clip", description=main.__doc__)
    parser.add_argument(
        "--run", type=Path, nargs="+", required=True, help="folders that train wrote; the first one streams"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--training", type=int, default=150, help="training procedures, two runs of each")
    parser.add_argument("--test", type=int, default=60, help="fresh procedures, two runs of each")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
