"""What a pixel of an annotated DICOM frame measures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from xa import xa_dataset

from tavi_perception.landmarks import COUNT
from training.annotations.frame import AnnotatedFrame
from training.annotations.scale import StatedScale

SIDE = 64
PITCH = 0.308
"""mm a pixel at the detector."""


@pytest.fixture
def frame(tmp_path: Path) -> AnnotatedFrame:
    """A frame whose header says the pitch of its pixels and where source, patient and detector are."""
    dataset = xa_dataset(np.zeros((SIDE, SIDE), np.uint8))
    dataset.ImagerPixelSpacing = [PITCH, PITCH]
    dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient = 1100.0, 770.0
    image = tmp_path / "frame.dcm"
    dataset.save_as(image, enforce_file_format=True)
    return AnnotatedFrame("frame", image, "p", SIDE, SIDE, np.full((COUNT, 2), np.nan), np.zeros(COUNT, bool))


def test_a_header_tells_the_size_of_a_pixel_at_detector_and_patient(frame: AnnotatedFrame) -> None:
    assert StatedScale().mm_per_px(frame) == pytest.approx((PITCH, 0.7 * PITCH))


def test_the_data_set_is_trusted_more_than_the_header(frame: AnnotatedFrame) -> None:
    stated = replace(frame, spacing_mm=0.05)
    pitch = 0.05 * 512 / SIDE
    assert StatedScale().mm_per_px(stated) == pytest.approx((pitch, 0.7 * pitch))


def test_the_user_is_trusted_most(frame: AnnotatedFrame) -> None:
    stated = StatedScale(0.2, SIDE, source_to_detector_mm=1000.0, source_to_patient_mm=500.0)
    assert stated.mm_per_px(replace(frame, spacing_mm=0.05)) == pytest.approx((0.2, 0.1))
