"""Whether a model tells delivery systems of other makes from those that it knows, in whole procedures.

    python -m benchmarks.foreign_devices --procedures 20 --json out/foreign.json

Procedures of the same patients are simulated with our own device and with each make in ``config/devices``.
*Told* is the share of frames for which the network alone, by itself, says foreign; *unknown* that of
frames whose deviation says UNKNOWN_DEVICE, after the tracker's second of memory; *valid* that of valid
deviations, which no foreign device may have. The exit status is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from tavi_perception.estimates import Reason
from tavi_perception.evaluation.answers import describe_bundle
from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.inference.bundle import default_bundle, load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.pipeline import Pipeline
from tavi_perception.simulation.makes import OWN, foreign_makes
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.scene import Contents
from tavi_perception.simulation.seeds import BENCHMARK, opened
from tavi_perception.tracking.config import TrackingConfig

_DURATION_S, _FRAME_RATE = 20.0, 5.0

LEAST_TOLD, MOST_ALARMS = 0.98, 0.005
"""Targets: of frames with a foreign device that are told, and of frames with our own that alarm."""


class Counts(NamedTuple):
    """Frames of the procedures with one make: all, told foreign, UNKNOWN_DEVICE, with a valid deviation."""

    frames: int
    told: int
    unknown: int
    valid: int


def count(model: Path, size: int, job: tuple[str, int]) -> Counts:
    """The procedure of ``job``, a make and a seed, seen by a model."""
    make, seed = job
    procedure = RenderedProcedure(seed, _DURATION_S, _FRAME_RATE, size, contents=Contents(make=make))
    bundle = load_bundle(model)
    predictor = Predictor(bundle, bundle.cpu_runtime, threads=1)
    pipeline, config = Pipeline(predictor.predict), TrackingConfig()
    told, deviations = 0, []
    for index, frame in enumerate(procedure):
        seen = pipeline.observe(frame.image, frame.time, procedure.geometry_at(index), config)
        told += seen.keypoints.foreign > 0.5
        deviations.append(pipeline.track(seen, config).deviation)
    unknown = sum(Reason.UNKNOWN_DEVICE in deviation.reasons for deviation in deviations)
    return Counts(len(deviations), told, unknown, sum(deviation.valid for deviation in deviations))


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each make; 0 when every target is met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, help="folder of a bundle; default: the shipped one")
    parser.add_argument("--procedures", type=int, default=20, help="patients, each with every make")
    parser.add_argument("--first-seed", type=int, default=BENCHMARK.start, help="seed of the first one")
    parser.add_argument("--size", type=int, default=512, help="side of the images (px)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args(argv)
    bundle = load_bundle(arguments.model) if arguments.model else default_bundle()
    seeds = [opened(arguments.first_seed + number) for number in range(arguments.procedures)]
    jobs = [(make, seed) for make in (OWN, *foreign_makes()) for seed in seeds]
    with ProcessPoolExecutor(arguments.workers, mp_context=get_context("spawn")) as pool:
        work = pool.map(partial(count, bundle.folder, arguments.size), jobs)
        counted = list(tqdm(work, total=len(jobs), unit="procedure"))
    found: dict[str, Counts] = {}
    print(f"{'make':28}{'frames':>8}{'told':>9}{'unknown':>9}{'valid':>9}")
    for make in dict.fromkeys(make for make, _ in jobs):
        rows = [counts for (of, _), counts in zip(jobs, counted, strict=True) if of == make]
        found[make] = total = Counts(*map(sum, zip(*rows, strict=True)))
        told, unknown, valid = (f"{number / total.frames:.2%}" for number in total[1:])
        print(f"{make:28}{total.frames:8}{told:>9}{unknown:>9}{valid:>9}")
    if arguments.json:
        content = {
            "model": describe_bundle(bundle),
            "machine": describe_machine(),
            "first_seed": seeds[0],
            "procedures": len(seeds),
            "size_px": arguments.size,
            "makes": {make: counts._asdict() for make, counts in found.items()},
        }
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    own = found.pop(OWN)
    told_apart = all(each.told >= LEAST_TOLD * each.frames and each.valid == 0 for each in found.values())
    return 0 if told_apart and own.told <= MOST_ALARMS * own.frames else 1


if __name__ == "__main__":
    raise SystemExit(main())
