"""Whatever the user names is recognised by its content and opened, or refused in one sentence."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from tavi_perception.calibration import UserCalibration
from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.dicom_folder import DicomFolderSource
from tavi_perception.imaging.folder import ImageFilesSource
from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.source import SourceError
from tavi_perception.imaging.video import VideoSource

CALIBRATION = UserCalibration(pixel_size_mm=0.2)


@pytest.fixture
def png(picture, tmp_path):
    path = tmp_path / "frame.png"
    cv2.imwrite(str(path), picture)
    return path


@pytest.fixture
def video(picture, tmp_path):
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48), isColor=False)
    for _ in range(3):
        writer.write(picture)
    writer.release()
    return path


@pytest.fixture
def folder(png):
    folder = png.parent / "folder"
    folder.mkdir()
    for name in ("frame.png", "frame2.png"):
        shutil.copy(png, folder / name)
    return folder


def test_content_decides_what_a_file_is(png, video, write_dicom, picture, tmp_path):
    for number, (path, kind) in enumerate(
        [(png, ImageFilesSource), (video, VideoSource), (write_dicom(picture), DicomSource)]
    ):
        disguised = tmp_path / f"file{number}.txt"
        shutil.copy(path, disguised)
        assert isinstance(open_source(disguised), kind)


def test_dicom_without_its_preamble_is_recognised(picture, write_dicom):
    path = write_dicom(picture)
    path.write_bytes(path.read_bytes()[132:])
    assert np.array_equal(next(iter(open_source(path))).image, picture)


def test_every_kind_of_source_takes_a_calibration(folder, png, video, write_dicom, picture):
    for path in (folder, png, video, write_dicom(picture)):
        geometry = open_source(path, calibration=CALIBRATION).geometry
        assert geometry.metres_per_px == pytest.approx(0.2e-3, rel=1e-12)
        assert (geometry.image_width, geometry.image_height) == (64, 48)


def test_every_kind_of_source_takes_a_frame_rate(folder, video, write_dicom, picture):
    for path in (folder, video, write_dicom(np.stack([picture] * 2), FrameTime=40)):
        times = [frame.time for frame in open_source(path, frame_rate=4)]
        assert times == [index / 4 for index in range(len(times))]


def test_every_kind_of_source_starts_again_and_gives_contiguous_grey(folder, video, write_dicom, picture):
    for path in (folder, video, write_dicom(np.stack([picture] * 2), FrameTime=40)):
        source = open_source(path)
        first, again = list(source), list(source)
        assert len(first) == source.frame_count
        for frame, same in zip(first, again, strict=True):
            assert frame.time == same.time
            assert np.array_equal(frame.image, same.image)
            assert frame.image.dtype == np.uint8
            assert frame.image.flags.c_contiguous


def test_folder_with_one_dicom_file_is_that_file(picture, write_dicom):
    path = write_dicom(np.stack([picture] * 2), FrameTime=40)
    assert open_source(path.parent).frame_count == 2


def test_folder_of_dicom_files_is_sorted_by_instance_number(picture, write_dicom):
    for name, instance in (("a", 3), ("b", 1), ("c", 2)):
        write_dicom(np.full_like(picture, instance), name, InstanceNumber=instance)
    source = open_source(write_dicom(np.full_like(picture, 4), "d").parent)
    assert isinstance(source, DicomFolderSource)
    assert [int(frame.image[0, 0]) for frame in source] == [1, 2, 3, 4]


def test_folder_of_several_cines_is_refused(picture, write_dicom):
    write_dicom(np.stack([255 - picture] * 2), "a", FrameTime=40)
    path = write_dicom(np.stack([picture] * 2), "b", FrameTime=40)
    with pytest.raises(SourceError, match="give one multi-frame file"):
        open_source(path.parent)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"just some text\n" * 100, "neither images nor a bag"),
        (b"\x89PNG\r\n\x1a\nno more", "truncated or not an image"),
        (bytes(4) + b"ftypisom" + bytes(100), "not a video that can be read"),
        (bytes(128) + b"DICM" + b"rubbish" * 30, "DICOM"),
        (b"\x08\x00\x05\x00" + b"rubbish" * 30, "DICOM"),
        (b"BM", "truncated or not an image"),
    ],
)
def test_file_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, content, reason):
    path = tmp_path / "input.dat"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=reason) as refusal:
        open_source(path)
    assert str(refusal.value).startswith("input.dat: ")
    assert "\n" not in str(refusal.value)


def test_missing_path_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"gone: there is no such file or folder; check the path"):
        open_source(tmp_path / "gone")


def test_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(SourceError, match="it holds no images"):
        open_source(tmp_path)


@pytest.mark.parametrize("rate", [0, -5, float("nan"), float("inf")])
def test_impossible_frame_rate_is_refused(folder, video, write_dicom, picture, rate):
    for path in (folder, video, write_dicom(picture)):
        with pytest.raises(SourceError, match="frame rate"):
            open_source(path, frame_rate=rate)


def test_real_cine_opens(cine):
    source = open_source(cine)
    assert source.frame_count == 96
    assert source.name == cine.name
