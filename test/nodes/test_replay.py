"""A bag that is played as it was recorded gives a fresh perception node the same answers."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.bags.reader import BagReader

FRAMES = 12


def run(*words):
    command = [sys.executable, "-m", "tavi_perception.cli", "run", *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr


def deviations(bag):
    with BagReader(bag) as reader:
        return [message.value for message in reader.messages(["/tavi/deviation"])]


@pytest.fixture(scope="module")
def recorded(procedure, frames, tmp_path_factory):
    """A run on calibrated frames that show contrast."""
    folder = tmp_path_factory.mktemp("frames")
    for index, image in enumerate(frames[:FRAMES]):
        cv2.imwrite(str(folder / f"{index:02}.png"), image)
    out = tmp_path_factory.mktemp("recorded")
    run(folder, "--pixel-size-mm", procedure.geometry.metres_per_px * 1e3, "--out", out)
    return out / "bag"


def test_a_bag_played_as_recorded_gives_the_same_deviations_at_the_same_times(recorded, tmp_path):
    run(recorded, "--as-recorded", "--out", tmp_path)
    first, again = deviations(recorded), deviations(tmp_path / "bag")
    assert len(first) == FRAMES
    assert [stamp_ns(m) for m in again] == [stamp_ns(m) for m in first]
    assert [m.reasons for m in again] == [m.reasons for m in first]
    for name in ("depth", "depth_sigma", "lateral", "angle"):
        np.testing.assert_array_equal(*([getattr(m, name) for m in messages] for messages in (again, first)))
