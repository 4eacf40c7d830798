"""Paths that no search path and no build tool can hold are refused before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

import machine
from problems import SetupError


@pytest.mark.parametrize("name", ["a:b", "a;b", 'a"b', "a$b", "a\nb", "caf\udce9"])
def test_path_that_would_be_taken_apart_is_refused_in_one_line_that_names_it(name):
    with pytest.raises(SetupError) as caught:
        machine.check_paths(Path("/good"), Path("/clones") / name)

    assert repr(f"/clones/{name}") in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["with space", "it's", "jörg", "a,b", "[x]", "#1", "ünï (2)"])
def test_path_with_other_signs_is_taken(name):
    machine.check_paths(Path("/clones") / name)


@pytest.mark.parametrize("home", ["/home/jörg/.tavi", "/home/o'neill/.tavi"])
def test_home_that_build_tools_stumble_at_is_refused_with_the_remedy(home):
    with pytest.raises(SetupError, match="set TAVI_HOME"):
        machine.check_home(Path(home))
