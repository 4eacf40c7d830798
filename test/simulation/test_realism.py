"""The measures of realism are the same for real and simulated frames and give the published values."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.realism import (
    OTHER_SYSTEM,
    REFERENCE,
    Row,
    compare,
    main,
    measure_procedure,
    measure_wide,
    read_reference,
    table,
)
from benchmarks.statistics import (
    Device,
    Statistics,
    anatomy_mask,
    device_parts,
    flat_deviation,
    measure,
    residue_deviation,
    shade,
    sinus_shade,
)
from tavi_perception.simulation.seeds import VALIDATION

FRAME = Path(__file__).parents[3] / "shared" / "reference" / "tavi_positioning_frame.png"

needs_frame = pytest.mark.skipif(not FRAME.exists(), reason="the reference frame is not there")

STATISTICS = Statistics(*(float(index) for index in range(len(fields(Statistics)))))


def grey(level: int = 150) -> np.ndarray:
    return np.full((1000, 1000), level, dtype=np.uint8)


@needs_frame
def test_the_real_frame_measures_as_published() -> None:
    image = read_reference(FRAME)
    measured = measure(image, REFERENCE)
    capsule, block, cone = (shade(image, part) for part in device_parts(REFERENCE))
    sinus = sinus_shade(image, REFERENCE)
    assert measured.mean == pytest.approx(164, abs=10)  # without the white print
    assert measured.dark == pytest.approx(85, abs=4)
    assert measured.median == pytest.approx(170, abs=10)
    assert measured.flat == pytest.approx(3, abs=0.5)
    assert measured.residue == pytest.approx(4.4, abs=0.8)
    assert (capsule.inside, capsule.around) == pytest.approx((82, 114), abs=8)
    assert (block.inside, cone.inside) == pytest.approx((72, 85), abs=5)
    assert (sinus.inside, sinus.around) == pytest.approx((123, 175), abs=8)


@needs_frame
def test_measures_hardly_change_when_landmarks_are_read_a_little_differently() -> None:
    image = read_reference(FRAME)
    there = measure(image, REFERENCE)
    for shift in ((3.0, 0.0), (0.0, 3.0), (-3.0, 0.0), (0.0, -3.0)):
        moved = Device(*(getattr(REFERENCE, name) + shift for name in ("cp", "cm", "cd", "ct", "aa1")))
        here = measure(image, moved)
        for quantity in ("capsule", "block", "cone", "sinus"):
            assert getattr(here, quantity) == pytest.approx(getattr(there, quantity), abs=15)


def test_a_uniform_image_has_no_contrast_and_no_noise() -> None:
    measured = measure(grey(), REFERENCE)
    assert (measured.mean, measured.dark, measured.bright) == (150, 150, 150)
    assert (measured.flat, measured.residue) == pytest.approx((0, 0), abs=1e-4)
    assert (measured.capsule, measured.block, measured.cone, measured.sinus) == (0, 0, 0, 0)


def test_a_darker_part_has_the_contrast_of_its_shade() -> None:
    image = grey()
    for part in device_parts(REFERENCE):
        pixels = np.round(part.inside).astype(int)
        image[pixels[:, 1], pixels[:, 0]] = 100
    measured = measure(image, REFERENCE)
    assert (measured.capsule, measured.block, measured.cone) == (50, 50, 50)


def test_noise_of_known_deviation_is_found_beside_structure() -> None:
    rng = np.random.default_rng(0)
    image = np.clip(150 + 4 * rng.standard_normal((1000, 1000)), 0, 255)
    image[:500] += 30 * np.sin(np.arange(1000) / 3)
    assert flat_deviation(image.astype(np.uint8)) == pytest.approx(4, abs=0.4)


def test_residue_is_the_noise_and_not_the_slow_anatomy() -> None:
    rng = np.random.default_rng(0)
    slow = 120 + 60 * np.sin(np.arange(1000) / 100)
    image = np.clip(slow + 4 * rng.standard_normal((1000, 1000)), 0, 255).astype(np.uint8)
    assert residue_deviation(image) == pytest.approx(4, abs=0.3)


def test_borders_and_print_do_not_count() -> None:
    image = grey()
    image[:131, :131] = 255
    image[:, -60:] = 240
    image[-90:] = 0
    measured = measure(image, REFERENCE)
    assert (measured.mean, measured.dark, measured.bright) == (150, 150, 150)
    assert 0.6 < anatomy_mask().mean() < 0.65


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="realism"):
        measure(np.zeros((512, 512), dtype=np.uint8), REFERENCE)


def test_a_quantity_is_covered_between_the_10th_and_90th_percentile() -> None:
    simulated = [replace(STATISTICS, mean=float(value)) for value in range(101)]
    covered = {real: compare({"mean": real}, simulated)[0].covered for real in (9.0, 50.0, 91.0)}
    assert covered == {9.0: False, 50.0: True, 91.0: False}


def test_what_could_not_be_measured_does_not_count() -> None:
    simulated = [replace(STATISTICS, sinus=value) for value in (8.0, float("nan"), 10.0)]
    (row,) = compare({"sinus": 9.0}, simulated)
    assert (row.middle, row.covered) == (9.0, True)


def test_a_wider_training_frame_is_measured_in_all_that_is_known_of_another_system() -> None:
    measured = next(one for seed in VALIDATION if (one := measure_wide(seed)))
    assert np.isfinite([asdict(measured)[quantity] for quantity in OTHER_SYSTEM]).all()


def test_the_table_names_what_is_not_covered() -> None:
    text = table([Row("mean", 5.0, 1.0, 2.0, 3.0), Row("flat", 2.0, 1.0, 2.0, 3.0)])
    assert [line.split()[-1] for line in text.splitlines()] == ["covered", "NO", "yes"]


def test_a_procedure_is_measured_the_same_each_time() -> None:
    first = measure_procedure(VALIDATION.start)
    assert first is not None and first == measure_procedure(VALIDATION.start)


@needs_frame
def test_command_writes_the_rows_and_says_by_its_status_whether_all_are_covered(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    status = main(["--reference", str(FRAME), "--procedures", "2", "--json", str(file)])
    assert status == (0 if '"covered": false' not in file.read_text() else 1)


def test_a_missing_reference_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.png"):
        main(["--reference", str(tmp_path / "nothing.png")])
