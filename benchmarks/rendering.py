"""How fast synthetic frames are made, on one core and as a data set, and how much memory that takes.

    python -m benchmarks.rendering

Prints set-up of a procedure, frames per second of whole cines on one core, their slowest frames, and the
peak memory of the process; with ``--json FILE`` the figures are also written there.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import TUNING


def main(argv: Sequence[str] | None = None) -> int:
    """Render procedures on one core and print how long it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--procedures", type=int, default=8)
    parser.add_argument("--frames", type=int, default=60, help="of each procedure, evenly spread")
    parser.add_argument("--size", type=int, default=1000, help="side of the images (px)")
    parser.add_argument("--first-seed", type=int, default=TUNING.start)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    setups, frames = [], []
    for seed in tqdm(range(options.first_seed, options.first_seed + options.procedures), disable=None):
        start = time.perf_counter()
        procedure = RenderedProcedure(seed, size=options.size)
        procedure.frame(0)
        setups.append(time.perf_counter() - start)
        # The first injection casts its shadows once; that is set-up too.
        start = time.perf_counter()
        procedure.frame(20)
        setups[-1] += time.perf_counter() - start
        for index in np.linspace(1, procedure.frame_count - 1, options.frames).astype(int).tolist():
            start = time.perf_counter()
            procedure.frame(index)
            frames.append(time.perf_counter() - start)
    figures = {
        "procedures": options.procedures,
        "first_seed": options.first_seed,
        "size_px": options.size,
        "setup_s_median": float(np.median(setups)),
        "setup_s_max": float(np.max(setups)),
        "frame_ms_median": 1e3 * float(np.median(frames)),
        "frame_ms_p95": 1e3 * float(np.percentile(frames, 95)),
        "frames_per_s": len(frames) / float(np.sum(frames)),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    machine = describe_machine()
    print(f"{'one core of':16} {machine['processor']}")
    for name, value in figures.items():
        print(f"{name:16} {value:.3g}" if isinstance(value, float) else f"{name:16} {value}")
    if options.json:
        options.json.write_text(json.dumps({**figures, "machine": machine}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
