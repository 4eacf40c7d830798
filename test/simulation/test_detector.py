"""The image of a pulse has the noise, the blur, the borders and the bytes that its technique says."""

from __future__ import annotations

from dataclasses import replace

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from tavi_perception.simulation.borders import Burn, Shutter
from tavi_perception.simulation.display import Display
from tavi_perception.simulation.distributions import Chance, LogUniform, Normal, Uniform
from tavi_perception.simulation.grain import Grain
from tavi_perception.simulation.technique import ImageConfig, Technique, draw_technique
from tavi_perception.simulation.video import Capture
from tavi_perception.simulation.xray import Imager

SIZE = 256

PLAIN = Technique(
    pulse_s=0.0075,
    blur=0.0,
    scatter=0.0,
    scatter_reach=0.1,
    meter=0.5,
    grain=Grain(quanta=400.0, reduction=1.0, electronic=0.0, neighbour=0.08, diagonal=0.03, smoothing=0.0),
    display=Display(
        set_point=0.45, logarithmic=False, gamma=1.0, black=0.0, enhancement=0.0, reach=3.0, stored_bits=14
    ),
    shutter=Shutter(
        blades=(0.0, 0.0, 0.0, 0.0),
        leak=0.0,
        penumbra=1.0,
        wedge_depth=0.0,
        wedge_transmission=1.0,
        shading=0.0,
        fixed_pattern=0.0,
    ),
    burn=Burn(strip_width=0.0, strip_grey=1.0, letter_box=False, technique_text=False, orientation=False),
    capture=Capture(rescale=1.0, quality=0),
)
"""A linear display without scatter, blur, borders or capture: grey is signal × 0.45."""

QUIET = replace(PLAIN.grain, quanta=1e9)


def imager(technique: Technique, bits: int = 8, size: int = SIZE) -> Imager:
    return Imager(np.random.default_rng(1), technique, size, bits)


def expose(
    technique: Technique,
    transmission: float | NDArray[np.float32] = 0.5,
    canvas: NDArray[np.uint8] | None = None,
    moment: int = 2,
    motion: tuple[float, float] = (0.0, 0.0),
    bits: int = 8,
    size: int = SIZE,
) -> NDArray[np.float64]:
    field = np.broadcast_to(np.float32(transmission), (size, size)).astype(np.float32)
    empty = np.zeros((size, size), dtype=np.uint8)
    image = imager(technique, bits, size).expose(
        field, empty if canvas is None else canvas, np.random.default_rng(moment), motion
    )
    return image.astype(np.float64)


