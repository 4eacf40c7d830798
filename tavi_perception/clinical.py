"""Clinical defaults that several parts of the system refer to."""

from __future__ import annotations

TARGET_DEPTH = 0.003
"""Implantation depth aimed at (m), positive into the ventricle: 3 mm below the annulus."""

DEPTH_TOLERANCE = 0.002
"""Largest depth error that counts as within tolerance (m): 1 to 5 mm below the annulus are accepted."""

STENT_TILT_TOLERANCE = 0.002
"""Largest difference in depth (m) of the inflow edge's sides that counts as symmetric (PMC9471948)."""
