"""How ./tavi test shares out its arguments and adds up its results."""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from home import Home, Part
from problems import SetupError
from verify import TRAINING, Counts, Run, prepare, select


def test_options_go_to_both_environments(monkeypatch, root):
    monkeypatch.chdir(root)

    selection = select(["-k", "annulus"])

    assert selection.options == ["-k", "annulus"]
    assert selection.runtime is not None
    assert f"--ignore={TRAINING}" in selection.runtime


def test_all_tests_are_shared_out_to_two_processes_and_chosen_ones_are_not(monkeypatch, root):
    monkeypatch.chdir(root)

    assert "--numprocesses=2" in select([]).runtime
    for chosen in (["-k", "annulus"], ["test/platform/test_verify.py"]):
        assert "--numprocesses=2" not in [*select(chosen).runtime, *select(chosen).options]


def test_named_file_runs_only_in_the_environment_that_tests_it(monkeypatch, root):
    monkeypatch.chdir(root)

    selection = select(["test/platform/test_verify.py"])

    assert selection.runtime == [str(root / "test/platform/test_verify.py")]
    assert selection.training is None


def test_counts_of_two_runs_are_added_and_empty_ones_left_out():
    total = Counts(passed=3, skipped=1) + Counts(passed=2, errors=1)

    assert str(total) == "5 passed, 1 skipped, 1 errors"


def test_two_environments_are_prepared_at_the_same_time(tmp_path):
    chains, both = [], threading.Barrier(2, timeout=30)
    for name in ("one", "other"):
        checked = Part(tmp_path / f"{name}-checked", "checking", "a", lambda: None)
        chains.append((Home(tmp_path, name), [checked, Part(tmp_path / name, "making it", "a", both.wait)]))

    prepare(chains)

    assert (tmp_path / "one").exists() and (tmp_path / "other").exists()


@pytest.mark.parametrize("failing", ["one", "other"])
def test_environment_that_cannot_be_prepared_is_said_and_the_other_one_is_finished(tmp_path, failing):
    def make(name: str) -> None:
        if name == failing:
            raise SetupError(f"{name} failed")

    names = ("one", "other")
    chains = [
        (
            Home(tmp_path, name),
            [
                Part(tmp_path / f"{name}-checked", "checking", "a", lambda: None),
                Part(tmp_path / name, "making it", "a", partial(make, name)),
            ],
        )
        for name in names
    ]

    with pytest.raises(SetupError, match=f"{failing} failed"):
        prepare(chains)

    assert [name for name in names if (tmp_path / name).exists()] == [n for n in names if n != failing]


def test_nothing_is_downloaded_where_the_machine_lacks_something(tmp_path):
    def refuse() -> None:
        raise SetupError("there is no compiler")

    first = Home(tmp_path, "one"), [Part(tmp_path / "one", "checking", "a", refuse)]
    second = Home(tmp_path, "other"), [Part(tmp_path / "other", "downloading", "a", lambda: None)]

    with pytest.raises(SetupError, match="no compiler"):
        prepare([first, second])

    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("aside", [False, True])
def test_a_run_counts_its_tests_and_is_heard(tmp_path, capfd, aside):
    tests = tmp_path / "test_two.py"
    tests.write_text("def test_good(): pass\ndef test_bad(): assert not 'what it says'\n")
    environment = SimpleNamespace(
        home=SimpleNamespace(own=tmp_path),
        folder=Path("runtime"),
        python=sys.executable,
        variables=lambda: dict(os.environ),
    )

    passed, counts = Run(environment, [str(tests), "-p", "no:cacheprovider"], aside=aside).finish()

    assert not passed and counts == Counts(passed=1, failed=1)
    assert "what it says" in capfd.readouterr().out
