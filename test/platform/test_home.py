"""Preparing parts: once, again when they change, and never twice at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import home as home_module
from home import ROOT, Home, Part, digest
from problems import SetupError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


class Made:
    """A part that counts how often it is made."""

    def __init__(self, home: Home) -> None:
        self.times = 0
        self._home = home

    def part(self, key: str = "a") -> Part:
        return Part(self._home.path / "record", "making it", key, self._make)

    def _make(self) -> None:
        self.times += 1


def test_part_that_is_complete_is_not_made_again(home):
    made = Made(home)

    home.prepare([made.part()])
    home.prepare([made.part()])

    assert made.times == 1


def test_part_is_made_again_when_its_key_changes(home):
    made = Made(home)

    home.prepare([made.part("a")])
    home.prepare([made.part("b")])

    assert made.times == 2


def test_interrupted_part_is_made_again_and_those_before_it_are_not(home):
    first, second = Made(home), Made(home)

    def interrupted() -> None:
        raise KeyboardInterrupt

    record = home.path / "second"
    with pytest.raises(KeyboardInterrupt):
        home.prepare([first.part(), Part(record, "second", "b", interrupted)])
    home.prepare([first.part(), Part(record, "second", "b", second._make)])

    assert (first.times, second.times) == (1, 1)


def test_two_processes_at_once_make_a_part_once(home):
    made = Made(home)
    started, may_end = threading.Event(), threading.Event()

    def make_slowly() -> None:
        started.set()
        may_end.wait(10)
        made._make()

    part = Part(home.path / "record", "making it", "a", make_slowly)
    first = threading.Thread(target=home.prepare, args=([part],))
    first.start()
    assert started.wait(10)
    second = threading.Thread(target=Home(home.path).prepare, args=([part],))
    second.start()
    may_end.set()
    first.join(10)
    second.join(10)

    assert made.times == 1


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "is full"),
        ("ERROR: No matching distribution found for numpy==2.2.6", "could not be downloaded"),
        ("Temporary failure in name resolution", "could not be downloaded"),
        ("CMake Error at CMakeLists.txt:1", "setup.log"),
    ],
)
def test_failed_command_is_explained_by_its_output(home, output, sentence):
    home.path.mkdir()

    with pytest.raises(SetupError, match=sentence):
        home.run("Installing", ["sh", "-c", f"echo '{output}'; exit 1"])


def test_digest_of_a_folder_changes_with_the_content_of_a_file(tmp_path):
    (tmp_path / "a.msg").write_text("float64 x")
    before = digest(tmp_path)

    (tmp_path / "a.msg").write_text("float32 x")

    assert digest(tmp_path) != before


def test_own_folder_of_the_clone_holds_everything_by_its_plain_name():
    home = Home(ROOT / ".tavi")

    assert home.own == home.path
    assert home.common("runtime", "a") == home.path / "runtime"


def test_clones_that_share_a_home_keep_what_they_build_apart(home, monkeypatch):
    monkeypatch.setattr(home_module, "ROOT", ROOT.parent / "another")

    other = Home(home.path)

    assert other.path == home.path
    assert other.own != home.own
    assert other.own.is_relative_to(home.path)


def test_clones_that_ask_for_the_same_share_it(home, monkeypatch):
    monkeypatch.setattr(home_module, "ROOT", ROOT.parent / "another")

    assert Home(home.path).common("runtime", "a") == home.common("runtime", "a")
    assert home.common("runtime", "a") != home.common("runtime", "b")
