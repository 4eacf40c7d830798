"""audit: what a bag says of a controller's work: recount of motion, and a replay beside the recording."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tavi_perception.commands.options import positive

if TYPE_CHECKING:
    from tavi_perception.audit.replay import Comparison
    from tavi_perception.commands.options import Commands

SHOWN = 20
"""Violations that are printed; the JSON file has all."""


def add_audit(commands: Commands) -> None:
    parser = commands.add_parser(
        "audit", help="recount from a bag that a robot moved on valid and fresh deviations alone"
    )
    parser.add_argument("bag", type=Path, help="bag of a procedure, as ./tavi demo and record make it")
    parser.add_argument("--max-age", type=positive, default=0.2, help="of a deviation acted on (s)")
    parser.add_argument("--max-velocity", type=positive, default=0.03, help="of either drive (m/s)")
    parser.add_argument(
        "--replayed", type=Path, metavar="BAG",
        help="compare instead its deviations with those of ./tavi run BAG --as-recorded, bag in this place",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.set_defaults(run=_audit)


def _audit(arguments: argparse.Namespace) -> int:
    from tavi_perception.output import write_json

    ok, sentences, values = (_motion if arguments.replayed is None else _replay)(arguments)
    for sentence in sentences:
        print(sentence)
    if arguments.json:
        write_json(arguments.json, {"bag": arguments.bag.name, "ok": ok, **values})
    return 0 if ok else 1


def _motion(arguments: argparse.Namespace) -> tuple[bool, list[str], dict[str, Any]]:
    """Whether there is no violation, what to print, and what to write."""
    from tavi_perception.audit.motion import Limits
    from tavi_perception.audit.procedure import read_procedure
    from tavi_perception.audit.values import motion_values
    from tavi_perception.audit.verdict import motion_in_words

    procedure = read_procedure(arguments.bag)
    found = procedure.recount(Limits(age=arguments.max_age, velocity=arguments.max_velocity))
    sentences = [f"{procedure.seconds(v.time):8.3f} s  {v.sentence}" for v in found.violations[:SHOWN]]
    if len(found.violations) > SHOWN:
        sentences.append(f"and {len(found.violations) - SHOWN} more, which --json FILE lists")
    sentences.append(f"{found.commands} commands, {found.moving} of them to move")
    return found.ok, [*sentences, motion_in_words(found)], motion_values(found, procedure)


def _replay(arguments: argparse.Namespace) -> tuple[bool, list[str], dict[str, Any]]:
    from tavi_perception.audit.replay import compare_replay
    from tavi_perception.audit.values import replay_values

    found = compare_replay(arguments.bag, arguments.replayed)
    return found.ok, list(_differences(found)), replay_values(found)


def _differences(found: Comparison) -> Iterator[str]:
    yield f"{found.frames} frames, {found.both_valid} of them valid in both bags"
    if found.late:
        yield f"{found.late} frames came too late for a robot when they were recorded, and are not compared"
    if found.both_valid:
        yield (
            f"depth: largest difference {1e3 * found.largest:.4f} mm, {found.beyond} beyond "
            f"{1e3 * found.tolerance:g} mm"
        )
    times = ", ".join(f"{time:.2f}" for time in found.validity[:SHOWN])
    yield f"validity: {len(found.validity)} differences{f', at {times} s' if times else ''}"
