"""The frames of a DICOM file are those that are there, whatever its header states."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.source import SourceError, shown


@pytest.fixture
def frames(picture):
    return np.stack([picture, 255 - picture, picture // 2, picture // 3 + 9])


def images(path):
    return np.stack([frame.image for frame in DicomSource(path)])


@pytest.mark.parametrize("compress", [None, RLELossless, JPEG2000Lossless])
@pytest.mark.parametrize("stated", [None, 0, -3, 1, 3])
def test_all_frames_are_used_and_a_wrong_number_is_noted(frames, write_dicom, compress, stated):
    path = write_dicom(frames, compress=compress, FrameTime=40)
    restated(path, stated)
    assert np.array_equal(images(path), frames)
    assert any("all 4 that it holds are used" in note for note in DicomSource(path).notes)


def restated(path, count):
    """States another number of frames in a file, or none."""
    element = b"\x28\x00\x08\x00IS"
    data = path.read_bytes()
    assert data.count(element + b"\x02\x004 ") == 1
    value = b"" if count is None else str(count).encode().ljust(2)
    path.write_bytes(data.replace(element + b"\x02\x004 ", element + struct.pack("<H", len(value)) + value))


@pytest.mark.filterwarnings("ignore")
def test_number_of_frames_that_is_text_is_noted(frames, write_dicom):
    path = write_dicom(frames, FrameTime=40)
    restated(path, "xx")
    assert len(images(path)) == 4
    assert any("number of frames cannot be read" in note for note in DicomSource(path).notes)


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_missing_number_of_frames_is_counted_in_every_native_encoding(frames, write_dicom, syntax):
    assert np.array_equal(images(write_dicom(frames, syntax=syntax, NumberOfFrames=None)), frames)


@pytest.mark.parametrize("table", [True, False])
def test_frames_in_several_fragments_are_put_together(frames, write_dicom, table):
    import pydicom

    path = write_dicom(frames, compress=JPEG2000Lossless, FrameTime=40)
    dataset = pydicom.dcmread(path)
    encoded = list(generate_frames(dataset.PixelData, number_of_frames=4))
    dataset.PixelData = encapsulate(encoded, fragments_per_frame=3, has_bot=table)
    dataset.NumberOfFrames = 1
    dataset.save_as(path)
    assert np.array_equal(images(path), frames)


def test_single_frame_without_a_number_needs_no_note(picture, write_dicom):
    notes = DicomSource(write_dicom(picture, NumberOfFrames=None)).notes
    assert not any("number of frames" in note for note in notes)


@pytest.mark.parametrize("compress", [None, RLELossless])
def test_more_frames_stated_than_there_are_is_refused(frames, write_dicom, compress):
    path = write_dicom(frames, compress=compress, FrameTime=40)
    restated(path, 9)
    with pytest.raises(SourceError, match="4 of 9 frames can be read"):
        DicomSource(path)


def test_odd_sized_big_endian_frames_are_unswapped(write_dicom):
    frames = np.arange(3 * 15, dtype=np.uint8).reshape(3, 3, 5)
    stored = np.frombuffer(frames.tobytes() + b"\0", "u2").byteswap().tobytes()
    path = write_dicom(frames, syntax=ExplicitVRBigEndian, PixelData=stored, FrameTime=40)
    assert len(images(path)) == 3


def subsampled(frames):
    """YBR_FULL_422 of grey frames: Y1 Y2 Cb Cr."""
    neutral = np.full((*frames.shape[:2], frames.shape[2] // 2), 128, np.uint8)
    return np.stack([frames[:, :, 0::2], frames[:, :, 1::2], neutral, neutral], -1).tobytes()


@pytest.mark.parametrize("stated", [4, None])
def test_subsampled_colour_cine_is_read_frame_by_frame(frames, write_dicom, stated):
    path = write_dicom(
        frames,
        PixelData=subsampled(frames),
        PhotometricInterpretation="YBR_FULL_422",
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        NumberOfFrames=stated,
    )
    assert np.abs(images(path).astype(int) - frames).max() <= 1


@pytest.mark.parametrize("planar", [0, 1])
def test_full_colour_cine_that_is_stated_subsampled_is_read(frames, write_dicom, planar):
    neutral = np.full_like(frames, 128)
    pixels = np.stack([frames, neutral, neutral], 1 if planar else -1).tobytes()
    path = write_dicom(
        frames,
        PixelData=pixels,
        PhotometricInterpretation="YBR_FULL_422",
        SamplesPerPixel=3,
        PlanarConfiguration=planar,
    )
    assert np.abs(images(path).astype(int) - frames).max() <= 1


def test_unsigned_codestream_is_believed_over_a_signed_header(frames, write_dicom):
    deep = np.rint(frames * (4095 / 255)).astype(np.uint16)
    path = write_dicom(deep, bits=12, compress=JPEG2000Lossless)
    element = b"\x28\x00\x03\x01US\x02\x00"
    path.write_bytes(path.read_bytes().replace(element + b"\0\0", element + b"\1\0"))
    assert np.array_equal(images(path), frames)
    assert any("PixelRepresentation 0 (header: 1)" in note for note in DicomSource(path).notes)


@pytest.mark.parametrize("stated", [8, 14, 16])
def test_depth_of_the_codestream_is_believed(frames, write_dicom, stated):
    deep = np.rint(frames * (4095 / 255)).astype(np.uint16)
    path = write_dicom(deep, bits=12, compress=JPEG2000Lossless)
    data = path.read_bytes()
    for element, value in ((b"\x01\x01", stated), (b"\x02\x01", stated - 1)):
        at = data.index(b"\x28\x00" + element + b"US") + 8
        data = data[:at] + bytes([value, 0]) + data[at + 2 :]
    path.write_bytes(data)
    assert np.array_equal(images(path), frames)


def test_size_of_the_codestream_is_believed(frames, write_dicom):
    path = write_dicom(frames, compress=JPEG2000Lossless)
    data = path.read_bytes()
    at = data.index(b"\x28\x00\x10\x00US") + 8
    path.write_bytes(data[:at] + bytes([50, 0]) + data[at + 2 :])
    assert np.array_equal(images(path), frames)
    assert any("Rows 48 (header: 50)" in note for note in DicomSource(path).notes)


def test_name_that_is_not_utf8_is_shown_escaped(picture, write_dicom):
    path = write_dicom(picture, "caf\udce9.dcm")
    assert DicomSource(path).name == shown(path) == "caf\\xe9.dcm"


def test_sign_of_a_lossy_jpeg_is_that_of_its_encoding(picture, write_dicom):
    encoded = cv2.imencode(".jpg", cv2.GaussianBlur(picture, (15, 15), 5))[1].tobytes()
    elements = {"PixelData": encapsulate([encoded]), "syntax": JPEGBaseline8Bit}
    unsigned = images(write_dicom(picture, **elements))
    assert np.array_equal(images(write_dicom(picture, PixelRepresentation=1, **elements)), unsigned)
