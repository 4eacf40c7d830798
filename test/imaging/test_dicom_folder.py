"""A folder or a DICOMDIR is its one series; what else is there is named, and nothing is played by mistake."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.source import SourceError


@pytest.fixture
def write_series(picture, write_dicom):
    """Writes single frames, of the levels of which the first pixel tells the number."""

    def write(prefix="IM", count=4, **elements):
        elements.setdefault("SeriesInstanceUID", generate_uid())
        for index in range(count):
            frame = picture.copy()
            frame[0, 0] = index
            angle = elements.get("PositionerPrimaryAngle", 0)
            own = {"PositionerPrimaryAngle": angle[index]} if isinstance(angle, list) else {}
            path = write_dicom(
                frame,
                f"{prefix}{index + 1}",
                NumberOfFrames=None,
                SOPInstanceUID=generate_uid(),
                **{"InstanceNumber": index + 1, "PositionerSecondaryAngle": 0} | elements | own,
            )
        return path.parent

    return write


def played(path):
    source = open_source(path)
    return [int(frame.image[0, 0]) for frame in source], " ".join(source.notes), " ".join(source.losses)


def test_previews_documents_and_reports_beside_a_series_are_left_aside(write_series, write_dicom, picture):
    folder = write_series()
    cv2.imwrite(str(folder / "thumbnail.jpg"), picture[:24, :32])
    (folder / "README.txt").write_text("viewer")
    (folder / "viewer.exe").write_bytes(b"MZ" + bytes(50))
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    write_dicom(picture, "dose.dcm", Modality="SR", PixelData=None, Rows=None, Columns=None)
    frames, notes, losses = played(folder)
    assert frames == [0, 1, 2, 3]
    assert all(name in notes for name in ("thumbnail.jpg", "README.txt", "viewer.exe", "dose.dcm"))
    assert ".DS_Store" not in notes
    assert losses == ""


def test_same_frames_in_two_formats_are_played_once(write_series, picture):
    folder = write_series()
    for index in range(1, 5):
        cv2.imwrite(str(folder / f"IM{index}.png"), picture)
    frames, notes, _ = played(folder)
    assert frames == [0, 1, 2, 3]
    assert "left aside, no DICOM images: IM1.png" in notes


def test_pictures_as_large_as_the_frames_beside_them_are_refused(write_series, picture):
    folder = write_series()
    for index in range(3):
        cv2.imwrite(str(folder / f"other{index}.png"), picture)
    with pytest.raises(SourceError, match=r"other images \(other0\.png"):
        open_source(folder)


def test_two_planes_in_a_folder_are_refused_with_both(write_series):
    write_series("A", SeriesNumber=1, PositionerPrimaryAngle=0)
    folder = write_series("B", SeriesNumber=2, PositionerPrimaryAngle=90)
    with pytest.raises(SourceError, match=r"2 series: number 1 \(XA, 0/0 .*number 2 \(XA, 90/0 "):
        open_source(folder)


def test_two_planes_of_one_series_are_refused(write_series):
    write_series("A", SeriesInstanceUID="1.2", PositionerPrimaryAngle=0)
    folder = write_series("B", SeriesInstanceUID="1.2", PositionerPrimaryAngle=90)
    with pytest.raises(SourceError, match="2 series"):
        open_source(folder)


def test_series_of_a_turning_c_arm_is_one_with_an_angle_per_frame(write_series):
    source = open_source(write_series(PositionerPrimaryAngle=[0, 8, 16, 24]))
    degrees = [float(np.degrees(frame.geometry.primary_angle)) for frame in source]
    assert degrees == pytest.approx([0, 8, 16, 24])


def test_other_modality_beside_the_fluoroscopy_is_left_aside(write_series):
    write_series("US", Modality="US")
    frames, notes, _ = played(write_series())
    assert frames == [0, 1, 2, 3]
    assert "left aside, no fluoroscopy" in notes


def test_copy_of_a_file_is_played_once(write_series):
    folder = write_series()
    shutil.copy(folder / "IM2", folder / "copy of IM2")
    frames, notes, losses = played(folder)
    assert frames == [0, 1, 2, 3]
    assert "a copy of another file" in notes
    assert losses == ""


def test_repeated_instance_number_is_a_loss(write_series, write_dicom, picture):
    folder = write_series(SeriesInstanceUID="1.2")
    write_dicom(picture, "X9", InstanceNumber=2, SeriesInstanceUID="1.2", SOPInstanceUID="1.2.3")
    frames, _, losses = played(folder)
    assert frames == [0, 1, 2, 3]
    assert "X9: another file has the same InstanceNumber" in losses


def test_instance_numbers_that_tell_nothing_leave_the_order_of_names(write_series):
    frames, notes, _ = played(write_series(InstanceNumber=1))
    assert frames == [0, 1, 2, 3]
    assert "it is played by names" in notes


@pytest.mark.parametrize("harm", ["cut", "link", "empty", "text"])
def test_broken_file_amid_a_series_is_a_loss(write_series, harm):
    folder = write_series()
    data = (folder / "IM3").read_bytes()
    (folder / "IM3").unlink()
    broken = folder / "IM3.dcm"
    if harm == "link":
        broken.symlink_to(folder / "gone")
    else:
        broken.write_bytes({"cut": data[:-90], "empty": b"", "text": b"error 404"}[harm])
    frames, _, losses = played(folder)
    assert frames == [0, 1, 3]
    assert "IM3.dcm" in losses


def test_folder_of_broken_files_and_a_preview_is_refused(write_series, picture):
    folder = write_series(count=2)
    for path in list(folder.iterdir()):
        path.write_bytes(path.read_bytes()[:-90])
    cv2.imwrite(str(folder / "thumbnail.jpg"), picture)
    with pytest.raises(SourceError, match="truncated"):
        open_source(folder)


def test_cine_in_nested_folders_is_found_once_despite_links(write_series, tmp_path):
    folder = write_series()
    deep = folder / "study" / "series"
    deep.mkdir(parents=True)
    for path in list(folder.iterdir()):
        if path.is_file():
            path.rename(deep / path.name)
    (deep / "loop").symlink_to(folder)
    assert played(folder)[0] == [0, 1, 2, 3]


def disc(folder, path, count):
    """A disc with a DICOMDIR and copies of a cine as that many series."""
    fileset = FileSet()
    for number in range(count):
        dataset = pydicom.dcmread(path)
        dataset.PatientID = dataset.PatientName = "1"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2", f"1.2.{number + 1}"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20240101", "101010", "1"
        dataset.AccessionNumber, dataset.SeriesNumber, dataset.InstanceNumber = "", number, 1
        fileset.add(dataset)
    fileset.write(folder)
    fileset._stage["t"].cleanup()  # pydicom leaves its temporary folder to the interpreter's end
    return folder


@pytest.fixture
def cine_file(picture, write_dicom):
    return write_dicom(np.stack([picture] * 3), FrameTime=40)


@pytest.mark.parametrize("name", ["DICOMDIR", ""])
def test_disc_with_one_cine_is_that_cine(cine_file, tmp_path, name):
    source = open_source(disc(tmp_path / "cd", cine_file, 1) / name)
    assert len(list(source)) == 3
    assert source.losses == ()


@pytest.mark.parametrize("name", ["DICOMDIR", ""])
def test_disc_with_several_cines_is_refused_with_their_paths(cine_file, tmp_path, name):
    with pytest.raises(SourceError, match=r"2 series.*cd/.*IM000000.*cd/.*IM000000"):
        open_source(disc(tmp_path / "cd", cine_file, 2) / name)


def test_image_that_a_disc_lists_and_lacks_is_a_loss(cine_file, tmp_path):
    folder = disc(tmp_path / "cd", cine_file, 2)
    next(path for path in folder.rglob("IM*")).unlink()
    source = open_source(folder / "DICOMDIR")
    assert len(list(source)) == 3
    assert "lists images that are not there" in source.losses[0]


def test_disc_without_its_images_is_refused(cine_file, tmp_path):
    folder = disc(tmp_path / "cd", cine_file, 1)
    shutil.copy(folder / "DICOMDIR", tmp_path / "DICOMDIR")
    with pytest.raises(SourceError, match="copy the whole disc"):
        open_source(tmp_path / "DICOMDIR")
