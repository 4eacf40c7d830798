"""A kept result is found again exactly while nothing that it depends on has changed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception import observer
from tavi_perception.evaluation.procedures import observing
from tavi_perception.fingerprint import ROOT, fingerprint
from tavi_perception.tracking import capsule, continuity, landmark_average, matching, registration

FILES = {
    "__init__.py": "",
    "top.py": '"""Top."""\nimport numpy as np\nfrom tavi_perception.part import helper\n\n'
    "TWO = helper.two(np.pi)\n",
    "part/__init__.py": "",
    "part/helper.py": "from tavi_perception import top\n\n\ndef two(x):\n    return 2 * x\n",
    "other.py": "UNUSED = 1\n",
}
COMMENTS = ("# A comment.", '"""A string that stands by itself."""', "")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        file = root / "tavi_perception" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def changed(package: Path, name: str, text: str) -> tuple[str, str]:
    """Fingerprints of ``top`` before and while a file has another text; the imports go round in a circle."""
    file = package / "tavi_perception" / name
    before = fingerprint("tavi_perception.top", root=package)
    try:
        file.write_text(text)
        return before, fingerprint("tavi_perception.top", root=package)
    finally:
        file.write_text(FILES[name])


@given(name=st.sampled_from(["top.py", "part/helper.py"]), comment=st.sampled_from(COMMENTS), data=st.data())
@settings(max_examples=30, deadline=None)
def test_comments_docstrings_and_blank_lines_change_nothing(package, name, comment, data):
    lines = FILES[name].splitlines()
    places = [i for i, line in enumerate(lines) if not line.startswith(" ")]
    lines.insert(data.draw(st.sampled_from(places)), comment)
    before, after = changed(package, name, "\n".join(lines) + "\n")
    assert after == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("top.py", FILES["top.py"].replace("np.pi", "np.e")),
        ("part/helper.py", FILES["part/helper.py"].replace("2 * x", "3 * x")),
        ("part/__init__.py", "IMPORTED = True\n"),
    ],
)
def test_code_that_is_imported_anywhere_on_the_way_counts(package, name, text):
    before, after = changed(package, name, text)
    assert after != before


def test_a_module_that_is_not_imported_does_not_count(package):
    before, after = changed(package, "other.py", "UNUSED = 2\n")
    assert after == before


def test_what_is_given_counts(package):
    first, second = (fingerprint("tavi_perception.top", root=package, model=model) for model in ("a", "b"))
    assert first != second


def test_a_module_that_is_left_out_does_not_count(package):
    first = fingerprint("tavi_perception.top", root=package, without=("tavi_perception.part.helper",))
    assert first != fingerprint("tavi_perception.top", root=package)


def test_a_module_that_is_missing_is_named(package):
    with pytest.raises(ModuleNotFoundError, match=r"no module tavi_perception\.nothing"):
        fingerprint("tavi_perception.nothing", root=package)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("inference/preprocessing.py", True),
        ("inference/predictor.py", True),
        ("tracking/registration.py", True),
        ("simulation/truth.py", True),
        ("tracking/binding.py", False),
        ("tracking/config.py", False),
        ("nodes/perception_node.py", False),
    ],
)
def test_observations_of_procedures_are_kept_until_what_looks_at_images_changes(
    tmp_path, monkeypatch, name, counts
):
    shutil.copytree(ROOT / "tavi_perception", tmp_path / "tavi_perception")
    monkeypatch.setattr(
        observing, "fingerprint", lambda *modules, **given: fingerprint(*modules, root=tmp_path, **given)
    )
    before = observing._fingerprint("model")
    file = tmp_path / "tavi_perception" / name
    file.write_text(file.read_text() + "\nCHANGED = True\n")
    assert (observing._fingerprint("model") != before) == counts


def test_observations_depend_on_the_parameters_that_their_fingerprint_names():
    used = {
        name
        for module in (observer, continuity, registration, matching, capsule, landmark_average)
        for name in re.findall(r"\bconfig\.(\w+)", Path(module.__file__).read_text())
    } - {"import"}
    assert used == set(observer.PARAMETERS)
