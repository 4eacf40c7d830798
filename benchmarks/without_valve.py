"""What a model reports on real X-ray frames that show no valve: every landmark of a device is a false alarm.

    python -m benchmarks.without_valve --backgrounds DIR

DIR is the pool of real frames that ``./tavi train --backgrounds`` takes; only the share is looked at that is
held out from training. The exit status is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tavi_perception.evaluation.answers import describe_bundle
from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.inference.bundle import default_bundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.landmarks import ANNULUS, INFLOW_EDGE, NAMES, Landmark
from tavi_perception.simulation.backdrop import SPLITS, BackgroundError, Backgrounds

MOST_VALVE, MOST_TIP = 0.01, 0.03
"""Targets: shares of frames that show CD, an FE or both AA, and a CT."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the shares; 0 when both targets are met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--backgrounds", type=Path, required=True, help="folder of real frames without a valve"
    )
    parser.add_argument("--split", choices=SPLITS, default="validation")
    parser.add_argument("--model", type=Path, help="folder of a bundle; default: the shipped one")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args(argv)
    try:
        pictures = list(Backgrounds(arguments.backgrounds, arguments.split).pictures())
    except BackgroundError as error:
        print(f"without_valve: {error}", file=sys.stderr)
        return 1
    bundle = load_bundle(arguments.model) if arguments.model else default_bundle()
    predictor = Predictor(bundle, bundle.cpu_runtime)
    answers = [predictor.predict(picture) for picture in tqdm(pictures, unit="frame")]
    present = np.stack([answer.present for answer in answers])
    valve = present[:, [Landmark.CD, *INFLOW_EDGE]].any(axis=1) | present[:, list(ANNULUS)].all(axis=1)
    shown, tip = float(valve.mean()), float(present[:, Landmark.CT].mean())
    foreign = float(np.mean([answer.foreign > 0.5 for answer in answers]))
    each = dict(zip(NAMES, present.mean(axis=0).tolist(), strict=True))
    print(
        f"{bundle.name} {bundle.version}: {len(pictures)} real frames without a valve, "
        f"{arguments.split} share"
    )
    print(f"CD, an FE or both AA: {shown:.1%} (at most {MOST_VALVE:.0%})")
    print(f"CT: {tip:.1%} (at most {MOST_TIP:.0%})")
    print(f"a foreign device: {foreign:.1%}")
    print("each: " + ", ".join(f"{name} {share:.1%}" for name, share in each.items()))
    if arguments.json:
        content = {
            "model": describe_bundle(bundle),
            "machine": describe_machine(),
            "split": arguments.split,
            "frames": len(pictures),
            "valve": shown,
            "tip": tip,
            "foreign": foreign,
            "landmarks": each,
        }
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0 if shown <= MOST_VALVE and tip <= MOST_TIP else 1


if __name__ == "__main__":
    raise SystemExit(main())
