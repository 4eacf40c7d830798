"""How ./tavi test shares out its arguments and adds up its results."""

from __future__ import annotations

from verify import TRAINING, Counts, select


def test_options_go_to_both_environments(monkeypatch, root):
    monkeypatch.chdir(root)

    selection = select(["-k", "annulus"])

    assert selection.options == ["-k", "annulus"]
    assert selection.runtime is not None
    assert f"--ignore={TRAINING}" in selection.runtime


def test_named_file_runs_only_in_the_environment_that_tests_it(monkeypatch, root):
    monkeypatch.chdir(root)

    selection = select(["test/platform/test_verify.py"])

    assert selection.runtime == [str(root / "test/platform/test_verify.py")]
    assert selection.training is None


def test_counts_of_two_runs_are_added_and_empty_ones_left_out():
    total = Counts(passed=3, skipped=1) + Counts(passed=2, errors=1)

    assert str(total) == "5 passed, 1 skipped, 1 errors"
