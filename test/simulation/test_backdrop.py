"""Real frames behind simulated devices; the pictures here are drawn, and stand for such frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.landmarks import Landmark
from tavi_perception.simulation.backdrop import SPLITS, BackgroundError, Backgrounds, backdrop, split_of
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.samples import samples
from tavi_perception.simulation.scene import Contents, Scene, at_rest
from tavi_perception.simulation.truth import truth_of

SIZE = 128


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    rng = np.random.default_rng(0)
    for number in range(12):
        grey = cv2.GaussianBlur(rng.uniform(60, 220, (160, 200)).astype(np.float32), (0, 0), 9)
        cv2.imwrite(str(folder / f"frame{number}.png"), grey)
    return folder


def test_no_picture_is_in_both_splits(pool: Path) -> None:
    training, validation = (set(Backgrounds(pool, split).files) for split in SPLITS)
    assert training and validation and not training & validation
    assert len(training | validation) == 12


@given(st.text(min_size=1))
def test_a_pictures_split_depends_on_its_name_alone(name: str) -> None:
    assert split_of(name) == split_of(name)
    assert split_of(name) in SPLITS


def test_the_same_seed_gives_the_same_frames_before_the_same_pool(pool: Path) -> None:
    backgrounds = Backgrounds(pool, "training")
    first, again = (list(samples(7, SIZE, 2, backgrounds=backgrounds)) for _ in range(2))
    for (image, truth), (other, same) in zip(first, again, strict=True):
        assert np.array_equal(image, other)
        assert np.array_equal(truth.keypoints.xy, same.keypoints.xy, equal_nan=True)


def test_the_picture_shows_through_where_no_device_is() -> None:
    grey = np.full((SIZE, SIZE), 200, np.uint8)
    grey[:, SIZE // 2 :] = 100
    real = backdrop(grey, np.random.default_rng(1), SIZE)
    scene = Scene(
        np.random.default_rng(2), SIZE, SimulationConfig(), Contents(False, False, True), backdrop=real
    )
    image = scene.render(at_rest(scene, DeviceState(0.0)), np.random.default_rng(3))
    bright = real.transmission > np.median(real.transmission)
    assert image[bright].mean() > image[~bright].mean() + 20


def test_landmarks_under_the_pictures_black_border_are_hidden() -> None:
    rng = np.random.default_rng(4)
    plain = Scene(np.random.default_rng(5), SIZE, SimulationConfig())
    pixels = truth_of(plain, at_rest(plain, DeviceState(0.0)), float("nan")).keypoints.xy
    column = int(np.nanmax(pixels[:, 0]))
    grey = np.full((SIZE, SIZE), 150, np.uint8)
    grey[:, max(0, column - 12) :] = 0
    real = backdrop(grey, rng, SIZE)
    scene = Scene(np.random.default_rng(5), SIZE, SimulationConfig(), backdrop=real)
    moment = at_rest(scene, DeviceState(0.0))
    hidden = real.hides(pixels)
    assert hidden.any()
    assert not truth_of(scene, moment, float("nan")).keypoints.present[hidden].any()


def test_a_dark_place_within_the_picture_hides_nothing() -> None:
    grey = np.full((SIZE, SIZE), 150, np.uint8)
    grey[40:80, 40:80] = 0
    assert not backdrop(grey, np.random.default_rng(0), SIZE).blank.any()


def test_a_frame_without_a_device_has_no_landmark_of_one(pool: Path) -> None:
    backgrounds = Backgrounds(pool, "training")
    devices = [Landmark.CP, Landmark.CD, Landmark.CT, Landmark.FE1, Landmark.FE2]
    shown = [
        truth.keypoints.present[devices].any() or truth.foreign
        for seed in range(30)
        for _, truth in samples(seed, 64, 1, backgrounds=backgrounds)
    ]
    assert 1 <= shown.count(False) <= 20


def test_a_folder_that_is_missing_is_named() -> None:
    with pytest.raises(BackgroundError, match="nowhere: there is no such folder"):
        _ = Backgrounds(Path("nowhere"), "training").files


def test_a_folder_without_pictures_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BackgroundError, match=r"holds 0 pictures and none for training; give more"):
        _ = Backgrounds(tmp_path, "training").files


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "frame0.png").write_bytes(b"no picture")
    split = split_of("frame0.png")
    with pytest.raises(BackgroundError, match=r"frame0.png cannot be read as a picture"):
        Backgrounds(tmp_path, split).draw(np.random.default_rng(0), SIZE)


@pytest.mark.parametrize("picture", ["tiny", "huge", "broken"])
def test_picture_that_nothing_can_be_cut_out_of_is_refused_by_name(tmp_path: Path, picture: str) -> None:
    name = next(name for n in range(99) if split_of(name := f"frame{n}.bmp") == "training")
    data = cv2.imencode(".bmp", np.zeros((3, 3), np.uint8))[1].tobytes()
    if picture == "huge":
        data = data[:18] + (60_000).to_bytes(4, "little") * 2 + data[26:]
    (tmp_path / name).write_bytes(data if picture != "broken" else data[:20])
    with pytest.raises(BackgroundError, match=name):
        Backgrounds(tmp_path, "training").draw(np.random.default_rng(1), SIZE)
