"""A picture is refused by its header before a decoder takes what the header asks for."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from tavi_perception.imaging.encoded import MAX_WORK, first_picture
from tavi_perception.imaging.grey import MAX_SIDE, ImageRejectedError
from tavi_perception.imaging.pages import pages_of

HUGE = 60_000


def encoded(suffix: str, side: int = 32, *options: int) -> bytes:
    image = np.random.default_rng(1).integers(0, 256, (side, side), dtype=np.uint8)
    return cv2.imencode(suffix, image, options)[1].tobytes()


def png(side: int, *chunks: tuple[bytes, bytes], colour: int = 0) -> bytes:
    """A black picture with further chunks behind its pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, colour, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", pixels), *chunks, (b"IEND", b""))
    )


def with_sides(jpeg: bytes, side: int) -> bytes:
    """The same with other sides in its frame header."""
    at = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    return jpeg[: at + 5] + struct.pack(">HH", side, side) + jpeg[at + 9 :]


def tiff(tags: dict[int, int]) -> bytes:
    """One page, uncompressed grey, with some tags as given."""
    stated = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: 64, **tags}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(stated.items()))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(stated)) + entries + bytes(200)


HUGE_PICTURES = {
    "PNG": png(HUGE, colour=6),
    "JPEG": with_sides(encoded(".jpg"), HUGE),
    "BMP": struct.pack("<2sIIIIiiHHIIiiII", b"BM", 0, 0, 54, 40, HUGE, -HUGE, 1, 24, 0, 0, 0, 0, 0, 0)
    + bytes(99),
    "TIFF": tiff({256: HUGE, 257: HUGE}),
    "TIFF in tiles": tiff({322: HUGE, 323: HUGE}),
    "PGM": f"P5\n{HUGE} {HUGE}\n255\n".encode() + bytes(99),
}


@pytest.mark.parametrize("data", HUGE_PICTURES.values(), ids=HUGE_PICTURES)
def test_picture_larger_than_any_image_is_not_decoded(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ImageRejectedError, match=rf"{HUGE}x{HUGE} px|truncated or not an image"):
        first_picture(data, "picture")


def test_animation_whose_frame_lies_outside_of_the_picture_is_read_without_it() -> None:
    """OpenCV 4.12 writes it there, and the process ends."""
    frame = struct.pack(">5IHHBB", 0, 24, 24, 2**32 - 16, 0, 1, 1, 0, 0)
    pixels = struct.pack(">I", 1) + zlib.compress(bytes(25 * 24))
    data = png(24, (b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", frame), (b"fdAT", pixels))
    assert not first_picture(data, "picture").grey.any()


@pytest.mark.parametrize("kind", [b"IDAT", b"tEXt", b"IEND"])
def test_chunk_that_claims_more_than_the_file_holds_reaches_no_decoder(
    kind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    data = bytearray(png(24, (b"tEXt", b"a\0b")))
    struct.pack_into(">I", data, data.index(kind) - 4, 0x70000000)
    with pytest.raises(ImageRejectedError, match="truncated or not an image"):
        first_picture(bytes(data), "picture")


@pytest.mark.parametrize("suffix", [".webp", ".jp2", ".hdr"])
def test_formats_that_are_not_promised_never_reach_a_decoder(
    suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.zeros((64, 64, 3), np.float32 if suffix == ".hdr" else np.uint8)
    data = cv2.imencode(suffix, image)[1].tobytes()
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ImageRejectedError, match="not an image that can be decoded"):
        first_picture(data, "picture")


def test_jpeg_of_many_scans_over_a_large_picture_is_refused() -> None:
    jpeg = with_sides(encoded(".jpg", 32, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), MAX_SIDE)
    assert next(pages_of(np.frombuffer(jpeg, np.uint8))).work * MAX_SIDE**2 > MAX_WORK
    with pytest.raises(ImageRejectedError, match=r"encoded in \d+ scans"):
        first_picture(jpeg, "picture")


def test_progressive_jpeg_of_an_ordinary_size_is_read() -> None:
    assert first_picture(encoded(".jpg", 512, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), "picture").grey.shape == (
        512,
        512,
    )


def test_directories_that_lie_within_each_other_are_not_read_again_and_again() -> None:
    """Every directory claims all that follows it, and ends in the next one's offset."""
    data = bytearray(b"II*\0" + struct.pack("<I", 8) + bytes(12_000))
    struct.pack_into("<H", data, 8, 900)
    for at in range(8, 1_100, 12):
        end = at + 2 + 12 * 900
        struct.pack_into("<I", data, end, at + 12)
        struct.pack_into("<H", data, at + 12, 900)
    pages = list(pages_of(np.frombuffer(bytes(data), np.uint8)))
    assert len(pages) <= 2 and pages[-1].cut_off


def test_tiff_of_several_pages_is_read_whole() -> None:
    images = [np.full((8, 9), level, np.uint8) for level in (10, 20, 30)]
    data = cv2.imencodemulti(".tiff", images)[1]
    assert [page.size for page in pages_of(data.ravel())] == [(9, 8)] * 3


def test_pixels_of_more_than_four_channels_of_16_bits_are_refused() -> None:
    with pytest.raises(ImageRejectedError, match="192 bits"):
        first_picture(tiff({258: 64, 277: 3}), "picture")


@pytest.mark.parametrize("numbers", [f"{'9' * 5_000} 2 3 4", "1 2 3", "-1 2 3 4", "0x1 2 3 4"])
def test_plain_pgm_with_odd_numbers_is_refused(numbers: str) -> None:
    with pytest.raises(ImageRejectedError, match="truncated or not an image"):
        first_picture(f"P2\n2 2\n255\n{numbers}".encode(), "picture")
