"""A training that was killed goes on where it stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from public_set import PublicSet

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.architectures import Network
from training.data import Samples, load, training_seeds, training_shards
from training.distribution import Distribution, DistributionError, distribution
from training.recipe import Plan, Recipe, recipe_of
from training.run import HISTORY
from training.train import train

ROOT = Path(__file__).resolve().parents[2]
NETWORK = {
    "widths": [32, 32, 32, 32],
    "depths": [0, 0, 0, 0],
    "dense": 32,
    "refinement": {"widths": [32, 32], "depths": [0, 0]},
}
PLAN = {"size": 64, "batch": 4, "steps": 12, "validate_every": 4, "warm_up": 1, "ema": 0.5}


@pytest.fixture(scope="module")
def run(cache: Path, validation: Samples) -> Callable[[Path], object]:
    """Does what ``_command`` does in this process, which has TensorFlow already."""
    samples = load(training_shards(cache, training_seeds(2), PLAN["size"], None))
    recipe = recipe_of({"network": NETWORK, "plan": PLAN})
    return lambda out: train(recipe, samples, validation, out, distribution("none"))


@pytest.fixture(scope="module")
def alone(run: Callable[[Path], object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a miniature training by one process, not disturbed."""
    folder = tmp_path_factory.mktemp("training") / "alone"
    run(folder)
    return folder


def test_killed_training_comes_to_the_result_of_one_left_alone(
    alone: Path, run: Callable[[Path], object], cache: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    with subprocess.Popen(_command(cache, killed), cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 300
        while not (killed / "checkpoints" / "ckpt-2.index").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
    run(killed)
    histories = [json.loads((folder / HISTORY).read_text()) for folder in (alone, killed)]
    assert [entry["step"] for entry in histories[0]] == [entry["step"] for entry in histories[1]]
    for expected, found in zip(*histories, strict=True):
        assert found == pytest.approx(expected, rel=1e-2)


def test_training_stops_early_when_nothing_improves(
    miniature: Network, samples: Samples, validation: Samples, tmp_path: Path
) -> None:
    plan = Plan(size=64, batch=4, steps=60, learning_rate=0.0, validate_every=2, patience=2, ema=0.0)
    history = train(Recipe(miniature, plan), samples, validation, tmp_path, distribution("none"))
    assert len(history) < 30
    scores = np.array([entry["score"] for entry in history])
    assert len(scores) - 1 - scores.argmin() == 2


def test_two_workers_come_to_the_result_of_one(alone: Path, cache: Path, tmp_path: Path) -> None:
    """On the same batches; only batch normalisation sees halves of them."""
    two = tmp_path / "two"
    workers = [f"localhost:{_free_port()}" for _ in range(2)]
    processes = []
    for index in range(2):
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        command = [*_command(cache, two), "--distribute", "workers"]
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE))
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors.decode()[-2000:]
    histories = [json.loads((folder / HISTORY).read_text()) for folder in (alone, two)]
    assert [entry["step"] for entry in histories[1]] == [4, 8, 12]
    last = [history[-1]["mean_px"] for history in histories]
    assert last[1] == pytest.approx(last[0], rel=0.2)


def test_a_fold_of_annotated_patients_trains_and_validates(tmp_path: Path) -> None:
    """Also where only four landmarks are labelled, and one of them is missing."""
    public = PublicSet(tmp_path)
    for patient in ("001", "002"):
        for frame in range(2):
            public.frame(patient, f"{patient}_{frame:03d}", {"AA1": (60, 120), "STJ2": (90, 60)})
    public.fold(1, {"0001": ["1_000", "1_001"]}, {"0002": ["2_000", "2_001"]})
    public.fold(2, {"0001": ["1_000"]}, {"001": ["1_001"]})
    words = ["--data", str(public.root), "--folds", str(public.manifests)]
    command = [*_command(tmp_path, tmp_path / "out"), *words, "--steps", "2"]
    done = subprocess.run([*command, "--fold", "1"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "fold_01: 2 frames train, 2 validate" in done.stdout
    (entry,) = json.loads((tmp_path / "out" / HISTORY).read_text())
    assert np.isfinite([entry["score"], entry["median_px"]]).all()
    assert entry["macro_f1"] is None  # nobody said of any landmark that it is not there
    refused = subprocess.run([*command, "--fold", "2"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "patient 0001 is in train_patients.txt and in val_patients.txt" in refused.stderr


def test_training_logs_its_validations_for_tensorboard(alone: Path) -> None:
    (events,) = (alone / "logs").glob("events.*")
    assert b"validation/mean_px" in events.read_bytes()


def test_broken_cluster_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", "{}")
    with pytest.raises(DistributionError, match="TF_CONFIG has to name the workers"):
        distribution("workers")


def test_batch_that_devices_cannot_share_evenly_is_refused() -> None:
    class Strategy:
        num_replicas_in_sync = 3

    with pytest.raises(DistributionError, match="32 cannot be divided among 3"):
        Distribution(Strategy(), 0, 3).rows(32)


def _command(cache: Path, out: Path) -> list[str]:
    small = out.parent / "miniature.yaml"
    small.write_text(yaml.safe_dump({"network": NETWORK, "plan": PLAN}))
    data = ["--cache", str(cache), "--training", "2", "--validation", "2", "--threads", "1"]
    return [sys.executable, "-m", "training.train", "--out", str(out), "--recipe", str(small), *data]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])
