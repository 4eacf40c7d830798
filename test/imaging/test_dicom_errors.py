"""A DICOM file that cannot be used ends in one clear sentence, whatever is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG4HP41, JPEG2000Lossless, RLELossless

from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.source import SourceError

FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
ANY_WARNING = pytest.mark.filterwarnings("ignore")
"""pydicom warns of what it finds odd; the files here are odd."""

ENCODINGS = [None, RLELossless]


def frames_of(write_dicom, picture, compress):
    return write_dicom(np.stack([picture[:8, :8]] * 4), compress=compress, FrameTime=40)


def assert_read_or_one_sentence(path):
    try:
        list(DicomSource(path))
    except SourceError as error:
        assert str(error).startswith(f"{path.name}: ")
        assert "\n" not in str(error)


@ANY_WARNING
@FUZZ
@given(share=st.floats(0, 1), compress=st.sampled_from(ENCODINGS))
def test_file_cut_anywhere_is_read_or_refused_in_one_sentence(picture, write_dicom, share, compress):
    path = frames_of(write_dicom, picture, compress)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert_read_or_one_sentence(path)


@ANY_WARNING
@FUZZ
@given(data=st.data(), compress=st.sampled_from(ENCODINGS))
def test_file_with_flipped_bytes_is_read_or_refused_in_one_sentence(picture, write_dicom, data, compress):
    path = frames_of(write_dicom, picture, compress)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    assert_read_or_one_sentence(path)


@ANY_WARNING
@FUZZ
@given(content=st.binary(min_size=1, max_size=400))
def test_any_bytes_after_the_dicom_mark_are_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "noise.dcm"
    path.write_bytes(bytes(128) + b"DICM" + content)
    with pytest.raises(SourceError, match=r"^noise\.dcm: "):
        DicomSource(path)


@pytest.mark.parametrize("compress", [None, RLELossless, JPEG2000Lossless])
def test_truncated_file_names_how_many_frames_are_there(picture, write_dicom, compress):
    path = write_dicom(np.stack([picture] * 4), compress=compress, FrameTime=40)
    data = path.read_bytes()
    start = data.index(b"\xe0\x7f\x10\x00")
    path.write_bytes(data[: start + 5 * (len(data) - start) // 8])
    with pytest.raises(SourceError, match=r"image\.dcm: it is truncated, 2 of 4 frames can be read; copy"):
        DicomSource(path)


def test_truncated_real_cine_names_how_many_frames_are_there(cine, tmp_path):
    path = tmp_path / "cut.dcm"
    data = cine.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError, match=r"it is truncated, \d+ of 96 frames can be read"):
        DicomSource(path)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "cannot be read|not a DICOM"), (b"a text file\n" * 50, "DICOM")]
)
def test_file_that_is_no_dicom_is_refused(tmp_path, content, reason):
    path = tmp_path / "note.dcm"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=reason):
        DicomSource(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"gone\.dcm: .*No such file"):
        DicomSource(tmp_path / "gone.dcm")


def test_object_without_pixels_is_refused(picture, write_dicom):
    with pytest.raises(SourceError, match="pixel data"):
        DicomSource(write_dicom(picture, PixelData=None))


def test_object_without_an_image_is_refused(picture, write_dicom):
    with pytest.raises(SourceError, match="without an image"):
        DicomSource(write_dicom(picture, PixelData=None, Rows=None, Columns=None))


def test_encoding_without_a_decoder_is_refused_by_name(picture, write_dicom):
    path = write_dicom(picture, syntax=MPEG4HP41, PixelData=encapsulate([bytes(8)]))
    with pytest.raises(SourceError, match="MPEG-4"):
        DicomSource(path)


@pytest.mark.parametrize("bits", [0, 12])
def test_bits_that_do_not_fit_are_refused(picture, write_dicom, bits):
    with pytest.raises(SourceError, match=r"bits"):
        DicomSource(write_dicom(picture, BitsStored=bits or 9, HighBit=8))


def test_broken_frame_further_on_is_named_while_iterating(picture, write_dicom):
    path = write_dicom(np.stack([picture] * 4), compress=JPEG2000Lossless, FrameTime=40)
    data = bytearray(path.read_bytes())
    third = [at for at in range(len(data)) if data[at : at + 4] == b"\xff\x4f\xff\x51"][2]
    data[third : third + 60] = bytes(60)
    path.write_bytes(data)
    source = DicomSource(path)
    with pytest.raises(SourceError, match="frame 3 of 4 cannot be decoded"):
        list(source)
