"""``./tavi evaluate`` measures a bundle on patients, the benchmark, a data set and a bag."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tavi_perception.bags.topics import BagError
from tavi_perception.bags.types import message_store
from tavi_perception.bags.writer import BagWriter
from tavi_perception.commands.evaluate import main
from tavi_perception.estimates import Keypoints
from tavi_perception.evaluation.bag import FOUND, IMAGES, TRUTH, open_bag
from tavi_perception.evaluation.sources import evaluate_patients
from tavi_perception.evaluation.tables import landmark_table
from tavi_perception.inference.bundle import default_bundle
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT
from tavi_perception.simulation.seeds import BENCHMARK, CARDS

from .conftest import labelled

SIZE = 300


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def first(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Figures of a first run, which renders a benchmark of one procedure."""
    file = tmp_path_factory.mktemp("figures") / "figures.json"
    words = ["--benchmark", "1", "--size", str(SIZE), "--cache", str(cache), "--workers", "1"]
    assert main([*words, "--json", str(file), "--out", str(file.parent / "out")]) == 0
    assert (file.parent / "out" / "report.md").exists()
    return json.loads(file.read_text())


def test_benchmark_is_ten_frames_of_the_benchmark_s_seeds(first: dict) -> None:
    assert first["frames"] == 10
    assert (first["first_seed"], first["seeds"]) == (BENCHMARK.start, "benchmark")
    assert first["size_px"] == SIZE
    assert set(first["stages"]) <= {"positioning", "retraction", "deployment", "released"}


def test_figures_say_what_they_were_measured_with(first: dict) -> None:
    bundle = default_bundle()
    assert first["model"] == {"name": bundle.name, "version": bundle.version, "sha256": bundle.sha256}
    assert first["machine"]["cores"] >= 1
    assert "numpy" in first["machine"]["versions"]


def test_data_set_on_disk_gives_the_figures_of_the_benchmark_again(
    first: dict, cache: Path, tmp_path: Path
) -> None:
    file = tmp_path / "figures.json"
    (description,) = cache.rglob("dataset.json")
    assert main(["--data", str(description.parent), "--json", str(file)]) == 0
    again = json.loads(file.read_text())
    for key in ("frames", "median_px", "macro_f1", "landmarks", "stages"):
        assert again[key] == first[key]


def test_fresh_patients_give_the_figures_of_a_card() -> None:
    figures = evaluate_patients(default_bundle(), CARDS[:1], SIZE)
    assert figures["frames"] == FRAMES_PER_PATIENT
    assert "| all |" in landmark_table(figures)


def test_missing_data_set_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("tavi evaluate: ")


def keypoints_cdr(stamp_ns: int, keypoints: Keypoints) -> bytes:
    store = message_store()
    point = store.types["tavi_msgs/msg/Keypoint"]
    points = [
        point(
            id=index,
            presence=float(keypoints.presence[index]),
            present=bool(keypoints.present[index]),
            measured=bool(keypoints.measured[index]),
            x=float(keypoints.xy[index, 0]),
            y=float(keypoints.xy[index, 1]),
            covariance=keypoints.covariance[index].ravel()[[0, 1, 3]],
        )
        for index in range(11)
    ]
    message = store.types["tavi_msgs/msg/KeypointArray"](
        header(stamp_ns), keypoints.width, keypoints.height, points
    )
    return bytes(store.serialize_cdr(message, "tavi_msgs/msg/KeypointArray"))


def image_cdr(stamp_ns: int, image: np.ndarray) -> bytes:
    store = message_store()
    height, width = image.shape
    fields = (header(stamp_ns), height, width, "mono8", 0, width, image.ravel())
    message = store.types["sensor_msgs/msg/Image"](*fields)
    return bytes(store.serialize_cdr(message, "sensor_msgs/msg/Image"))


def header(stamp_ns: int) -> object:
    store = message_store()
    stamp = store.types["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 1_000_000_000))
    return store.types["std_msgs/msg/Header"](stamp, "fluoro")


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Four frames with truth; the perception has answered three of them, always 3 px to the right."""
    rng = np.random.default_rng(0)
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic(IMAGES[0], "sensor_msgs/msg/Image")
        for topic in (FOUND, TRUTH):
            writer.add_topic(topic, "tavi_msgs/msg/KeypointArray")
        for index in range(4):
            stamp, frame = index * 66_666_667, labelled(index, rng, image=True)
            covariance = np.where(frame.visible[:, None, None], np.eye(2), np.nan)
            truth = Keypoints(
                500, 500, frame.visible * 1.0, frame.visible, frame.visible, frame.xy, covariance
            )
            found = Keypoints(
                500,
                500,
                frame.visible * 0.9,
                frame.visible,
                frame.visible,
                frame.xy + np.array([3.0, 0.0]),
                covariance,
            )
            writer.write(IMAGES[0], image_cdr(stamp, frame.image), stamp)
            writer.write(TRUTH, keypoints_cdr(stamp, truth), stamp)
            if index != 2:
                writer.write(FOUND, keypoints_cdr(stamp, found), stamp + 1)
    return tmp_path / "bag"


def test_recorded_keypoints_are_matched_by_stamp(bag: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert main(["--bag", str(bag), "--json", str(file), "--out", str(tmp_path / "out")]) == 0
    figures = json.loads(file.read_text())
    assert figures["frames"] == 3
    assert figures["unanswered"] == 1
    assert figures["median_px"] == pytest.approx(6.0)
    assert figures["macro_f1"] == 1.0
    assert figures["model"] is None
    assert (tmp_path / "out" / "worst_frames.png").exists()


def test_model_is_run_anew_on_the_images_of_a_bag(bag: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    model = str(default_bundle().folder)
    assert main(["--bag", str(bag), "--model", model, "--json", str(file)]) == 0
    figures = json.loads(file.read_text())
    assert figures["frames"] == 4
    assert figures["model"]["name"] == default_bundle().name


def test_bag_without_truth_is_refused(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic(IMAGES[0], "sensor_msgs/msg/Image")
        writer.write(IMAGES[0], image_cdr(0, np.zeros((8, 8), np.uint8)), 0)
    with pytest.raises(BagError, match="holds no /truth/keypoints"):
        open_bag(tmp_path / "bag")
