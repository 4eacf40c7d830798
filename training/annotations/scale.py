"""What a pixel of an annotated frame measures, as far as the user, the data set or a DICOM header says it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.imaging.dicom_file import open_dicom
from tavi_perception.imaging.dicom_tags import calibration_tags
from tavi_perception.imaging.kind import Kind, kind_of
from training.annotations.frame import AnnotatedFrame

MATRIX = 512
"""Side of the matrix (px) in which the public TAVI set was recorded, whatever it was exported at."""

_UNKNOWN = float("nan")


@dataclass(frozen=True)
class StatedScale:
    """What the user states.

    Attributes:
        spacing_mm: ImagerPixelSpacing of all recordings (mm a pixel at the detector); None: as each says.
        matrix: side (px) of the matrix that it, and a spacing from the data set, refers to.
        source_to_detector_mm, source_to_patient_mm: of all recordings.
    """

    spacing_mm: float | None = None
    matrix: float = MATRIX
    source_to_detector_mm: float | None = None
    source_to_patient_mm: float | None = None

    def mm_per_px(self, frame: AnnotatedFrame) -> tuple[float, float]:
        """mm that a pixel of the frame's image measures at the detector and at the patient; NaN if unknown.

        Order of trust: the user, the data set, the image's DICOM header. At the patient a pixel is known only
        with the distances from the source to detector and patient, or as the header is calibrated.
        """
        tags = DicomCalibrationTags(rows=frame.height, columns=frame.width)
        if kind_of(frame.image) is Kind.DICOM:
            tags = calibration_tags(open_dicom(frame.image).header)
        spacing = self.spacing_mm if self.spacing_mm is not None else frame.spacing_mm
        if spacing is not None:
            spacing *= self.matrix / max(frame.width, frame.height)
        user = UserCalibration(None, self.source_to_detector_mm, self.source_to_patient_mm, spacing)
        geometry, _ = geometry_from_tags(tags, user)
        if spacing is None and tags.imager_pixel_spacing_mm is not None:
            spacing = tags.imager_pixel_spacing_mm[0]
        return _UNKNOWN if spacing is None else spacing, 1000 * geometry.metres_per_px


def add_scale(parser: argparse._ActionsContainer) -> None:
    """Adds the options of ``StatedScale``."""
    parser.add_argument("--imager-pixel-spacing-mm", type=_positive, help="pitch of pixels at the detector")
    parser.add_argument(
        "--imager-matrix",
        type=_positive,
        default=MATRIX,
        help=f"side of the matrix it refers to (px; {MATRIX})",
    )
    parser.add_argument("--sid-mm", type=_positive, help="source to detector (SID)")
    parser.add_argument("--sod-mm", type=_positive, help="source to patient (SOD)")


def stated_scale(arguments: argparse.Namespace) -> StatedScale:
    """What ``add_scale`` has read."""
    return StatedScale(
        arguments.imager_pixel_spacing_mm, arguments.imager_matrix, arguments.sid_mm, arguments.sod_mm
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value
