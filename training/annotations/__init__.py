"""Annotated images from data sets of various formats, and what is wrong with them."""

from training.annotations.frame import AnnotatedFrame
from training.annotations.opening import AnnotatedSet, open_annotated
from training.annotations.report import AnnotationError, FaultyAnnotationsError, Finding, Kind, Report
from training.annotations.samples import groups_of, to_samples
from training.annotations.splitting import Split, split
from training.annotations.weights import sampling_weights

__all__ = [
    "AnnotatedFrame",
    "AnnotatedSet",
    "AnnotationError",
    "FaultyAnnotationsError",
    "Finding",
    "Kind",
    "Report",
    "Split",
    "groups_of",
    "open_annotated",
    "sampling_weights",
    "split",
    "to_samples",
]
