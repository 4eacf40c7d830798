"""What ./tavi runs: finds the command that is meant, and says in a sentence what went wrong."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence

from tavi_perception.commands.bags import add_play, add_record
from tavi_perception.commands.bench import add_bench
from tavi_perception.commands.predict import add_predict
from tavi_perception.commands.session import NOTICE, add_demo, add_run
from tavi_perception.commands.simulate import add_simulate

TRAINING = {
    "train": "train a model",
    "screen": "train and compare the networks of the paper",
    "evaluate": "measure a model on fresh patients, the benchmark, a data set or a bag",
    "export": "turn a trained model into a bundle",
}
"""Commands that live in training/ and run in an environment with TensorFlow."""

COMMANDS = (add_demo, add_run, add_predict, add_simulate, add_record, add_play, add_bench)
"""What adds each of the other commands."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; 0 only on success, and one sentence on standard error otherwise."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in TRAINING:
        return _training(words[0], words[1:])
    arguments = _parser().parse_args(words)
    errors = _user_errors()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(arguments.run(arguments) or 0)
    except errors as error:
        print(f"tavi {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"tavi {arguments.command}: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tavi", description=f"ROS 2 perception for robotic TAVI. {NOTICE}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    for name, help_text in TRAINING.items():
        commands.add_parser(name, help=help_text, add_help=False)
    return parser


def _training(command: str, words: list[str]) -> int:
    return int(importlib.import_module(f"training.{command}").main(words) or 0)


def _user_errors() -> tuple[type[Exception], ...]:
    """What the user can mend; everything else is a defect and keeps its traceback."""
    from tavi_perception.bags import BagError
    from tavi_perception.imaging import SourceError
    from tavi_perception.inference.bundle import ModelContractError
    from tavi_perception.simulation.dataset.options import DatasetError

    errors: tuple[type[Exception], ...] = (BagError, SourceError, ModelContractError, DatasetError, OSError)
    try:
        from tavi_perception.nodes.graph import GraphError
    except ImportError:  # predict needs no ROS
        return errors
    return (*errors, GraphError)


if __name__ == "__main__":
    sys.exit(main())