def step(*levels: float) -> NDArray[np.float32]:
    """Columns of different transmission."""
    return np.repeat(np.asarray(levels, dtype=np.float32), SIZE // len(levels))[None] * np.ones((SIZE, 1))


def test_noise_variance_grows_linearly_with_the_signal() -> None:
    levels = np.array([0.1, 0.2, 0.3, 0.4])
    image = expose(PLAIN, step(*levels), bits=16)
    columns = image.reshape(SIZE, len(levels), -1).transpose(1, 0, 2).reshape(len(levels), -1)
    variance, mean = columns.var(axis=1), columns.mean(axis=1)
    assert variance / mean == pytest.approx(np.full(4, (variance / mean).mean()), rel=0.06)


def test_electronic_noise_is_left_where_there_is_no_signal_to_count() -> None:
    grain = replace(PLAIN.grain, electronic=40.0)
    dim, bright = (expose(replace(PLAIN, grain=g), step(0.01, 0.39), bits=16) for g in (PLAIN.grain, grain))
    assert bright[:, :100].std() > 2 * dim[:, :100].std()


def test_noise_of_neighbours_correlates_as_the_kernel_says() -> None:
    noise = expose(PLAIN, bits=16, size=1000)
    noise -= noise.mean()
    kernel = PLAIN.grain.kernel.astype(np.float64)
    power = (kernel**2).sum()
    beside = (kernel[:, :-1] * kernel[:, 1:]).sum() / power
    across = (kernel[:-1, :-1] * kernel[1:, 1:]).sum() / power
    assert (noise[:, :-1] * noise[:, 1:]).mean() / noise.var() == pytest.approx(beside, abs=0.015)
    assert (noise[:-1] * noise[1:]).mean() / noise.var() == pytest.approx(beside, abs=0.015)
    assert (noise[:-1, :-1] * noise[1:, 1:]).mean() / noise.var() == pytest.approx(across, abs=0.015)
    assert (noise[:, :-3] * noise[:, 3:]).mean() / noise.var() == pytest.approx(0.0, abs=0.015)


def test_a_larger_dose_gives_less_noise() -> None:
    cine = replace(PLAIN, grain=replace(PLAIN.grain, quanta=1600.0))
    assert expose(PLAIN, bits=16).std() / expose(cine, bits=16).std() == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("smoothing", [0.0, 0.8, 1.6])
@pytest.mark.parametrize("size", [250, 500])
def test_a_smaller_matrix_has_the_noise_of_the_large_one_binned(size: int, smoothing: float) -> None:
    technique = replace(PLAIN, grain=replace(PLAIN.grain, smoothing=smoothing))
    large = expose(technique, size=1000, bits=16)
    binned = large.reshape(size, 1000 // size, size, -1).mean(axis=(1, 3))
    assert expose(technique, size=size, bits=16).std() == pytest.approx(binned.std(), rel=0.05)


def test_same_moment_gives_the_same_bytes_whatever_came_before() -> None:
    technique = draw_technique(np.random.default_rng(3))
    field, canvas = np.full((SIZE, SIZE), 0.4, dtype=np.float32), np.zeros((SIZE, SIZE), dtype=np.uint8)
    first, second = imager(technique), imager(technique)
    second.expose(field * np.float32(0.3), canvas + np.uint8(90), np.random.default_rng(7), (3.0, 2.0))
    one, other = (i.expose(field, canvas, np.random.default_rng(5)) for i in (first, second))
    assert one.tobytes() == other.tobytes()


def test_an_image_keeps_its_bytes_when_the_next_is_exposed() -> None:
    maker = imager(PLAIN)
    field, canvas = np.full((SIZE, SIZE), 0.4, dtype=np.float32), np.zeros((SIZE, SIZE), dtype=np.uint8)
    image = maker.expose(field, canvas, np.random.default_rng(1))
    before = image.tobytes()
    maker.expose(field, canvas, np.random.default_rng(2))
    assert image.tobytes() == before


def test_another_moment_gives_other_noise() -> None:
    assert (expose(PLAIN, moment=1) != expose(PLAIN, moment=2)).mean() > 0.5


def test_arguments_are_not_changed() -> None:
    field, canvas = np.full((SIZE, SIZE), 0.4, dtype=np.float32), np.full((SIZE, SIZE), 9, dtype=np.uint8)
    imager(PLAIN).expose(field, canvas, np.random.default_rng(1), (3.0, 0.0))
    assert (field == np.float32(0.4)).all() and (canvas == 9).all()


def test_16_bit_and_8_bit_show_the_same_frame() -> None:
    busy = replace(PLAIN, burn=Burn(30.0, 0.9, True, True, True))
    deep, shallow = expose(busy, step(0.2, 0.6), bits=16), expose(busy, step(0.2, 0.6))
    assert deep.max() <= 2**14 - 1
    assert np.abs(deep * 255 / (2**14 - 1) - shallow).max() <= 1.0


def test_exposure_brings_the_metered_field_to_its_set_point_for_thin_and_thick_patients() -> None:
    technique = replace(PLAIN, scatter=0.4)
    for transmission in (0.05, 0.8):
        assert expose(technique, transmission).mean() == pytest.approx(0.45 * 255, abs=1.5)


def test_exposure_does_not_follow_the_devices() -> None:
    canvas = np.zeros((SIZE, SIZE), dtype=np.uint8)
    canvas[:, : SIZE // 2] = 200
    image = expose(replace(PLAIN, grain=QUIET), canvas=canvas)
    assert image[:, SIZE * 3 // 4].mean() == pytest.approx(0.45 * 255, abs=1.5)
    assert image[:, SIZE // 4].mean() == pytest.approx(0.45 * 255 * np.exp(-1.0), abs=1.5)


def test_scatter_lowers_the_contrast_of_a_device() -> None:
    canvas = np.zeros((SIZE, SIZE), dtype=np.uint8)
    canvas[100:156, 100:156] = 150
    contrasts = []
    for scatter in (0.0, 0.5):
        image = expose(replace(PLAIN, grain=QUIET, scatter=scatter), canvas=canvas)
        contrasts.append(1 - image[110:146, 110:146].mean() / image[:, :40].mean())
    assert 0.55 < contrasts[1] / contrasts[0] < 0.85


def test_motion_blur_smears_along_the_motion_only() -> None:
    canvas = np.zeros((SIZE, SIZE), dtype=np.uint8)
    canvas[128, 128] = 255
    technique = replace(PLAIN, grain=QUIET)
    dark = expose(technique).mean() - expose(technique, canvas=canvas, motion=(6.0, 0.0))
    shadow = dark > 3
    assert np.flatnonzero(shadow.any(axis=1)).tolist() == [128]
    assert 5 <= shadow.any(axis=0).sum() <= 7
    assert np.average(np.arange(SIZE), weights=(dark * shadow).sum(axis=0)) == pytest.approx(128, abs=0.05)


def test_blur_of_the_detector_keeps_a_shadow_in_its_place() -> None:
    canvas = np.zeros((1000, 1000), dtype=np.uint8)
    canvas[500:503, 300:303] = 200
    dark = 0.45 * 255 - expose(replace(PLAIN, grain=QUIET, blur=1.5), canvas=canvas, size=1000)
    dark[dark < 1.5] = 0
    centre = [(dark.sum(axis=a) * np.arange(1000)).sum() / dark.sum() for a in (0, 1)]
    assert centre == pytest.approx([301.0, 501.0], abs=0.05)


def test_a_blade_covers_points_and_darkens_them() -> None:
    technique = replace(PLAIN, shutter=replace(PLAIN.shutter, blades=(200.0, 0.0, 0.0, 100.0)))
    points = np.array([[20.0, 100.0], [100.0, 245.0], [100.0, 100.0], [np.nan, np.nan], [-1.0, 9.0]])
    assert imager(technique).covers(points).tolist() == [True, True, False, False, True]
    image = expose(technique)
    assert image[100, 20] < 10 and image[245, 100] < 10 and image[100, 100] > 80


def test_print_covers_points_and_the_bright_strip_does_not() -> None:
    technique = replace(PLAIN, burn=replace(PLAIN.burn, strip_width=200.0, letter_box=True))
    covered = imager(technique).covers(np.argwhere(np.ones((SIZE, SIZE)))[:, ::-1].astype(float))
    assert covered.sum() == round(0.131 * SIZE) ** 2
    plain, striped = expose(PLAIN), expose(technique)
    assert (striped > plain + 60).sum() > 0.05 * SIZE**2


def test_print_is_legible_and_in_the_image() -> None:
    image = expose(replace(PLAIN, burn=replace(PLAIN.burn, technique_text=True)), size=1000)
    plain = expose(PLAIN, size=1000)
    changed = np.abs(image - plain) > 60
    assert 100 < changed.sum() < 20_000


def test_compression_and_rescaling_cost_detail_only() -> None:
    through = expose(replace(PLAIN, capture=Capture(0.7, 70)))
    assert through.shape == (SIZE, SIZE)
    assert through.mean() == pytest.approx(expose(PLAIN).mean(), abs=1.0)
    assert through.std() < expose(PLAIN).std()


@pytest.mark.parametrize(("size", "bits", "fields"), [(0, 8, 1), (100, 12, 1), (100, 8, 0)])
def test_an_impossible_imager_is_refused(size: int, bits: int, fields: int) -> None:
    with pytest.raises(ValueError, match="imager"):
        Imager(np.random.default_rng(0), PLAIN, size, bits, fields)


class _Corner(np.random.Generator):
    """Draws the lowest or the highest of everything uniform, as told, one after the other."""

    def __init__(self, high: list[bool]) -> None:
        super().__init__(np.random.PCG64(0))
        self._high, self._drawn = high, 0

    def uniform(self, low: float = 0.0, high: float = 1.0, size: None = None) -> float:  # type: ignore[override]
        self._drawn += 1
        return high if self._high[self._drawn % len(self._high)] else low

    def random(self, *_: object) -> float:  # type: ignore[override]
        return self.uniform(0.0, 0.999)

    def normal(self, *_: object) -> float:  # type: ignore[override]
        return self.uniform(-1e9, 1e9)


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(
    high=st.lists(st.booleans(), min_size=1, max_size=41),
    size=st.sampled_from([64, 128, 200]),
    bits=st.sampled_from([8, 16]),
    transmission=st.sampled_from([0.0, 1e-3, 0.3, 1.0]),
    level=st.sampled_from([0, 40, 255]),
    motion=st.tuples(st.floats(-30, 30), st.floats(-30, 30)),
)
def test_every_corner_of_the_configuration_gives_an_image(
    high: list[bool], size: int, bits: int, transmission: float, level: int, motion: tuple[float, float]
) -> None:
    technique = draw_technique(_Corner(high))
    maker = Imager(np.random.default_rng(0), technique, size, bits, 1)
    field = np.full((size, size), transmission, dtype=np.float32)
    canvas = np.full((size, size), level, dtype=np.uint8)
    image = maker.expose(field, canvas, np.random.default_rng(1), motion)
    assert image.shape == (size, size)
    assert image.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert bits == 8 or image.max() < 2**technique.display.stored_bits
    # Legible print reaches the middle of the smallest one.
    assert size < 128 or not maker.covers(np.array([[size / 2, size / 2]])).any()


def test_every_field_of_the_configuration_is_a_distribution() -> None:
    assert all(
        isinstance(value, Uniform | LogUniform | Normal | Chance) for value in vars(ImageConfig()).values()
    )
