"""demo: a robot places the valve of a synthetic patient on what the perception node sees."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tavi_perception.commands.options import add_model, add_sealed, positive
from tavi_perception.commands.session import played, print_results, session_options
from tavi_perception.simulation.fault import FAULT_NAMES, NO_FAULT, fault_of
from tavi_perception.simulation.makes import OWN, foreign_makes

if TYPE_CHECKING:
    from tavi_perception.audit.verdict import Verdict
    from tavi_perception.commands.options import Commands

_PATIENT = 4
"""Which of the demo's patients is the default: one whose valve need not be recaptured."""

_CORES = 2
"""Which keep up with the closed loop at 15 frames/s: 1 of 1,013 dropped, latency 33 ms, 99 % below 53 ms."""


def add_demo(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo", help="a robot places the valve of a synthetic patient, through the whole ROS 2 graph"
    )
    parser.add_argument("--seed", type=int, default=None, help="which synthetic patient and robot")
    parser.add_argument(
        "--duration",
        type=positive,
        default=None,
        help="longest time of the procedure, or the length of --script (s)",
    )
    parser.add_argument(
        "--frame-rate",
        type=positive,
        default=None,
        help="frames a second: 15 by default; 10 on a single core",
    )
    parser.add_argument(
        "--size",
        type=int,
        default=None,
        help="side of the images (px): 512 by default, 1000 with --script",
    )
    parser.add_argument("--out", type=Path, default=None, help="folder for the results")
    parser.add_argument("--view", action="store_true", help="watch it in RViz, where that is installed")
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--controller", type=Path, default=None, metavar="FILE.py", help="a controller of your own"
    )
    who.add_argument(
        "--script", action="store_true", help="no controller: the procedure runs by itself, to be watched"
    )
    parser.add_argument(
        "--fault",
        choices=FAULT_NAMES,
        default=NO_FAULT,
        metavar="KIND",
        help="what goes wrong, and the seed says when; drawn: the seed says what, too; else one of "
        + ", ".join(FAULT_NAMES[2:]),
    )
    parser.add_argument(
        "--device",
        choices=(OWN, *foreign_makes()),
        default=OWN,
        metavar="MAKE",
        help="a delivery system that the model does not know, to see that nothing is acted on: "
        + ", ".join(foreign_makes()),
    )
    add_model(parser)
    add_sealed(parser)
    # More threads gain nothing at the pace of a camera, and the other processes need the cores.
    parser.set_defaults(run=_demo, threads=1)


def _demo(arguments: argparse.Namespace) -> int:
    from tavi_perception.simulation.seeds import DEMO_SEED

    if arguments.script:
        return _scripted(DEMO_SEED if arguments.seed is None else arguments.seed, arguments)
    return _closed_loop(DEMO_SEED + _PATIENT if arguments.seed is None else arguments.seed, arguments)


def _scripted(seed: int, arguments: argparse.Namespace) -> int:
    from tavi_perception.simulation.procedure import RenderedProcedure
    from tavi_perception.simulation.scene import Contents

    procedure = RenderedProcedure(
        seed,
        arguments.duration or 20.0,
        arguments.frame_rate or 15.0,
        arguments.size or 1000,
        contents=Contents(make=arguments.device),
    )
    return played(procedure, arguments, live=True)


def _closed_loop(seed: int, arguments: argparse.Namespace) -> int:
    from tavi_perception.nodes.closed_loop import LONGEST, ClosedLoop, run_closed_loop
    from tavi_perception.simulation.seeds import opened
    from tavi_perception.visualization.closed_loop.report import write_procedure_report

    loop = ClosedLoop(
        seed=opened(seed),
        frame_rate=arguments.frame_rate or (15.0 if (os.cpu_count() or 1) >= _CORES else 10.0),
        size=arguments.size or 512,
        controller=arguments.controller,
        longest=min(arguments.duration or LONGEST, LONGEST),
        fault=fault_of(arguments.fault, seed),
        device=arguments.device,
    )
    options = session_options(arguments, live=True)
    fault = f"; simulated fault: {loop.fault.words}" if loop.fault is not None else ""
    print(f"synthetic patient, seed {seed}: rendered, not a real patient{fault}", file=sys.stderr)
    finished = run_closed_loop(loop, options)
    verdict = write_procedure_report(options.out / "bag", options.out)
    if finished:
        print_results(verdict.headline, options.out)
        return 0 if verdict.ok else 1
    if loop.controller is None:
        print_results(f"Not finished within {loop.longest:g} s. {verdict.headline}", options.out)
        return 1
    print_results(f"Held for {loop.longest:g} s. {verdict.headline}", options.out)
    return 0 if _kept_within_bounds(verdict) else 1


def _kept_within_bounds(verdict: Verdict) -> bool:
    """What a controller that holds the valve until the time is up has to show for itself."""
    return verdict.motion.commands > 0 and verdict.motion.ok
