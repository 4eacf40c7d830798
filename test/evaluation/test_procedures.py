"""The Monte Carlo over procedures: what it keeps, what it counts, and a small one for real."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tavi_perception.commands.evaluate import main
from tavi_perception.estimates import Reason, Stage
from tavi_perception.evaluation.procedures.numbers import figures_of
from tavi_perception.evaluation.procedures.observing import Course, load, observe, save
from tavi_perception.evaluation.procedures.report import tables
from tavi_perception.evaluation.procedures.tracked import RULES, Tracked, joined, track
from tavi_perception.inference.bundle import default_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.pipeline import Pipeline
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.tracking.config import TrackingConfig

RATE = 15.0


def tracked(depth_error: float = 0.5, count: int = 150, seed: int = 1) -> Tracked:
    """Frames of positioning whose depth is all wrong by the same (mm), stated as 0.5."""
    time = np.arange(count) / RATE
    zero = np.zeros(count)
    stage = np.full(count, Stage.POSITIONING, dtype=np.uint8)
    return Tracked(
        seed=np.full(count, seed), time=time, valid=np.ones(count, dtype=bool),
        reasons=np.zeros(count, dtype=int), rules=np.zeros((count, len(RULES)), dtype=bool),
        depth=zero + depth_error, depth_sigma=zero + 0.5, lateral=zero + 0.2, lateral_sigma=zero + 0.2,
        angle=zero + 1.0, angle_sigma=zero + 1.0, extraction=zero, stage=stage, true_stage=stage,
        settled=np.ones(count, dtype=bool), true_depth=zero, contrast_age=np.maximum(time - 4.0, 0.0),
    )  # fmt: skip


def test_constant_error_is_the_median_and_no_jitter() -> None:
    found = figures_of(tracked(0.4))
    assert found["depth_mm_median"] == pytest.approx(0.4)
    assert found["jitter_mm"] == pytest.approx(0.0, abs=1e-9)
    assert found["within_1_sigma"] == 1.0


def test_valid_depth_that_is_far_off_is_listed_with_its_procedure() -> None:
    frames = joined([tracked(seed=1), tracked(3.5, seed=2)])
    found = figures_of(frames)
    assert found["depth_far"] == 150
    assert [row["seed"] for row in found["far"]] == [2]
    assert "| 2 | 150 | +3.5 |" in tables(found)


def held(frames: Tracked, **counts: int) -> Tracked:
    """None of the frames valid; each rule, by its name with underscores, holds in so many of the first."""
    rules = np.zeros_like(frames.rules)
    for name, count in counts.items():
        rules[:count, [rule.name for rule in RULES].index(name.replace("_", " "))] = True
    reasons = np.full(len(frames), int(Reason.NO_ANNULUS))
    return replace(frames, valid=np.zeros(len(frames), dtype=bool), reasons=reasons, rules=rules)


def test_what_is_not_valid_does_not_count_as_error_but_as_reason() -> None:
    found = figures_of(held(tracked(9.0), annulus_unknown=150))
    assert found["depth_far"] == 0 and found["valid"] == 0.0
    assert found["not_valid"] == {"NO_ANNULUS": 1.0}


def test_rules_are_counted_within_their_reason_together_and_alone() -> None:
    found = figures_of(held(tracked(), annulus_unknown=150, device_not_seen=30))
    assert found["not_valid_rules"] == [
        {"reason": "NO_ANNULUS", "rule": "annulus unknown", "frames": 150, "alone": 120},
        {"reason": "DEVICE_NOT_VISIBLE", "rule": "device not seen", "frames": 30, "alone": 0},
    ]
    assert "| NO_ANNULUS | 150 | 100.0% | |\n| – annulus unknown | 150 | 100.0% | 120 |" in tables(found)


def test_outages_are_counted_within_each_procedure() -> None:
    frames = [tracked(seed=seed) for seed in (1, 2)]
    for each, last in zip(frames, (30, 15), strict=True):
        each.valid[:last] = False
    found = figures_of(joined(frames))
    assert found["outages"] == 2
    assert found["outage_s_median"] == pytest.approx(1.5)
    assert found["outage_s_longest"] == pytest.approx(2.0)


@pytest.mark.parametrize("frames_late", [0, 1, 2])
def test_lag_is_the_delay_in_frames(frames_late: int) -> None:
    frames = tracked(0.0)
    swinging = 5.0 * np.sin(np.pi / 2 * frames.time)
    late = 5.0 * np.sin(np.pi / 2 * (frames.time - frames_late / RATE))
    frames = replace(frames, true_depth=swinging, depth=late - swinging)
    assert figures_of(frames)["lag_frames"] == pytest.approx(frames_late, abs=0.15)


def test_noise_is_jitter() -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.3, 150)
    frames = replace(tracked(), depth=1.0 + noise)
    assert figures_of(frames)["jitter_mm"] == pytest.approx(0.3, rel=0.2)


def test_groups_by_contrast_hold_every_frame_once() -> None:
    found = figures_of(tracked())
    assert sum(row["frames"] for row in found["contrast"].values()) == 150
    assert sum(row["frames"] for row in found["ages"].values()) == 150


def test_small_monte_carlo_is_written_kept_and_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [
        "--procedures", "1", "--first-seed", "950000", "--duration", "8", "--frame-rate", "5",
        "--size", "512", "--cache", str(tmp_path / "kept"), "--workers", "1",
    ]  # fmt: skip
    assert main([*options, "--out", str(tmp_path / "out"), "--json", str(tmp_path / "first.json")]) == 0
    report = (tmp_path / "out" / "report.md").read_text()
    assert "1 simulated procedures" in report and "| contrast with |" in report
    assert (tmp_path / "out" / "over_time.png").stat().st_size > 10_000
    (kept,) = (tmp_path / "kept").rglob("*.npz")
    observed = load(kept)
    assert len(observed) == 40 and observed.seed == 950_000
    save(observed, tmp_path / "again.npz")
    np.testing.assert_array_equal(track(load(tmp_path / "again.npz")).depth, track(observed).depth)

    monkeypatch.setattr("tavi_perception.evaluation.procedures.observing.observe", None)
    assert main([*options, "--json", str(tmp_path / "second.json")]) == 0
    first, second = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("first", "second"))
    assert first == second


def test_kept_observations_give_what_the_pipeline_of_the_node_gives(tmp_path: Path) -> None:
    course, seed, config = Course(duration=6.0, frame_rate=5.0, size=512), 950_001, TrackingConfig()
    predictor = Predictor(default_bundle(), "litert")
    save(observe(seed, course, predictor), tmp_path / "kept.npz")
    kept = track(load(tmp_path / "kept.npz"))

    procedure, pipeline = RenderedProcedure(seed, 6.0, 5.0, 512), Pipeline(predictor.predict)
    processed = [
        pipeline.process(frame.image, frame.time, procedure.geometry_at(index), config).deviation
        for index, frame in enumerate(procedure)
    ]
    judged = [processed[round(time * 5.0)] for time in kept.time.tolist()]
    assert len(judged) > 10
    assert kept.valid.any()
    assert kept.valid.tolist() == [each.valid for each in judged]
    assert kept.reasons.tolist() == [int(each.reasons) for each in judged]
    truth = [1e3 * procedure.truth(round(time * 5.0)).deviation.depth for time in kept.time.tolist()]
    np.testing.assert_allclose(kept.depth, [1e3 * each.depth for each in judged] - np.array(truth), atol=1e-9)
