"""All pages of an image file are found, and what its header says of grey levels is obeyed."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavi_perception.imaging.encoded import first_picture
from tavi_perception.imaging.files import read_image
from tavi_perception.imaging.folder import ImageFilesSource
from tavi_perception.imaging.source import SourceError

QUARTER_TURN = 6
"""Orientation tag: the stored picture is to be turned clockwise."""


def encoded(suffix, image, *options):
    return cv2.imencode(suffix, image, list(options))[1].tobytes()


def tiff(bits, size, data, *tags, order="<"):
    """An uncompressed TIFF of one grey strip; ``tags`` are (tag, value), before its own."""
    height, width = size
    entries = {
        256: width,
        257: height,
        258: bits,
        259: 1,
        262: 1,
        273: 0,
        277: 1,
        278: height,
        279: len(data),
    }
    entries.update(tags)
    entries[273] = 8 + 2 + 12 * len(entries) + 4
    directory = b"".join(
        struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in sorted(entries.items())
    )
    head = struct.pack(f"{order}2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(entries))
    return head + directory + bytes(4) + data


def with_chunk(png, kind, body):
    """A PNG with a chunk behind its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:33] + chunk + png[33:]


def with_exif(jpeg, orientation):
    exif = b"Exif\0\0" + tiff(8, (1, 1), b"", (274, orientation))
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.fixture
def twelve_bits(picture):
    return np.rint(picture / 255 * 4095).astype(np.uint16)


@pytest.fixture
def stack(picture):
    return [np.roll(picture, shift, axis=1) for shift in range(5)]


def frames_of(tmp_path, name, data, **options):
    path = tmp_path / name
    path.write_bytes(data)
    source = ImageFilesSource([path], name, **options)
    return [frame.image for frame in source], source


@pytest.mark.parametrize("depth", [1, 257])
def test_every_page_of_a_tiff_is_a_frame(tmp_path, stack, depth):
    pages = [page.astype(np.uint8 if depth == 1 else np.uint16) * depth for page in stack]
    frames, source = frames_of(tmp_path, "cine.tif", cv2.imencodemulti(".tif", pages)[1].tobytes())
    assert np.array_equal(frames, stack)
    assert source.frame_count == 5
    assert any("15 frames/s are assumed" in note for note in source.notes)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".pgm"])
def test_images_one_after_another_are_frames(tmp_path, stack, suffix):
    frames, _ = frames_of(tmp_path, "stream", b"".join(encoded(suffix, page) for page in stack))
    assert len(frames) == 5
    assert np.abs(np.subtract(frames, stack, dtype=int)).mean() < 25


def test_headers_between_images_of_a_stream_do_not_disturb(tmp_path, stack):
    between = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"
    frames, _ = frames_of(tmp_path, "stream", between.join(encoded(".jpg", page) for page in stack))
    assert len(frames) == 5


def test_last_image_of_a_stream_that_is_cut_off_is_a_loss(tmp_path, stack):
    data = b"".join(encoded(".jpg", page) for page in stack)
    frames, source = frames_of(tmp_path, "stream", data[:-50])
    assert len(frames) == 4
    assert source.losses[0].startswith("stream, page 5 of 5: it is truncated")


