"""``python -m fuzzing.run``: gives hostile inputs to readers, in a process that may crash, and counts.

    python -m fuzzing.run --target dicom --count 200000 --seed 1 --corpus out/corpus --json out/dicom.json
    python -m fuzzing.run --target dicom --replay out/findings/dicom-1.recipe

Atheris, not Hypothesis, for long runs: most readers are Python, whose branches can tell it what is new.

An input is made of valid ones by a recipe of ``RECIPE_BYTES`` bytes. With ``--corpus`` Atheris makes the
recipes and learns from the code that they reach (``pip install -r environment/requirements/fuzzing.txt``);
without it they follow from seed and number alone,
so that a part of a run can be repeated, and one that was interrupted (Ctrl-C, SIGTERM) be continued with
``--first``. The exit status is 1 when something was found.
"""

from __future__ import annotations

import argparse
import base64
import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fuzzing.choices import RECIPE_BYTES, numbered_recipe
from fuzzing.worker import HANG_S, LAST, RESTART, WAITS

SHARES = {
    "image": 400, "image-bytes": 120, "compressed-image": 200, "image-file": 50, "video": 5,
    "dicom": 25, "dicom-disc": 5, "bag": 5, "annotations": 12, "manifests": 20, "bundle": 100,
    "parameters": 10, "device": 8, "names": 20, "background": 20,
}  # fmt: skip
"""Of a thousand inputs of ``--target all``, how many each target gets: more where they take little time."""

_TAIL = 4000

_HANGS: dict[int, str] = {
    signal.SIGPROF: "more than {:g} s of processor time",
    signal.SIGALRM: f"it waits for more than {WAITS} times {{:g}} s",
}
"""By the signal that ends the process."""


@dataclass
class Tally:
    """What became of the inputs of one target.

    Attributes:
        counts: inputs tried, accepted, refused.
        findings: by kind and place: how often, details, and the recipe of the first.
    """

    target: str
    seed: int
    first: int
    guided: bool
    counts: Counter[str] = field(default_factory=Counter)
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, kind: str, where: str, details: str, recipe: str) -> None:
        entry = self.findings.setdefault(
            f"{kind} {where}", {"count": 0, "details": details, "recipe": recipe}
        )
        entry["count"] += 1

    def sentence(self) -> str:
        """For people, with one line for each finding."""
        lines = [f"{key}: {entry['count']} times" for key, entry in self.findings.items()]
        found = "".join(f"\n  {line}" for line in lines) or " nothing found"
        counts = self.counts
        return (
            f"{self.target}: {counts['tried']} inputs, {counts['accepted']} accepted, {counts['refused']} "
            f"refused;{found}"
        )


def fuzz(
    target: str,
    count: int,
    seed: int,
    first: int = 0,
    corpus: Path | None = None,
    hang_s: float = HANG_S,
) -> Tally:
    """Tries ``count`` inputs, fewer when it is interrupted.

    The process that tries them is started anew after each input that ends it.
    """
    tally = Tally(target, seed, first, corpus is not None)
    with tqdm(total=count, unit="input", desc=target, disable=None) as bar, suppress(KeyboardInterrupt):
        starts = 0
        while tally.counts["tried"] < count:
            before = tally.counts["tried"]
            # Of a guided run another seed goes on, with what the corpus has kept.
            number = (seed * 1000 + starts, 0) if corpus else (seed, first + before)
            _one_process(tally, count - before, *number, corpus, hang_s, bar)
            starts += 1
            if tally.counts["tried"] == before:
                raise SystemExit(f"fuzzing: {target} does not start; run python -m fuzzing.worker by itself")
    return tally


