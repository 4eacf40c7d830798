"""Frames become samples as serving would see them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tavi_perception.imaging.files import read_image
from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.landmarks import Landmark
from training.annotations import AnnotationError, groups_of, open_annotated, to_samples

from .conftest import Folder, annotation

POINTS = {"AA1": (10.5, 20.5), "CT": (60.5, 40.5)}


def test_images_and_landmarks_are_fitted_as_in_serving(project: Folder) -> None:
    project.labelled("a", "1.png", POINTS)
    frames = open_annotated(project.root).frames
    samples = to_samples(frames, 32)
    image, fit = fit_square(read_image(frames[0].image), 32)
    assert np.array_equal(samples.images[0], image)
    assert samples.xy[0, Landmark.CT] == pytest.approx(fit.to_input(np.array([60.0, 40.0])))
    assert (samples.xy[0][samples.visible[0] == 0] == 0).all()
    assert samples.images.dtype == np.uint8
    assert samples.xy.dtype == samples.visible.dtype == np.float32


def test_colour_and_16_bit_images_become_the_same_grey(folder: Folder) -> None:
    grey = cv2.imread(str(folder.image("8.png")), cv2.IMREAD_UNCHANGED)
    variants = {"colour.png": cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), "16.png": grey.astype(np.uint16) * 257}
    for name, pixels in variants.items():
        cv2.imwrite(str(folder.root / name), pixels)
    for name in ("8", *(name.removesuffix(".png") for name in variants)):
        folder.json(f"{name}.json", annotation(POINTS))
    samples = to_samples(open_annotated(folder.root).frames, 64)
    assert (samples.images == samples.images[0]).all()


def test_frames_keep_their_order_and_their_procedures_number(project: Folder) -> None:
    for dataset, name in (("b", "1.png"), ("a", "2.png"), ("b", "3.png")):
        project.labelled(dataset, name, POINTS)
    frames = open_annotated(project.root).frames[::-1]
    assert list(groups_of(frames)) == [1, 1, 0]
    single = [to_samples([frame], 32).images[0] for frame in frames]
    assert np.array_equal(to_samples(frames, 32).images, np.stack(single))


def test_no_frames_are_no_samples() -> None:
    assert to_samples((), 32).visible.shape == (0, 11)


def test_an_image_that_has_changed_since_is_refused(project: Folder) -> None:
    project.labelled("a", "1.png", POINTS)
    frames = open_annotated(project.root).frames
    cv2.imwrite(str(frames[0].image), np.zeros((9, 9), np.uint8))
    with pytest.raises(AnnotationError, match="size has changed"):
        to_samples(frames, 32)
    frames[0].image.unlink()
    with pytest.raises(AnnotationError, match="can no longer be read"):
        to_samples(frames, 32)
