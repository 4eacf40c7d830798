"""DICOM images become the grey frames that a viewer shows, at their recorded times."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from tavi_perception.calibration import UserCalibration
from tavi_perception.carm import Calibration
from tavi_perception.imaging.dicom import DicomSource


def grey(path):
    (frame,) = DicomSource(path)
    return frame.image


def lut(values, first=0, depth=8):
    item = Dataset()
    item.LUTDescriptor = [len(values), first, depth]
    item.LUTData = list(values)
    item["LUTData"].VR = "US"
    return [item]


def test_8_bit_image_is_taken_as_it_is(picture, write_dicom):
    image = grey(write_dicom(picture))
    assert np.array_equal(image, picture)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_deeper_image_equals_its_8_bit_twin(picture, write_dicom, bits):
    deep = np.rint(picture * ((2**bits - 1) / 255)).astype(np.uint16)
    assert np.array_equal(grey(write_dicom(deep, bits=bits)), picture)


@pytest.mark.parametrize("compress", [RLELossless, JPEG2000Lossless])
@pytest.mark.parametrize("bits", [8, 12])
def test_compressed_image_equals_its_8_bit_twin(picture, write_dicom, compress, bits):
    container = np.uint8 if bits == 8 else np.uint16
    deep = np.rint(picture * ((2**bits - 1) / 255)).astype(container)
    assert np.array_equal(grey(write_dicom(deep, bits=bits, compress=compress)), picture)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_uncompressed_transfer_syntaxes_give_the_same_image(picture, write_dicom, syntax):
    deep = picture.astype(np.uint16) * 257
    assert np.array_equal(grey(write_dicom(deep, syntax=syntax)), picture)


def test_monochrome1_equals_its_monochrome2_twin(picture, write_dicom):
    path = write_dicom(255 - picture, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(grey(path), picture)


def test_windowed_16_bit_monochrome1_equals_its_8_bit_twin(picture, write_dicom):
    deep = 1000 + (255 - picture).astype(np.uint16) * 8
    path = write_dicom(
        deep,
        bits=12,
        PhotometricInterpretation="MONOCHROME1",
        VOILUTFunction="LINEAR_EXACT",
        WindowCenter=1000 + 1020,
        WindowWidth=2040,
    )
    assert np.array_equal(grey(path), picture)


def test_signed_image_equals_its_8_bit_twin(picture, write_dicom):
    signed = (picture.astype(np.int32) * 257 - 32768).astype(np.int16)
    assert np.array_equal(grey(write_dicom(signed)), picture)


def test_bits_of_an_overlay_above_the_image_do_not_show(picture, write_dicom):
    deep = np.rint(picture * (4095 / 255)).astype(np.uint16)
    overlaid = deep | np.where(np.eye(*picture.shape, dtype=bool), 0xF000, 0).astype(np.uint16)
    assert np.array_equal(grey(write_dicom(overlaid, bits=12)), picture)


def test_image_in_the_upper_bits_equals_its_8_bit_twin(picture, write_dicom):
    deep = np.rint(picture * (4095 / 255)).astype(np.uint16) << 4
    assert np.array_equal(grey(write_dicom(deep, bits=12, HighBit=15)), picture)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black(picture, write_dicom, photometric):
    padded = np.clip(picture, 1, 254)
    padded[:, :5] = 255
    path = write_dicom(padded, PhotometricInterpretation=photometric, PixelPaddingValue=255)
    image = grey(path)
    assert (image[:, :5] == 0).all()
    assert (image[:, 5:] > 0).all()


def test_colour_image_becomes_grey(picture, write_dicom):
    assert np.array_equal(grey(write_dicom(np.dstack([picture] * 3))), picture)


def test_first_of_several_windows_is_used(write_dicom):
    values = np.array([[0, 100, 150, 200, 4095]], dtype=np.uint16)
    path = write_dicom(
        values, bits=12, WindowCenter=[150, 9], WindowWidth=[100, 1], VOILUTFunction="LINEAR_EXACT"
    )
    assert grey(path).tolist() == [[0, 0, 128, 255, 255]]


def test_sigmoid_window_is_applied(write_dicom):
    values = np.array([[0, 1000, 1250, 4095]], dtype=np.uint16)
    path = write_dicom(values, bits=12, WindowCenter=1000, WindowWidth=1000, VOILUTFunction="SIGMOID")
    expected = [255 / (1 + math.exp(-4 * (value - 1000) / 1000)) for value in (0, 1000, 1250, 4095)]
    assert np.abs(grey(path)[0] - expected).max() <= 0.51


@pytest.mark.parametrize("width", [0, -5, 0.5])
def test_impossible_window_is_ignored_and_noted(picture, write_dicom, width):
    source = DicomSource(write_dicom(picture, WindowCenter=100, WindowWidth=width))
    assert np.array_equal(next(iter(source)).image, picture)
    assert any("window is ignored" in note for note in source.notes)


def test_voi_lut_with_8_bit_entries_covers_12_bit_values(write_dicom):
    values = np.array([[0, 255, 256, 2048, 4095]], dtype=np.uint16)
    path = write_dicom(values, bits=12, VOILUTSequence=lut([entry // 16 for entry in range(4096)]))
    assert grey(path).tolist() == [[0, 15, 16, 128, 255]]


def test_modality_lut_of_an_xa_image_is_not_displayed(picture, write_dicom):
    path = write_dicom(picture, ModalityLUTSequence=lut(range(255, -1, -1)))
    assert np.array_equal(grey(path), picture)


def test_modality_lut_of_another_modality_is_displayed(picture, write_dicom):
    path = write_dicom(picture, Modality="CR", ModalityLUTSequence=lut(range(255, -1, -1)))
    assert np.array_equal(grey(path), 255 - picture)


def test_rescaled_values_meet_their_window(write_dicom):
    values = np.array([[0, 100, 200]], dtype=np.uint16)
    path = write_dicom(
        values,
        bits=12,
        RescaleSlope=2,
        RescaleIntercept=-100,
        WindowCenter=100,
        WindowWidth=400,
        VOILUTFunction="LINEAR_EXACT",
    )
    assert grey(path).tolist() == [[0, 128, 255]]


def test_grey_level_of_a_value_is_the_same_in_every_frame(write_dicom):
    frames = np.full((2, 8, 8), 500, dtype=np.uint16)
    frames[1, 0] = 4095
    dark, bright = DicomSource(write_dicom(frames, bits=12, FrameTime=66))
    assert dark.image[4, 4] == bright.image[4, 4]


def test_frames_come_again_when_iterated_again(picture, write_dicom):
    frames = np.stack([picture, 255 - picture])
    source = DicomSource(write_dicom(frames, FrameTime=40))
    first, again = list(source), list(source)
    assert [frame.time for frame in first] == [frame.time for frame in again] == [0.0, 0.04]
    assert np.array_equal(again[1].image, frames[1])


@pytest.mark.parametrize(
    ("elements", "times"),
    [
        ({"FrameTime": 40}, [0, 0.04, 0.08]),
        ({"FrameTimeVector": [0, 30, 50]}, [0, 0.03, 0.08]),
        ({"FrameTimeVector": [10, 30, 50], "FrameTime": 7}, [0, 0.03, 0.08]),
        ({"FrameTimeVector": [0, 30], "FrameTime": 40}, [0, 0.04, 0.08]),
        ({"FrameTimeVector": [0, 30, -5], "CineRate": 25}, [0, 0.04, 0.08]),
        ({"FrameTime": 0, "CineRate": 25}, [0, 0.04, 0.08]),
        ({"RecommendedDisplayFrameRate": 25}, [0, 0.04, 0.08]),
        ({"CineRate": 0, "RecommendedDisplayFrameRate": 50}, [0, 0.02, 0.04]),
        ({}, [0, 1 / 15, 2 / 15]),
    ],
)
def test_frame_times_come_from_the_first_plausible_element(picture, write_dicom, elements, times):
    source = DicomSource(write_dicom(np.stack([picture] * 3), **elements))
    assert [frame.time for frame in source] == pytest.approx(times)


def test_assumed_frame_rate_is_noted(picture, write_dicom):
    source = DicomSource(write_dicom(np.stack([picture] * 2)))
    assert any("15 frames/s are assumed" in note for note in source.notes)


def test_given_frame_rate_replaces_the_recorded_times(picture, write_dicom):
    source = DicomSource(write_dicom(np.stack([picture] * 2), FrameTime=40), frame_rate=10)
    assert [frame.time for frame in source] == [0.0, 0.1]


def test_calibration_is_read_from_the_tags(picture, write_dicom):
    path = write_dicom(
        picture,
        ImagerPixelSpacing=[0.2, 0.2],
        DistanceSourceToDetector=1000,
        DistanceSourceToPatient=750,
        PositionerPrimaryAngle=-30,
        PositionerSecondaryAngle=15,
    )
    geometry = DicomSource(path).geometry
    assert geometry.metres_per_px == pytest.approx(0.15e-3, rel=1e-12)
    assert geometry.calibration is Calibration.GEOMETRY
    assert (geometry.primary_angle, geometry.secondary_angle) == (math.radians(-30), math.radians(15))
    assert (geometry.image_width, geometry.image_height) == (64, 48)


def test_calibration_is_read_from_the_functional_groups_of_an_enhanced_object(picture, write_dicom):
    spacing, distances, window, shared = Dataset(), Dataset(), Dataset(), Dataset()
    spacing.ImagerPixelSpacing = [0.2, 0.2]
    distances.DistanceSourceToDetector, distances.DistanceSourceToPatient = 1000, 750
    window.WindowCenter, window.WindowWidth, window.VOILUTFunction = 50, 100, "LINEAR_EXACT"
    shared.FramePixelDataPropertiesSequence = [spacing]
    shared.XRayGeometrySequence = [distances]
    shared.FrameVOILUTSequence = [window]
    source = DicomSource(write_dicom(picture, SharedFunctionalGroupsSequence=[shared]))
    assert source.geometry.metres_per_px == pytest.approx(0.15e-3, rel=1e-12)
    assert (next(iter(source)).image[picture > 100] == 255).all()


def test_given_calibration_comes_before_the_tags(picture, write_dicom):
    path = write_dicom(picture, PixelSpacing=[0.3, 0.3], PixelSpacingCalibrationType="FIDUCIAL")
    source = DicomSource(path, calibration=UserCalibration(pixel_size_mm=0.2))
    assert source.geometry.metres_per_px == pytest.approx(0.2e-3, rel=1e-12)
    assert source.geometry.calibration is Calibration.USER


@pytest.mark.filterwarnings("ignore:.*Value:UserWarning")
def test_unreadable_calibration_element_counts_as_absent(picture, write_dicom):
    path = write_dicom(
        picture, ImagerPixelSpacing=[0.2, 0.2], DistanceSourceToPatient=750, DistanceSourceToDetector=1234
    )
    path.write_bytes(path.read_bytes().replace(b"1234", b"12mm"))
    assert not DicomSource(path).geometry.calibrated


def test_other_modality_is_accepted_and_noted(picture, write_dicom):
    source = DicomSource(write_dicom(picture, Modality="US"))
    assert any("modality is US" in note for note in source.notes)


def test_real_cine_is_read_as_recorded(cine):
    source = DicomSource(cine)
    frames = list(source)
    assert source.frame_count == len(frames) == 96
    assert {frame.image.shape for frame in frames} == {(512, 512)}
    assert frames[95].time == pytest.approx(95 * 0.033)
    assert not source.geometry.calibrated
    assert math.degrees(source.geometry.primary_angle) == pytest.approx(-32)
    assert math.degrees(source.geometry.secondary_angle) == pytest.approx(2)


def test_real_cine_with_calibration_given_is_calibrated(cine):
    source = DicomSource(cine, calibration=UserCalibration(pixel_size_mm=0.25))
    assert source.geometry.metres_per_px == pytest.approx(0.25e-3, rel=1e-12)
