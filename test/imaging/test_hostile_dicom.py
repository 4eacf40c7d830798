"""A DICOM file is bounded in what it makes of memory and time, and names no file but its disc's."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from tavi_perception.imaging import dicom_file, dicom_frames
from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.source import SourceError


def test_deflated_file_that_grows_too_large_is_refused(picture, write_dicom, monkeypatch) -> None:
    path = write_dicom(np.zeros((40, 100, 100), np.uint8), syntax=DeflatedExplicitVRLittleEndian)
    assert len(list(DicomSource(path))) == 40
    monkeypatch.setattr(dicom_file, "MAX_INFLATED", 100_000)
    with pytest.raises(SourceError, match="inflated it has more than"):
        DicomSource(path)


def test_deflated_bomb_is_refused_before_it_is_inflated(picture, write_dicom) -> None:
    path = write_dicom(picture, syntax=DeflatedExplicitVRLittleEndian)
    data = path.read_bytes()
    length = int.from_bytes(data[140:144], "little")  # of what follows the first element, uncompressed
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    path.write_bytes(data[: 144 + length] + bomb)
    with pytest.raises(SourceError, match="inflated it has more than"):
        DicomSource(path)


def test_codestream_of_another_size_than_the_first_is_not_decoded(picture, write_dicom) -> None:
    path = write_dicom(np.stack([picture] * 4), compress=JPEG2000Lossless)
    data = bytearray(path.read_bytes())
    third = [at for at in range(len(data)) if data[at : at + 4] == b"\xff\x4f\xff\x51"][2]
    struct.pack_into(">LL", data, third + 8, 60_000, 60_000)
    path.write_bytes(data)
    source = DicomSource(path)
    with pytest.raises(SourceError, match=r"frame 3 of 4 cannot be decoded \(it has 60000x60000 px"):
        list(source)


def test_codestream_larger_than_any_image_is_refused(picture, write_dicom) -> None:
    path = write_dicom(picture, compress=JPEG2000Lossless)
    data = bytearray(path.read_bytes())
    struct.pack_into(">LL", data, data.index(b"\xff\x4f\xff\x51") + 8, 2**31, 2**31)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="is not that of an image"):
        DicomSource(path)


def test_more_frames_than_any_recording_has_are_refused(write_dicom) -> None:
    path = write_dicom(np.zeros((dicom_frames.MAX_FRAMES + 2, 1, 1), np.uint8))
    with pytest.raises(SourceError, match="more than any recording"):
        DicomSource(path)


def test_frame_in_many_fragments_is_put_together_in_one_go() -> None:
    fragments = [(8 * number, 4) for number in range(200_000)]
    assert dicom_frames._grouped(fragments, [0, 100_000]) == (
        tuple(fragments[:100_000]),
        tuple(fragments[100_000:]),
    )


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize("name", [["..", "secret.dcm"], ["../secret.dcm"], ["/secret.dcm"], ["."]])
def test_disc_names_no_file_that_is_not_on_it(tmp_path: Path, picture, write_dicom, name: list[str]) -> None:
    write_dicom(picture, "secret.dcm")
    disc = tmp_path / "disc"
    disc.mkdir()
    record = Dataset()
    record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", name
    directory = Dataset()
    directory.file_meta = FileMetaDataset()
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    directory.DirectoryRecordSequence = Sequence([record])
    directory.save_as(disc / "DICOMDIR", enforce_file_format=True)
    with pytest.raises(SourceError, match="no image that it lists is there"):
        open_source(disc / "DICOMDIR")


def test_many_empty_fragments_are_refused(picture, write_dicom) -> None:
    pixels = encapsulate([bytes(2)] * 20_000, has_bot=False)
    with pytest.raises(SourceError):
        DicomSource(write_dicom(picture, syntax=RLELossless, PixelData=pixels, NumberOfFrames=1))


def test_run_lengths_that_lead_beyond_the_frame_are_refused(picture, write_dicom) -> None:
    """The decoder of RLE is written in Rust, whose panics are no ordinary exceptions."""
    path = write_dicom(picture.astype(np.uint16), compress=RLELossless)
    data = bytearray(path.read_bytes())
    run = bytes((0x81, 0)) * (picture.size // 128 + 1)  # 128 zeros each
    frame = struct.pack("<16L", 2, 64, 64 + len(run), *[0] * 13) + run * 2
    at = data.index(struct.pack("<4L", 2, 64, 0, 0)[:8])
    struct.pack_into("<L", data, at - 4, len(frame))
    path.write_bytes(data[:at] + frame)
    with pytest.raises(SourceError, match=r"frame 1 of 1 cannot be decoded \(index out of bounds"):
        DicomSource(path)


def test_element_that_claims_gigabytes_is_not_made_room_for(picture, write_dicom) -> None:
    path = write_dicom(picture, SeriesDescription="a run")
    data = bytearray(path.read_bytes())
    at = data.index(b"\x08\x00\x3e\x10LO")
    data[at + 4 : at + 8] = b"UT\0\0"
    data[at + 8 : at + 12] = struct.pack("<L", 0xE0000000)
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(SourceError):
            DicomSource(path)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
