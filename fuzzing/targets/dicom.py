"""DICOM files, and folders and discs of them."""

from __future__ import annotations

import copy
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)
from xa import xa_dataset

from fuzzing.choices import Choices
from fuzzing.mutation import NUMBERS, TEXTS, damaged
from fuzzing.target import Target
from fuzzing.targets.images import picture, read_frames
from tavi_perception.imaging.source import SourceError

_KEYWORDS = (
    "Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel",
    "PixelRepresentation", "PlanarConfiguration", "PhotometricInterpretation", "FrameTime", "FrameTimeVector",
    "CineRate", "RecommendedDisplayFrameRate", "ImagerPixelSpacing", "PixelSpacing",
    "PixelSpacingCalibrationType",
    "DistanceSourceToDetector", "DistanceSourceToPatient", "EstimatedRadiographicMagnificationFactor",
    "PositionerPrimaryAngle", "PositionerSecondaryAngle", "PositionerPrimaryAngleIncrement",
    "PositionerMotion",
    "WindowCenter", "WindowWidth", "VOILUTFunction", "RescaleSlope", "RescaleIntercept", "PixelPaddingValue",
    "PixelPaddingRangeLimit", "Modality", "SOPInstanceUID", "InstanceNumber", "PatientOrientation",
    "TableMotion",
    "SeriesDescription", "ExtendedOffsetTable", "ImageRotation",
)  # fmt: skip


def _files(_: Path) -> list[tuple[Dataset, bytes]]:
    return [(dataset, _written(dataset)) for dataset in _datasets()]


def _datasets() -> list[Dataset]:
    """One of each encoding, with what calibration, times and grey levels can be stated by."""
    grey = picture(40)  # JPEG 2000 divides a picture five times
    cine = np.stack([grey] * 3)
    deep = cine.astype(np.uint16) * 16
    made = [
        xa_dataset(cine), xa_dataset(deep, 12), xa_dataset(deep, 12, ExplicitVRBigEndian),
        xa_dataset(cine, None, ImplicitVRLittleEndian), xa_dataset(cine, None,
        DeflatedExplicitVRLittleEndian),
        xa_dataset(np.stack([grey] * 3, axis=-1)), xa_dataset((grey - 128).astype(np.int8)),
    ]  # fmt: skip
    for pixels, syntax in ((cine, RLELossless), (deep, RLELossless), (cine, JPEG2000Lossless)):
        compressed = xa_dataset(pixels)
        compressed.compress(syntax, generate_instance_uid=False)
        made.append(compressed)
    for dataset in made:
        dataset.FrameTimeVector = [0, 66, 67]
        dataset.ImagerPixelSpacing = [0.3, 0.3]
        dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient = 1000, 700
        dataset.PositionerPrimaryAngle, dataset.PositionerSecondaryAngle = 10, -5
        dataset.WindowCenter, dataset.WindowWidth = 128, 256
    made[1].ModalityLUTSequence = Sequence([_table()])
    made[1].VOILUTSequence = Sequence([_table()])
    made[1].Modality = "OT"
    frame = Dataset()
    frame.FrameContentSequence = Sequence([Dataset()])
    frame.FrameContentSequence[0].FrameReferenceDateTime = "20260101120000.5"
    made[3].PerFrameFunctionalGroupsSequence = Sequence([copy.deepcopy(frame) for _ in range(3)])
    return made


def _table() -> Dataset:
    table = Dataset()
    table.LUTDescriptor = [256, 0, 8]
    table.LUTData = bytes(range(256))
    table["LUTData"].VR = "OW"
    return table


def _content(files: list[tuple[Dataset, bytes]], choices: Choices) -> bytes:
    """A file of which elements, then bytes, are wrong; what pydicom does not write stays as it was."""
    dataset, content = choices.one_of(files)
    for _ in range(choices.number(4)):
        changed = copy.deepcopy(dataset)
        keyword = choices.one_of(_KEYWORDS)
        value = choices.one_of((*NUMBERS, *TEXTS, None))
        with suppress(Exception):
            setattr(changed, keyword, [value] * choices.one_of((1, 2, 3)) if choices.chance(3) else value)
            content = _written(changed)
            dataset = changed
    return damaged(content, choices)


def _written(dataset: Dataset) -> bytes:
    target = BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def _file(files: list[tuple[Dataset, bytes]], choices: Choices, folder: Path) -> Path:
    path = folder / "image.dcm"
    path.write_bytes(_content(files, choices))
    return path


def _disc(files: list[tuple[Dataset, bytes]], choices: Choices, folder: Path) -> Path:
    """A folder with a DICOMDIR, images and other files; the folder, or the DICOMDIR, is what is read."""
    disc = folder / "disc"
    disc.mkdir()
    for number in range(1 + choices.number(3)):
        (disc / f"IMAGE{number}").write_bytes(_content(files, choices))
    if choices.number(2):
        (disc / choices.one_of(("note.txt", "cover.png", "a.dcm"))).write_bytes(choices.some_bytes(40))
    names = ("IMAGE0", "IMAGE1", "..", ".", "etc", "passwd", "../x", "/etc/passwd", "a" * 300)
    directory = Dataset()
    directory.file_meta = FileMetaDataset()
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    records = []
    for _ in range(1 + choices.number(4)):
        record = Dataset()
        record.DirectoryRecordType = choices.one_of(("IMAGE", "PATIENT", "x"))
        record.ReferencedFileID = [choices.one_of(names) for _ in range(1 + choices.number(4))]
        records.append(record)
    directory.DirectoryRecordSequence = Sequence(records)
    (disc / "DICOMDIR").write_bytes(damaged(_written(directory), choices))
    return disc / "DICOMDIR" if choices.number(2) else disc


TARGETS = (
    Target("dicom", (SourceError,), _files, _file, read_frames, tests=120),
    Target("dicom-disc", (SourceError,), _files, _disc, read_frames, tests=40),
)
