"""What others wrote is read or refused in one sentence; the long runs are those of fuzzing.run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from breaking_readers import ONE_IN

from fuzzing import run
from fuzzing.choices import Choices, numbered_recipe
from fuzzing.examination import examined
from fuzzing.run import SHARES, Tally, _counts, fuzz, main
from fuzzing.target import Target
from fuzzing.targets import TARGETS

ROOT = Path(__file__).parents[2]
SEED = 20


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_inputs_are_read_or_refused_in_one_sentence(name: str) -> None:
    target = TARGETS[name]
    recipes = [numbered_recipe(name, SEED, number) for number in range(target.tests)]
    assert examined(target, recipes) == []


def reading(read) -> Target:
    """A target that reads a file of three bytes with a function."""

    def make(_: None, __: Choices, folder: Path) -> Path:
        (folder / "file").write_bytes(b"abc")
        return folder / "file"

    return Target("ours", (OSError,), lambda _: None, make, read)


def test_an_exception_that_was_not_promised_is_found() -> None:
    [finding] = examined(reading(lambda path: {}[path]), [b"x"])
    assert finding.kind == "exception" and finding.where.startswith("KeyError")


def test_a_promised_exception_is_none() -> None:
    assert examined(reading(lambda path: path.iterdir().__next__()), [b"x"]) == []


def test_a_refusal_of_several_lines_is_found() -> None:
    def refuse(_: Path) -> None:
        raise OSError("one\ntwo")

    assert [finding.kind for finding in examined(reading(refuse), [b"x"])] == ["sentence"]


@pytest.mark.parametrize("where", ["../secret", "../../../secret"])
def test_a_file_read_outside_of_the_inputs_folder_is_found(where: str) -> None:
    found = examined(reading(lambda path: open(path.parent / where)), [b"x"])  # noqa: SIM115, PTH123
    assert [finding.kind for finding in found] == ["files"]


def test_memory_that_was_asked_for_in_vain_is_found_behind_a_refusal() -> None:
    def refuse(_: Path) -> None:
        try:
            raise MemoryError
        except MemoryError as error:
            raise OSError("it is too large") from error

    assert [finding.kind for finding in examined(reading(refuse), [b"x"])] == ["memory"]


TAKES_MEMORY = """
import mmap
from fuzzing.examination import examined
from fuzzing.target import Target

def size(_, choices, __):
    return choices.one_of((1 << 20, 3 << 29))

target = Target("ours", (), lambda _: None, size, lambda size: mmap.mmap(-1, size).close())
print([[finding.kind for finding in examined(target, [recipe], limits=True)] for recipe in (b"", b"1" * 8)])
"""


def test_memory_beyond_the_limit_is_found() -> None:
    # In a process of its own: the peak of this one may be higher already.
    done = subprocess.run([sys.executable, "-c", TAKES_MEMORY], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().strip() == "[[], ['memory']]"


@pytest.mark.parametrize(
    ("reader", "kind", "seed", "hang_s"),
    [("CRASHING", "crash", 22, 9.0), ("SPINNING", "hang", 15, 0.2), ("WAITING", "hang", 21, 0.05)],
)
def test_a_run_goes_on_after_an_input_that_ends_its_process(
    reader: str, kind: str, seed: int, hang_s: float
) -> None:
    name, count = f"breaking_readers:{reader}", 4
    harmful = [Choices(numbered_recipe(name, seed, number)).chance(ONE_IN) for number in range(count)]
    assert any(harmful) and not harmful[0] and not harmful[-1]
    tally = fuzz(name, count, seed, hang_s=hang_s)
    [(found, entry)] = tally.findings.items()
    assert found.startswith(kind) and "breaking_readers.py" in found
    assert entry["count"] == sum(harmful)
    assert tally.counts == {"tried": count, "accepted": count - sum(harmful), "refused": 0}


def test_a_run_that_is_interrupted_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = run._heard

    def interrupted(*arguments) -> None:
        heard(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_heard", interrupted)
    tally = fuzz("breaking_readers:HARMLESS", 10**7, SEED)
    assert 0 < tally.counts["tried"] == tally.counts["accepted"] < 10**7


def test_an_input_follows_from_seed_and_number_alone() -> None:
    assert numbered_recipe("dicom", 1, 5).hex().startswith("01af26267528")
    assert numbered_recipe("dicom", 1, 5) != numbered_recipe("dicom", 2, 5)


def test_choices_after_the_end_of_a_recipe_are_the_first_ones() -> None:
    choices = Choices(b"")
    assert choices.one_of("abc") == "a" and not choices.chance(2) and choices.some_bytes(9) == b""


def test_the_inputs_of_all_targets_add_up() -> None:
    counts = dict(_counts("all", 1_000_000))
    assert counts.keys() == TARGETS.keys() == SHARES.keys()
    assert sum(counts.values()) == 1_000_000


def test_a_finding_is_kept_once_and_counted() -> None:
    tally = Tally("dicom", 1, 0, guided=False)
    for recipe in ("first", "second"):
        tally.add("time", "here", "slow", recipe)
    [entry] = tally.findings.values()
    assert entry["count"] == 2 and entry["recipe"] == "first"


def test_counts_and_findings_of_a_run_are_written_as_json(tmp_path: Path) -> None:
    assert main(["--target", "names", "--count", "20", "--json", str(tmp_path / "run.json")]) == 0
    run = json.loads((tmp_path / "run.json").read_text())
    [names] = run["targets"]
    assert run["inputs"] == names["counts"]["tried"] == 20 and names["findings"] == {}
