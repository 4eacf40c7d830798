"""Two runs side by side: the difference of each figure and how much of it is chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tavi_perception.estimates import Stage
from tavi_perception.evaluation.compare import compare, main
from tavi_perception.evaluation.procedures.tracked import RULES, Tracked, joined


def run(offset: float, seed: int = 0, procedures: int = 12, frames: int = 60) -> Tracked:
    """Depth errors (mm) that differ from procedure to procedure, shifted by ``offset`` in all of them."""
    rng = np.random.default_rng(seed)
    time, zero = np.arange(frames) / 15.0, np.zeros(frames)
    stage = np.full(frames, Stage.POSITIONING, dtype=np.uint8)
    return joined([
        Tracked(
            seed=np.full(frames, number), time=time, valid=np.ones(frames, dtype=bool),
            reasons=np.zeros(frames, dtype=int), rules=np.zeros((frames, len(RULES)), dtype=bool),
            depth=0.5 + offset + 0.2 * rng.standard_normal() + 0.1 * rng.standard_normal(frames),
            depth_sigma=zero + 0.5, lateral=zero + 0.2, lateral_sigma=zero + 0.2, angle=zero + 1.0,
            angle_sigma=zero + 1.0, extraction=zero, stage=stage, true_stage=stage,
            settled=np.ones(frames, dtype=bool), true_depth=zero, contrast_age=zero,
        )
        for number in range(procedures)
    ])  # fmt: skip


def test_the_same_run_twice_differs_by_nothing() -> None:
    for row in compare(run(0.0), run(0.0), resamples=20):
        assert row.difference == 0.0 or np.isnan(row.difference)
        assert row.error == 0.0 or np.isnan(row.error)


def test_what_is_worse_in_every_procedure_is_more_than_chance() -> None:
    rows = {row.name: row for row in compare(run(0.0), run(0.3), resamples=50)}
    median = rows["depth_mm_median"]
    assert median.difference == pytest.approx(0.3, abs=0.05)
    assert median.difference > 3 * median.error


def test_other_noise_in_the_same_procedures_is_chance() -> None:
    before = run(0.0)
    noise = np.random.default_rng(5).normal(0.0, 0.05, len(before))
    rows = compare(before, replace(before, depth=before.depth + noise), resamples=100)
    (median,) = (row for row in rows if row.name == "depth_mm_median")
    assert abs(median.difference) < 3 * median.error


def test_runs_over_other_seeds_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, procedures in (("a", 3), ("b", 4)):
        np.savez(tmp_path / f"{name}.npz", **vars(run(0.0, procedures=procedures)))
    assert main([str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]) == 1
    assert "not over the same seeds" in capsys.readouterr().err


def test_files_are_compared_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **vars(run(0.0)))
    assert main([str(tmp_path / "a.npz"), str(tmp_path / "a.npz"), "--resamples", "5"]) == 0
    assert "| depth_mm_median |" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04"])
def test_a_file_that_holds_something_else_is_named_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "figures.json").write_bytes(content)
    assert main([str(tmp_path / "figures.json")] * 2) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1 and "figures.json does not hold the frames" in error
