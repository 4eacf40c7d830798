"""Many closed loops on real worker processes: what is kept, what a lost worker costs, and what is said."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from distributed import LocalCluster

from tavi_perception.estimates import Keypoints
from tavi_perception.evaluation.closed_loop import study
from tavi_perception.evaluation.closed_loop.loop import LoopOptions
from tavi_perception.evaluation.closed_loop.outcome import Outcome
from tavi_perception.evaluation.closed_loop.run import run_procedure
from tavi_perception.evaluation.closed_loop.study import StudyError, load, run_all, save
from tavi_perception.simulation.seeds import SealedSeedError

FIRST = 950_000


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of one with two workers."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster.scheduler_address


def ended(seed: int) -> Outcome:
    return Outcome(
        seed, "", "DONE", "the valve is released", True, True, 3.0 + 1 / 3, 3.1, 0.5, float("nan"), 60.0, 3,
        2, 0, 0.9, 900, 400, {}, 20.0,
    )  # fmt: skip


def short(duration: float) -> Callable[[int], Outcome]:
    """Real procedures of ``duration`` (s) in which nothing is ever seen."""
    options = LoopOptions(frame_rate=2.0, size=96, robot_rate=10.0, limit=duration)

    def work(seed: int) -> Outcome:
        def predict(image):
            return Keypoints.absent(image.shape[1], image.shape[0])

        return run_procedure(seed, predict, options=options)[0]

    return work


def counted(folder: Path, fails: Callable[[int], None]) -> Callable[[int], Outcome]:
    """Leaves a file for each run of a seed, and calls ``fails`` in the first run of each."""
    outcome = ended(0)

    def work(seed: int) -> Outcome:
        earlier = len(list(folder.glob(f"{seed}-*")))
        (folder / f"{seed}-{earlier}").touch()
        if not earlier:
            fails(seed)
        return Outcome(**{**asdict(outcome), "seed": seed})

    return work


def compared(outcomes: list[Outcome]) -> str:
    """All of them but ``wall``, to the bit."""
    return json.dumps([{**asdict(each), "wall": 0.0} for each in outcomes])


def test_two_workers_give_what_one_gives(tmp_path: Path, scheduler: str) -> None:
    seeds = range(FIRST, FIRST + 2)
    together, _ = run_all(seeds, short(2.0), tmp_path / "two", scheduler=scheduler)
    alone, _ = run_all(seeds, short(2.0), tmp_path / "one", workers=1)
    assert compared(together) == compared(alone)
    assert [each.seed for each in alone] == list(seeds)


def test_killed_worker_loses_nothing(tmp_path: Path, scheduler: str) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def die(seed: int) -> None:
        if seed == FIRST + 3:
            os.kill(os.getpid(), signal.SIGKILL)

    seeds = range(FIRST, FIRST + 8)
    outcomes, pace = run_all(seeds, counted(marks, die), tmp_path / "kept", scheduler=scheduler)
    assert [each.seed for each in outcomes] == list(seeds)
    assert pace.procedures == 8 and pace.simulated == 8 * 60.0
    assert (marks / f"{FIRST + 3}-1").exists()


def test_interrupted_study_goes_on_with_what_is_missing(tmp_path: Path, scheduler: str) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def fail(seed: int) -> None:
        if seed == FIRST + 5:
            raise RuntimeError("interrupted")

    kept, work = tmp_path / "kept", counted(marks, fail)
    run_all(range(FIRST, FIRST + 5), work, kept, scheduler=scheduler)
    with pytest.raises(RuntimeError, match="interrupted"):
        run_all(range(FIRST, FIRST + 6), work, kept, scheduler=scheduler)
    outcomes, pace = run_all(range(FIRST, FIRST + 6), work, kept, scheduler=scheduler)
    assert len(outcomes) == 6 and pace.procedures == 1
    assert len(list(marks.iterdir())) == 7


def test_kept_study_needs_no_workers(tmp_path: Path) -> None:
    save(ended(FIRST), tmp_path)
    outcomes, pace = run_all([FIRST], ended, tmp_path, scheduler="nowhere://at-all")
    assert compared(outcomes) == compared([ended(FIRST)])
    assert pace.procedures == 0


def test_outcome_is_kept_to_the_bit(tmp_path: Path) -> None:
    save(ended(FIRST), tmp_path)
    assert compared([load(tmp_path, FIRST)]) == compared([ended(FIRST)])
    assert [file.name for file in tmp_path.iterdir()] == ["0950000.json"]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x"])
def test_wrong_scheduler_address_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(study, "_CONNECT_S", 1)
    with pytest.raises(StudyError, match=f"no scheduler answers at '{address}'; start one"):
        run_all([FIRST], ended, tmp_path, scheduler=address)


def test_scheduler_without_workers_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "_CONNECT_S", 1)
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster,
        pytest.raises(StudyError, match="has no workers; start some"),
    ):
        run_all([FIRST], ended, tmp_path, scheduler=cluster.scheduler_address)


def test_sealed_seed_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(SealedSeedError):
        run_all([3_000_000], ended, tmp_path, scheduler="nowhere://at-all")
