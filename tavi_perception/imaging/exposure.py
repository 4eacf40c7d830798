"""Sizes and grey levels that no fluoroscopy has; the latter show that a depth, window or sign was misread.

The limits lie outside of what 300 angiograms of the ARCADE data set and 80 synthetic frames have. There
the 99th percentile is 125 and more, the 1st 135 and less; 60 % of a frame are black at most (collimated),
4 % white; and 0.2 % of neighbours at most differ by more than half of the range, where every wrapped frame
that was tried has 3 % and more. In one of some 400 simulated procedures the lungs, 39 % of the frame, were
white all along, and everything else could be seen.
"""

from __future__ import annotations

import cv2
import numpy as np

from tavi_perception.imaging.source import GreyImage

MIN_SIDE = 2
"""Smallest width or height (px): less has no extent to find anything in."""

DARK, BRIGHT = 64, 191
"""A quarter and three quarters of the range: nearly black below, nearly white above."""

NEARLY_ALL = 0.99
MAX_BLACK, MAX_WHITE = 0.9, 0.5
"""Shares of the pixels that may have the lowest and the highest grey level."""

MAX_TORN = 0.01
"""Share of neighbouring pixels that may differ by more than half of the range."""

_STEP = 4
"""Every so many rows and columns are looked at; neighbours in every so many rows."""


def exposure_defect(image: GreyImage) -> str:
    """Why a frame cannot be a fluoroscopy, in one sentence; empty where it can.

    Args:
        image: (H, W) uint8.
    """
    height, width = image.shape
    if min(height, width) < MIN_SIDE:
        return f"the frame has {width}x{height} px, too few to find anything in; give a picture"
    counts = np.bincount(image[::_STEP, ::_STEP].ravel(), minlength=256)
    shares = counts / counts.sum()
    if shares[:DARK].sum() >= NEARLY_ALL or shares[0] > MAX_BLACK:
        return (
            f"the frame is nearly black, its brightest grey level is {image.max()} of 255: state how many "
            "bits carry the grey level (bits_stored), or correct the window or the exposure"
        )
    if shares[BRIGHT + 1 :].sum() >= NEARLY_ALL or shares[255] > MAX_WHITE:
        return (
            f"the frame is nearly white or saturated, {shares[255]:.0%} of it has the highest grey level: "
            "state how many bits carry the grey level (bits_stored), or correct the window or the exposure"
        )
    rows = image[::_STEP]
    torn = np.count_nonzero(cv2.absdiff(rows[:, 1:], rows[:, :-1]) > 128) / rows.size
    if torn > MAX_TORN:
        return (
            f"the frame is torn, {torn:.0%} of neighbouring pixels differ by more than half of the range, as "
            "where grey levels wrap around: check the depth, the sign and the byte order of its pixels"
        )
    return ""
