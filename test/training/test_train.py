"""A training that was killed goes on where it stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.architectures import Network
from training.data import Samples
from training.train import Plan, train

MINIATURE = [
    *("--training", "2", "--validation", "2", "--validate-every", "4", "--size", "64", "--batch", "4"),
]
ROOT = Path(__file__).resolve().parents[2]


def test_killed_training_goes_on_from_its_last_checkpoint(cache: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "training.train",
        "--out",
        str(tmp_path),
        "--cache",
        str(cache),
        *MINIATURE,
    ]
    with subprocess.Popen([*command, "--steps", "400"], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "checkpoints" / "ckpt-2.index").exists() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    before = json.loads((tmp_path / "history.json").read_text())
    again = [*command, "--steps", "12"]
    subprocess.run(again, cwd=ROOT, check=True, capture_output=True)
    after = json.loads((tmp_path / "history.json").read_text())
    assert [entry["step"] for entry in after] == sorted({entry["step"] for entry in after})
    # A kill between the history and the checkpoint repeats a validation, to the noise of the sums.
    for kept, again_measured in zip(before[:2], after[:2], strict=True):
        assert again_measured == pytest.approx(kept, rel=1e-3)
    assert after[-1]["step"] >= 12


def test_training_stops_early_when_nothing_improves(
    miniature: Network, samples: Samples, validation: Samples, tmp_path: Path
) -> None:
    plan = Plan(size=64, batch=4, steps=60, learning_rate=0.0, validate_every=2, patience=2, ema=0.0)
    history = train(miniature, plan, samples, validation, tmp_path)
    assert len(history) < 30
    scores = np.array([entry["score"] for entry in history])
    assert len(scores) - 1 - scores.argmin() == 2