def test_pages_that_a_cut_tiff_lacks_are_a_loss(tmp_path, stack):
    data = cv2.imencodemulti(".tif", stack)[1].tobytes()
    frames, source = frames_of(tmp_path, "cine.tif", data[: len(data) // 2])
    assert 0 < len(frames) < 5
    assert source.losses


def test_first_page_alone_is_predicted_with_a_warning(tmp_path, stack, caplog):
    path = tmp_path / "cine.tif"
    path.write_bytes(cv2.imencodemulti(".tif", stack)[1].tobytes())
    assert np.array_equal(read_image(path), stack[0])
    assert "only the first of its 5 frames" in caplog.text


def test_thumbnail_of_a_tiff_is_no_frame(tmp_path, picture):
    small = tiff(8, (4, 4), bytes(16), (254, 1))
    whole = tiff(8, picture.shape, picture.tobytes())
    entries = struct.unpack_from("<H", small, 8)[0]
    shifted = bytearray(whole[8:])
    for at in range(2, 2 + 12 * 9, 12):
        if struct.unpack_from("<H", shifted, at)[0] == 273:
            offset = struct.unpack_from("<I", shifted, at + 8)[0]
            struct.pack_into("<I", shifted, at + 8, offset + len(small) - 8)
    linked = bytearray(small)
    struct.pack_into("<I", linked, 10 + 12 * entries, len(small))
    frames, source = frames_of(tmp_path, "a.tif", bytes(linked + shifted))
    assert source.frame_count == 1
    assert np.array_equal(frames, [picture])


def test_animation_is_a_loss_beyond_its_first_picture(tmp_path, stack):
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(page, cv2.COLOR_GRAY2BGRA) for page in stack]
    animation.durations = np.full(5, 100)
    assert cv2.imwriteanimation(str(tmp_path / "a.png"), animation)
    source = ImageFilesSource([tmp_path / "a.png"], "a.png")
    assert len(list(source)) == 1
    assert "first picture of the animation" in source.losses[0]


@pytest.mark.parametrize("kind", ["P5", "P2"])
@pytest.mark.parametrize("maxval", [255, 300, 1023, 4095, 65535])
def test_maxval_of_a_pgm_is_white(picture, kind, maxval):
    levels = np.rint(picture / 255 * maxval).astype(np.uint16)
    raw = levels.astype(">u2" if maxval > 255 else "u1").tobytes()
    body = raw if kind == "P5" else " ".join(map(str, levels.ravel())).encode()
    grey = first_picture(f"{kind}\n# of a detector\n64 48\n{maxval}\n".encode() + body, "a.pgm").grey
    assert np.abs(grey.astype(int) - picture).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bit_tiff_whose_lowest_value_is_white_is_inverted(picture, order):
    data = (65535 - picture.astype(f"{order}u2") * 257).astype(f"{order}u2").tobytes()
    assert np.array_equal(
        first_picture(tiff(16, picture.shape, data, (262, 0), order=order), "a.tif").grey, picture
    )


def test_8_bit_tiff_whose_lowest_value_is_white_is_inverted_once(picture):
    data = tiff(8, picture.shape, (255 - picture).tobytes(), (262, 0))
    assert np.array_equal(first_picture(data, "a.tif").grey, picture)


def test_largest_sample_value_of_a_tiff_is_white(picture, twelve_bits):
    data = tiff(16, picture.shape, twelve_bits.astype("<u2").tobytes(), (281, 4095))
    assert np.array_equal(first_picture(data, "a.tif").grey, picture)


@pytest.mark.parametrize("stated", [0, 12])
def test_packed_12_bit_tiff_has_its_own_full_scale(picture, twelve_bits, stated):
    bits = np.unpackbits(twelve_bits.astype(">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, 4:]
    data = tiff(12, picture.shape, np.packbits(bits).tobytes())
    assert np.array_equal(first_picture(data, "a.tif", stated).grey, picture)


def test_signed_tiff_is_refused(tmp_path, picture):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(16, picture.shape, picture.astype("<i2").tobytes(), (339, 2)))
    with pytest.raises(SourceError, match=r"a\.tif: its pixels are (signed|int16)"):
        read_image(path)


def test_significant_bits_of_a_png_are_its_high_ones(picture, twelve_bits):
    png = with_chunk(encoded(".png", (twelve_bits << 4) | (twelve_bits >> 8)), b"sBIT", b"\x0c")
    assert np.array_equal(first_picture(png, "a.png").grey, picture)


def test_significant_bits_of_a_png_that_are_its_low_ones_are_noted(picture, twelve_bits):
    found = first_picture(with_chunk(encoded(".png", twelve_bits), b"sBIT", b"\x0c"), "a.png")
    assert np.array_equal(found.grey, picture)
    assert "12 significant bits are the low ones" in found.notes[0]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_picture_is_turned_as_viewers_show_it(picture, suffix):
    smooth = cv2.GaussianBlur(picture, (15, 15), 5)
    data = {
        ".png": lambda: with_chunk(
            encoded(".png", smooth), b"eXIf", tiff(8, (1, 1), b"", (274, QUARTER_TURN))
        ),
        ".jpg": lambda: with_exif(encoded(".jpg", smooth, cv2.IMWRITE_JPEG_QUALITY, 100), QUARTER_TURN),
        ".tif": lambda: tiff(8, smooth.shape, smooth.tobytes(), (274, QUARTER_TURN)),
    }[suffix]()
    found = first_picture(data, f"a{suffix}")
    assert np.abs(found.grey.astype(int) - np.rot90(smooth, -1)).max() <= 3
    assert "turned" in found.notes[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(padding=st.integers(0, 5000), suffix=st.sampled_from([".png", ".jpg", ".pgm", ".tif", ".bmp"]))
def test_bytes_behind_an_image_do_not_disturb(picture, padding, suffix):
    data = encoded(suffix, picture)
    expected = first_picture(data, "a").grey
    assert np.array_equal(first_picture(data + bytes(padding), "a").grey, expected)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(share=st.floats(0, 0.98), suffix=st.sampled_from([".png", ".jpg", ".pgm", ".tif", ".bmp"]))
def test_start_of_an_image_is_refused_in_one_sentence(tmp_path, picture, share, suffix):
    data = encoded(suffix, picture)
    path = tmp_path / "start"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SourceError, match=r"^start: "):
        read_image(path)
