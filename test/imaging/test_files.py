"""Image files, alone or in folders, and videos become grey frames."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tavi_perception.imaging.files import read_image
from tavi_perception.imaging.folder import ImageFilesSource, images_in
from tavi_perception.imaging.source import SourceError
from tavi_perception.imaging.video import VideoSource


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


def test_video_cut_off_is_a_loss(tmp_path, picture):
    images = [np.roll(picture, shift) for shift in range(20)]
    for name, fourcc in (("a.avi", "MJPG"), ("a.mkv", "MJPG")):
        path = write_video(tmp_path / name, fourcc, 15, images)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        source = VideoSource(path)
        count = len(list(source))
        assert 0 < count < 20
        assert source.losses[0].startswith(f"it states 20 frames and {count} can be decoded: it is cut off")


@pytest.mark.parametrize(("name", "fourcc"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mkv", "FFV1")])
def test_complete_video_has_no_loss(tmp_path, picture, name, fourcc):
    source = VideoSource(write_video(tmp_path / name, fourcc, 29.97, [picture] * 31))
    assert len(list(source)) == 31
    assert source.losses == ()


@pytest.mark.parametrize("name", [b"caf\xe9", b"a:b", b"%02d"])
def test_names_that_opencv_cannot_open_are_read_like_any_other(tmp_path, picture, name):
    image, video = (tmp_path / os.fsdecode(name + suffix) for suffix in (b".png", b".avi"))
    image.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    write_video(tmp_path / "plain.avi", "MJPG", 15, [picture] * 3).rename(video)
    assert np.array_equal(read_image(image), picture)
    assert len(list(VideoSource(video))) == 3
    assert VideoSource(video).name.isprintable()


def test_dark_16_bit_image_is_read_with_the_option_that_helps(tmp_path, picture, caplog):
    path = save(tmp_path / "a.png", np.rint(picture / 255 * 4095).astype(np.uint16))
    assert read_image(path).max() == 16
    assert "the brightest grey level is 16 of 255" in caplog.text
    assert "--bits-stored 12" in caplog.text


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_bits_stored_set_the_full_scale_of_a_file(tmp_path, picture, suffix):
    path = save(tmp_path / f"a.{suffix}", np.rint(picture / 255 * 1023).astype(np.uint16))
    assert np.array_equal(read_image(path, bits_stored=10), picture)


def test_bits_stored_do_not_change_an_8_bit_file(tmp_path, picture):
    assert np.array_equal(read_image(save(tmp_path / "a.png", picture), bits_stored=12), picture)


def test_pixels_above_the_bits_stored_are_white_and_noted(tmp_path, picture):
    deep = np.where(picture > 100, 5000, 100).astype(np.uint16)
    source = ImageFilesSource([save(tmp_path / "a.png", deep)], "a.png", bits_stored=12)
    assert np.array_equal(next(iter(source)).image == 255, picture > 100)
    assert any("the largest is 5000" in note for note in source.notes)


@pytest.mark.parametrize("bits", [7, 17])
def test_impossible_bits_stored_are_refused(tmp_path, picture, bits):
    with pytest.raises(SourceError, match="give 8 to 16"):
        read_image(save(tmp_path / "a.png", picture), bits_stored=bits)


def test_files_that_cannot_be_read_among_others_are_named(tmp_path, picture):
    for number in (1, 5):
        save(tmp_path / f"{number}.png", picture)
    (tmp_path / "2.png").touch()
    (tmp_path / "3.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "4.gif").write_bytes(b"GIF89a")
    source = ImageFilesSource(images_in(tmp_path), "folder")
    assert len(list(source)) == 2
    assert [Path(loss.split(":")[0]).name for loss in source.losses] == ["2.png", "3.png", "4.gif"]


def test_files_of_which_none_can_be_read_are_refused(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.png").touch()
    with pytest.raises(SourceError, match=r"0\.png: it is empty .* any of the other 2 files"):
        ImageFilesSource(images_in(tmp_path), "folder")


def test_frame_in_two_formats_is_played_once_from_the_lossless_file(tmp_path, picture):
    for number in (1, 2):
        save(tmp_path / f"{number}.png", picture)
        save(tmp_path / f"{number}.jpg", 255 - picture)
    source = ImageFilesSource(images_in(tmp_path), "folder")
    assert np.array_equal([frame.image for frame in source], [picture, picture])
    assert any("2 images are there in two formats" in note for note in source.notes)


@pytest.mark.parametrize(("numbers", "missing"), [((1, 2, 4, 7), 3), ((2, 4, 6), 0), ((1, 2, 3), 0)])
def test_gaps_in_the_numbers_of_files_are_noted(tmp_path, picture, numbers, missing):
    source = ImageFilesSource([save(tmp_path / f"a{n}.png", picture) for n in numbers], "folder")
    assert [note for note in source.notes if "gaps" in note] == (
        [f"the numbers of the files have gaps: {missing} are missing, the first after a2.png"]
        if missing
        else []
    )
