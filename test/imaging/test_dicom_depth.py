"""Grey levels follow the bits that carry the image, and what contradicts them is said."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.source import SourceError


@pytest.fixture
def smooth(picture):
    return cv2.GaussianBlur(picture, (15, 15), 5)


def opened(path, **options):
    source = DicomSource(path, **options)
    return next(iter(source)).image, " ".join(source.notes)


def test_twelve_bits_in_sixteen_are_noted_with_the_brightest_value(picture, write_dicom):
    _, notes = opened(write_dicom(np.rint(picture * (4095 / 255)).astype(np.uint16)))
    assert "its brightest pixel is 4095 of 65535" in notes


def test_given_stored_bits_replace_those_of_the_header(picture, write_dicom):
    path = write_dicom(np.rint(picture * (4095 / 255)).astype(np.uint16))
    (frame,) = open_source(path, bits_stored=12)
    assert np.array_equal(frame.image, picture)


def test_given_stored_bits_do_not_replace_a_window(picture, write_dicom):
    path = write_dicom(picture.astype(np.uint16) * 16, bits=12, WindowCenter=2048, WindowWidth=4096)
    image, notes = opened(path, bits_stored=10)
    assert np.array_equal(image, opened(path)[0])
    assert "the given 10 stored bits are not used" in notes


@pytest.mark.parametrize("bits", [0, 9])
def test_given_bits_that_a_pixel_does_not_have_are_refused(picture, write_dicom, bits):
    with pytest.raises(SourceError, match="stored bits do not fit"):
        DicomSource(write_dicom(picture), bits_stored=bits)


@pytest.mark.parametrize("signed", [False, True])
def test_values_above_the_stored_bits_are_white_not_black(smooth, write_dicom, signed):
    deep = smooth.astype(np.int16 if signed else np.uint16) * 30 - (1500 if signed else 0)
    image, notes = opened(write_dicom(deep, bits=12))
    assert "need more than the 12 bits" in notes
    assert (image[deep > (2047 if signed else 4095)] == 255).all()


def test_declared_overlay_bits_do_not_show(smooth, write_dicom):
    deep = np.rint(smooth * (4095 / 255)).astype(np.uint16)
    deep[:24] |= 0x1000
    path = write_dicom(deep, bits=12)
    import pydicom

    dataset = pydicom.dcmread(path)
    dataset.add_new((0x6000, 0x0102), "US", 12)
    dataset.save_as(path)
    assert np.array_equal(opened(path)[0], smooth)


@pytest.mark.parametrize(("centre", "width"), [(30000, 100), (-5000, 10), (40, 60), (524288, 1048576)])
def test_window_of_another_depth_is_ignored_and_noted(smooth, write_dicom, centre, width):
    deep = 500 + smooth.astype(np.uint16) * 10
    path = write_dicom(deep, bits=12, WindowCenter=centre, WindowWidth=width)
    image, notes = opened(path)
    assert "does not fit its pixel values" in notes
    assert np.array_equal(image, opened(write_dicom(deep, "plain.dcm", bits=12))[0])
