"""Seeds mean something: ranges that do not overlap, and one that opens only when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.cli import main
from tavi_perception.simulation import seeds
from tavi_perception.simulation.dataset.options import DatasetError, purpose_of
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.samples import samples

FIRST = seeds.SEALED.start


def test_ranges_do_not_overlap() -> None:
    assert all(first.stop <= second.start for first, second in pairwise(seeds.RANGES.values()))
    assert seeds.CARDS.start in seeds.VALIDATION and seeds.CARDS[-1] in seeds.VALIDATION


def test_what_everybody_looks_at_is_no_benchmark() -> None:
    assert seeds.range_of(seeds.DEMO_SEED) == "tuning"


@pytest.mark.parametrize(
    ("first", "count", "name"),
    [
        (2_000_000, 100, "benchmark"),
        (949_999, 2, "validation and tuning"),
        (1_099_999, 2, "tuning and none"),
        (FIRST, 1, "sealed"),
    ],
)
def test_seeds_have_the_name_of_their_range(first: int, count: int, name: str) -> None:
    assert seeds.range_of_all(first, count) == name


@given(seed=st.integers(0, 10**7), procedures=st.integers(1, 10**6))
def test_seeds_are_all_of_one_range_or_refused(seed: int, procedures: int) -> None:
    drawn = range(seed, seed + procedures)
    inside = [name for name, known in seeds.RANGES.items() if drawn[0] in known and drawn[-1] in known]
    if seed in seeds.SEALED:
        with pytest.raises(seeds.SealedSeedError):
            purpose_of(seed, procedures)
    elif inside:
        assert purpose_of(seed, procedures) == inside[0]
    else:
        with pytest.raises(DatasetError, match="do not lie in one range"):
            purpose_of(seed, procedures)


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: RenderedProcedure(seed, duration=1.0, size=64),
        lambda seed: LiveProcedure(seed, size=64),
        lambda seed: next(samples(seed, 64, 1)),
    ],
)
def test_no_patient_is_drawn_from_a_sealed_seed(draw) -> None:
    with pytest.raises(seeds.SealedSeedError, match=f"seed {FIRST} is sealed"):
        draw(FIRST)


@pytest.mark.parametrize(
    "words",
    [
        ["simulate", "--procedures", "1", "--frames", "1", "--size", "64"],
        ["demo", "--duration", "1"],
        ["evaluate", "--procedures", "1", "--duration", "2", "--frame-rate", "5", "--size", "128"],
    ],
)
def test_a_command_without_sealed_opens_no_sealed_seed(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    seed = "--first-seed" if words[0] == "evaluate" else "--seed"
    assert main([*words, seed, str(FIRST), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.startswith(f"tavi {words[0]}: seed {FIRST} is sealed")
    assert not list(tmp_path.rglob("*.png"))


def test_a_command_with_sealed_opens_them_in_its_workers_too(tmp_path: Path) -> None:
    words = ["simulate", "--procedures", "2", "--frames", "1", "--size", "64", "--workers", "2"]
    command = [sys.executable, "-m", "tavi_perception.cli", *words, "--seed", str(FIRST), "--sealed"]
    done = subprocess.run([*command, "--out", str(tmp_path / "out")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.rglob("*.png"))) >= 2
