"""faults: what becomes of perception, controller and robot when something fails."""

from __future__ import annotations

import argparse
import fnmatch
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tavi_perception.commands.options import positive

if TYPE_CHECKING:
    from tavi_perception.commands.options import Commands
    from tavi_perception.faults.matrix import Case
    from tavi_perception.faults.outcome import Outcome

SHORT = 0.2
"""Scale of what takes long without --long."""


TELLING = 0.1
"""s of what is granted from which on it is told."""


def add_faults(commands: Commands) -> None:
    parser = commands.add_parser(
        "faults",
        help="the fault campaign: every unit by every failure, what was asked and what was seen",
        description="Lets one thing after the other go wrong in a real ROS 2 graph, watches what is made of "
        "it, and prints a matrix: units by failures. The exit code is 0 when no cell has failed. The cases "
        "and what is expected of them: docs/safety.md.",
    )
    parser.add_argument(
        "--only",
        default="*",
        metavar="PATTERN",
        help="cases by name, such as 'node_*'; commas between several",
    )
    parser.add_argument("--json", type=Path, default=None, help="where to write outcomes and matrix")
    parser.add_argument(
        "--long",
        action="store_true",
        help="the node is killed 50 times, not 10; the network is cut for 5 s, not 1 s",
    )
    parser.add_argument(
        "--slower",
        type=positive,
        default=1.0,
        metavar="TIMES",
        help="in slow motion, for a machine that is busy: simulated time, in which the node has so many "
        "times the processor (default: 1)",
    )
    parser.set_defaults(run=_faults)


def _faults(arguments: argparse.Namespace) -> int:
    from tavi_perception.faults.matrix import cells
    from tavi_perception.faults.outcome import Verdict, report
    from tavi_perception.faults.table import printed
    from tavi_perception.nodes.faults.campaign import campaign

    chosen = _chosen(arguments.only)
    outcomes: dict[str, Outcome] = {}
    for outcome in campaign(chosen, 1.0 if arguments.long else SHORT, max(arguments.slower, 1.0)):
        outcomes[outcome.case] = outcome
        _tell(outcome, len(outcomes), len(chosen))
        if arguments.json:  # kept as it grows: a campaign may be interrupted
            values = report(cells(), outcomes) | {"slower": arguments.slower, "long": arguments.long}
            arguments.json.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    print("\n" + printed(outcomes))
    return int(any(outcome.verdict is Verdict.FAILED for outcome in outcomes.values()))


def _chosen(patterns: str) -> list[Case]:
    """The cases of the patterns.

    Raises:
        UnknownCaseError: none has such a name.
    """
    from tavi_perception.faults.cases import CASES
    from tavi_perception.faults.matrix import UnknownCaseError

    wanted = patterns.split(",")
    for pattern in wanted:
        if not any(fnmatch.fnmatchcase(case.name, pattern) for case in CASES):
            raise UnknownCaseError(f"--only {pattern}: no case has such a name; docs/safety.md lists them")
    return [case for case in CASES if any(fnmatch.fnmatchcase(case.name, each) for each in wanted)]


def _tell(outcome: Outcome, number: int, count: int) -> None:
    line = f"{number:>3}/{count}  {outcome.case:<26} {outcome.verdict.value:<8} {outcome.seconds:5.1f} s"
    if outcome.granted > TELLING:
        line += f", {outcome.granted:.1f} s of waiting for the machine granted"
    print("\n        ".join([line, *outcome.sentences]), flush=True)
