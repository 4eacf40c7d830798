"""Clinical defaults that several parts of the system refer to."""

from __future__ import annotations

import numpy as np

TARGET_DEPTH = 0.003
"""Implantation depth aimed at (m), positive into the ventricle: 3 mm below the annulus."""

DEPTH_TOLERANCE = 0.002
"""Largest depth error that counts as within tolerance (m): 1 to 5 mm below the annulus are accepted."""

STENT_TILT_TOLERANCE = 0.002
"""Largest difference in depth (m) of the inflow edge's sides that counts as symmetric (PMC9471948)."""


def beyond_tolerance(
    depth_error: float,
    tilt: float,
    depth_tolerance: float = DEPTH_TOLERANCE,
    tilt_tolerance: float = STENT_TILT_TOLERANCE,
) -> float:
    """How far a valve's depth or tilt, the worse of them, is out of tolerance (all m).

    0 within both, NaN where one of them is not known.
    """
    return float(np.max([0.0, abs(depth_error) - depth_tolerance, abs(tilt) - tilt_tolerance]))
