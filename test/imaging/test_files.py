"""Image files, alone or in folders, and videos become grey frames."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest

from tavi_perception.imaging import ImageFilesSource, SourceError, VideoSource, read_image
from tavi_perception.imaging.folder import images_in


def save(path, image):
    assert cv2.imwrite(str(path), image)
    return path


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "pgm"])
def test_lossless_image_file_is_read_as_it_is(picture, tmp_path, suffix):
    assert np.array_equal(read_image(save(tmp_path / f"image.{suffix}", picture)), picture)


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bit_image_file_equals_its_8_bit_twin(picture, tmp_path, suffix):
    path = save(tmp_path / f"image.{suffix}", picture.astype(np.uint16) * 257)
    assert np.array_equal(read_image(path), picture)


@pytest.mark.parametrize("conversion", [cv2.COLOR_GRAY2BGR, cv2.COLOR_GRAY2BGRA])
def test_colour_image_file_becomes_grey(picture, tmp_path, conversion):
    path = save(tmp_path / "image.png", cv2.cvtColor(picture, conversion))
    assert np.array_equal(read_image(path), picture)


def test_first_frame_of_a_cine_is_read_with_a_warning(picture, write_dicom, caplog):
    path = write_dicom(np.stack([picture, 255 - picture]), FrameTime=40)
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(read_image(path), picture)
    assert "only the first of its 2 frames" in caplog.text


def test_text_is_refused_as_an_image(tmp_path):
    path = tmp_path / "image.png"
    path.write_text("not an image")
    with pytest.raises(SourceError, match=r"image\.png: it is not an image; give a PNG"):
        read_image(path)


def test_empty_file_is_refused_as_an_image(tmp_path):
    (tmp_path / "image.png").touch()
    with pytest.raises(SourceError, match=r"image\.png: it is empty \(0 bytes\)"):
        read_image(tmp_path / "image.png")


def test_truncated_image_file_is_refused(picture, tmp_path):
    path = save(tmp_path / "image.png", picture)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"image\.png: it is truncated"):
        read_image(path)


def test_float_image_file_is_refused(tmp_path):
    path = save(tmp_path / "image.tif", np.zeros((4, 4), dtype=np.float32))
    with pytest.raises(SourceError, match="float32"):
        read_image(path)


def test_real_positioning_frame_is_read(positioning_frame):
    image = read_image(positioning_frame)
    assert image.shape == (752, 749)
    assert 100 < image.mean() < 200


def test_files_of_a_folder_are_in_natural_order(picture, tmp_path):
    for name in ("frame10.png", "frame9.png", "Frame1.PNG", "frame2.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in images_in(tmp_path)] == [
        "Frame1.PNG",
        "frame2.jpg",
        "frame9.png",
        "frame10.png",
    ]


def test_files_are_15_frames_a_second_unless_told_otherwise(picture, tmp_path):
    paths = [save(tmp_path / f"{index}.png", picture) for index in range(3)]
    source = ImageFilesSource(paths, "folder")
    assert [frame.time for frame in source] == [0, 1 / 15, 2 / 15]
    assert any("15 frames/s are assumed" in note for note in source.notes)


def test_images_of_another_size_are_kept_and_noted(picture, tmp_path):
    paths = [save(tmp_path / "1.png", picture), save(tmp_path / "2.png", picture[:24])]
    source = ImageFilesSource(paths, "folder")
    assert [frame.image.shape for frame in source] == [(48, 64), (24, 64)]
    assert any("the size of the first (64x48 px)" in note for note in source.notes)


def test_broken_file_among_others_is_a_loss_and_leaves_its_time_free(picture, tmp_path):
    paths = [save(tmp_path / f"{number}.png", picture) for number in range(3)]
    paths[1].write_bytes(b"\x89PNG\r\n\x1a\n")
    source = ImageFilesSource(paths, "folder", frame_rate=10)
    assert [frame.time for frame in source] == [0, 0.2]
    assert len(source.losses) == 1
    assert source.losses[0].startswith("1.png: it is truncated")


def write_video(path, fourcc, rate, images):
    height, width = images[0].shape
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), rate, (width, height), isColor=False)
    for image in images:
        writer.write(image)
    writer.release()
    return path


@pytest.mark.parametrize(("name", "fourcc"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.avi", "FFV1")])
def test_video_keeps_times_order_and_grey_levels(tmp_path, name, fourcc):
    images = [np.full((48, 64), level, dtype=np.uint8) for level in (40, 90, 140, 190)]
    source = VideoSource(write_video(tmp_path / name, fourcc, 12.5, images))
    frames = list(source)
    assert [frame.time for frame in frames] == pytest.approx([0, 0.08, 0.16, 0.24], abs=1e-3)
    assert [frame.image.mean() for frame in frames] == pytest.approx([40, 90, 140, 190], abs=2.5)
    assert source.frame_count == 4


def test_video_without_its_index_is_refused(tmp_path, picture):
    path = write_video(tmp_path / "cut.mp4", "mp4v", 10, [picture] * 5)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(SourceError, match=r"cut\.mp4: it is not a video that can be read; convert it"):
        VideoSource(path)
