"""Entry of ./tavi: prepares the environment that a command needs, then becomes the command."""

from __future__ import annotations

import sys
from pathlib import Path

from commands import COMMANDS, Where, usage
from home import ROOT, locate
from machine import check_paths
from problems import SetupError, of_os_error
from ros_environment import runtime
from tensorflow_environment import training
from verify import verify


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"tavi: there is no command '{name}'; the commands are {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    base = locate()
    try:
        check_paths(ROOT, base)
        return _run(base, name, rest)
    except SetupError as problem:
        print(f"tavi: {problem}", file=sys.stderr)
    except OSError as error:
        print(f"tavi: {of_os_error(error, base)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("tavi: interrupted; run it again to resume.", file=sys.stderr)
    return 1


def _run(base: Path, name: str, arguments: list[str]) -> int:
    where = COMMANDS[name].where
    if where is Where.TEST:
        return verify(runtime(base), training(base), arguments)
    prepared = training(base) if where is Where.TRAINING else runtime(base)
    return prepared.become(["-m", "tavi_perception.cli", name, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