def _one_process(
    tally: Tally,
    count: int,
    seed: int,
    first: int,
    corpus: Path | None,
    hang_s: float,
    bar: tqdm[Any],
) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzzing") as folder, tempfile.TemporaryFile() as errors:
        recipe_file = Path(folder) / "recipe"
        command = [sys.executable, "-m", "fuzzing.worker", "--target", tally.target, "--seed", str(seed)]
        command += ["--first", str(first), "--count", str(count), "--recipe-file", str(recipe_file)]
        command += ["--hang-s", str(hang_s)]
        if corpus is not None:
            (corpus / tally.target).mkdir(parents=True, exist_ok=True)
            command += ["--corpus", str(corpus / tally.target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            try:
                tried = sum(_heard(line, tally, bar) for line in process.stdout or ())
            except KeyboardInterrupt:
                process.kill()
                raise
        if process.returncode in (0, RESTART):
            return
        errors.seek(0)
        told = errors.read().decode(errors="replace")[-_TAIL:]
        if not recipe_file.exists():
            raise SystemExit(f"fuzzing: {tally.target} does not start:\n{told}")
        last = recipe_file.read_bytes()
        length, accepted, refused = LAST.unpack_from(last)
        recipe = last[LAST.size : LAST.size + length]
        lost = (
            1
            if corpus is not None
            else _number_of(recipe, tally.target, seed, first + tried) - first - tried + 1
        )
        tally.counts.update(tried=lost, accepted=accepted, refused=refused)
        bar.update(lost)
        hang = _HANGS.get(-process.returncode)
        where = _last_place(told) if hang else f"exit {process.returncode} {_last_place(told)}"
        details = f"{hang.format(hang_s)}\n{told}" if hang else told
        tally.add("hang" if hang else "crash", where, details, base64.b64encode(recipe).decode())


def _number_of(recipe: bytes, target: str, seed: int, start: int) -> int:
    """Number of a recipe that comes soon after ``start``: the process had not reported all it had done."""
    return next(n for n in range(start, start + 10**7) if numbered_recipe(target, seed, n) == recipe)


def _heard(line: str, tally: Tally, bar: tqdm[Any]) -> int:
    """Counts what the process reports; how many inputs that are."""
    said = json.loads(line)
    if "done" not in said:
        tally.add(**said)
        return 0
    tally.counts.update(tried=said["done"], accepted=said["accepted"], refused=said["refused"])
    bar.update(said["done"])
    return int(said["done"])


def _last_place(told: str) -> str:
    """Where faulthandler saw the process last, and from where in the project that was called."""
    lines = [line.strip() for line in told.splitlines() if line.strip().startswith("File ")]
    ours = [line for line in lines if "site-packages" not in line and "/lib/python" not in line]
    return " ".join(dict.fromkeys((*lines[:1], *ours[:1])))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs what the command line asks for."""
    from fuzzing.targets import TARGETS

    parser = argparse.ArgumentParser(
        prog="python -m fuzzing.run", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--target", choices=("all", *TARGETS), default="all")
    parser.add_argument("--count", type=int, default=10_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input, to continue a run")
    parser.add_argument("--corpus", type=Path, help="folder that Atheris keeps recipes in; without it: none")
    parser.add_argument("--json", type=Path, help="file for counts, seeds and findings")
    parser.add_argument("--save", type=Path, help="folder for the recipes of findings")
    parser.add_argument("--replay", type=Path, help="a saved recipe to try once more, in this process")
    arguments = parser.parse_args(argv)
    if arguments.replay is not None:
        from fuzzing.examination import examined

        found = examined(TARGETS[arguments.target], [arguments.replay.read_bytes()], limits=True)
        print("\n".join(f"{each.kind} {each.where}\n{each.details}" for each in found) or "nothing found")
        return bool(found)
    tallies = []
    for name, count in _counts(arguments.target, arguments.count):
        tallies.append(fuzz(name, count, arguments.seed, arguments.first, arguments.corpus))
        print(tallies[-1].sentence(), flush=True)
        if arguments.json is not None:
            _write(tallies, arguments.json)
        if arguments.save is not None:
            _save(tallies[-1], arguments.save)
        if tallies[-1].counts["tried"] < count:
            break
    return any(tally.findings for tally in tallies)


def _counts(target: str, count: int) -> Iterator[tuple[str, int]]:
    if target != "all":
        yield target, count
        return
    whole = sum(SHARES.values())
    for name, share in SHARES.items():
        yield name, -(-count * share // whole)


def _write(tallies: Sequence[Tally], file: Path) -> None:
    content = {
        "inputs": sum(tally.counts["tried"] for tally in tallies),
        "recipe_bytes": RECIPE_BYTES,
        "targets": [vars(tally) for tally in tallies],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _save(tally: Tally, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, entry in enumerate(tally.findings.values(), 1):
        (folder / f"{tally.target}-{number}.recipe").write_bytes(base64.b64decode(entry["recipe"]))


if __name__ == "__main__":
    # A shell lets what it starts in the background ignore the first.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    sys.exit(main())
