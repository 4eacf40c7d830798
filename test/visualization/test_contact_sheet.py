"""A contact sheet shows every image at one scale, in order, and marks where the landmarks are."""

import dataclasses

import numpy as np
import pytest

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import Landmark
from tavi_perception.visualization.contact_sheet import contact_sheet


def flat(level, shape=(200, 200)):
    return np.full(shape, level, np.uint8)


def tile_centres(sheet, columns, rows):
    """Grey levels in the upper part of each tile's middle, row by row."""
    height, width = sheet.shape[0] // rows, sheet.shape[1] // columns
    return [
        [int(sheet[row * height + height // 3, column * width + width // 2, 0]) for column in range(columns)]
        for row in range(rows)
    ]


def test_images_stand_in_rows_in_their_order():
    sheet = contact_sheet([flat(40 * number) for number in range(1, 6)], ["x"] * 5, tile=100, columns=3)
    assert tile_centres(sheet, 3, 2)[0] == [40, 80, 120]
    assert tile_centres(sheet, 3, 2)[1][:2] == [160, 200]


def test_images_of_any_size_and_depth_get_the_same_side():
    images = [flat(90, (50, 50)), flat(90, (400, 400)), np.full((80, 80), 90 << 8, np.uint16)]
    sheet = contact_sheet(images, ["a", "b", "c"], tile=120, columns=3)
    widths = (sheet[60, :, 0] == 90).sum()
    assert widths == 3 * 120


def test_an_image_that_is_not_square_is_not_stretched():
    sheet = contact_sheet([flat(200, (100, 200))], [""], tile=100)
    shown = sheet[..., 0] == 200
    assert (shown.any(axis=1).sum(), shown.any(axis=0).sum()) == (50, 100)


def test_captions_are_written_below_and_not_on_the_image():
    plain = contact_sheet([flat(128)], [""], tile=150)
    written = contact_sheet([flat(128)], ["seed 12"], tile=150)
    changed = np.flatnonzero((plain != written).any(axis=(1, 2)))
    assert changed.size and changed.min() >= 150


def test_a_long_caption_stays_below_its_own_tile():
    images, captions = [flat(128)] * 2, ["a caption that is wider than the tile by far", ""]
    sheet = contact_sheet(images, captions, tile=100, columns=2)
    np.testing.assert_array_equal(
        sheet[:, 105:], contact_sheet(images, ["", ""], tile=100, columns=2)[:, 105:]
    )


def test_a_landmark_is_marked_at_its_place():
    absent = Keypoints.absent(1000, 1000)
    xy, present = absent.xy.copy(), absent.present.copy()
    xy[Landmark.PT], present[Landmark.PT] = (700.0, 300.0), True
    keypoints = dataclasses.replace(absent, xy=xy, present=present)
    image = flat(128, (1000, 1000))
    marked = contact_sheet([image], [""], tile=500, keypoints=[keypoints])
    rows, columns = np.nonzero((marked != contact_sheet([image], [""], tile=500)).any(axis=2))
    gap = (marked.shape[1] - 500) // 2
    assert columns.mean() - gap == pytest.approx(350, abs=1.0)
    assert rows.mean() - gap == pytest.approx(150, abs=1.0)


def test_no_images_or_missing_captions_are_refused():
    with pytest.raises(ValueError, match="0 images"):
        contact_sheet([], [])
    with pytest.raises(ValueError, match="1 captions"):
        contact_sheet([flat(1), flat(2)], ["only one"])
