"""What ./tavi runs: finds the command that is meant, and says in a sentence what went wrong."""

from __future__ import annotations

import argparse
import importlib
import io
import signal
import sys
from collections.abc import Sequence

from tavi_perception.commands.audit import add_audit
from tavi_perception.commands.bags import add_play, add_record
from tavi_perception.commands.bench import add_bench
from tavi_perception.commands.demo import add_demo
from tavi_perception.commands.errors import sentence, user_errors
from tavi_perception.commands.faults import add_faults
from tavi_perception.commands.predict import add_predict
from tavi_perception.commands.session import NOTICE, add_run
from tavi_perception.commands.simulate import add_simulate

APART = {
    "evaluate": ("tavi_perception.commands.evaluate", "estimates against truth, and the closed loop"),
    "train": ("training.train", "train a model"),
    "screen": ("training.screen", "train and compare the networks of the paper"),
    "export": ("training.export", "turn a trained model into a bundle"),
}
"""Commands with a parser of their own, loaded only when they are asked for: module, and what it does."""

COMMANDS = (
    *(add_demo, add_run, add_predict, add_simulate, add_record, add_play, add_audit),
    *(add_bench, add_faults),
)
"""What adds each of the other commands."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; 0 only on success, and one sentence on standard error otherwise."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names need not be UTF-8, nor the terminal
            stream.reconfigure(errors="backslashreplace")
    if words and words[0] in APART:
        module, _ = APART[words[0]]
        return int(importlib.import_module(module).main(words[1:]) or 0)
    arguments = _parser().parse_args(words)
    errors = user_errors()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(arguments.run(arguments) or 0)
    except errors as error:
        print(f"tavi {arguments.command}: {sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"tavi {arguments.command}: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tavi", description=f"ROS 2 perception for robotic TAVI. {NOTICE}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    for name, (_, help_text) in APART.items():
        commands.add_parser(name, help=help_text, add_help=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
