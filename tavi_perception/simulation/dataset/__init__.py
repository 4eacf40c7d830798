"""Data sets on disk: rendered frames with their truth as a Supervisely project and as a table."""

from tavi_perception.simulation.dataset.build import DatasetSummary, build_dataset
from tavi_perception.simulation.dataset.options import (
    DatasetError,
    DatasetOptions,
    default_shares,
    shares_of,
)

__all__ = ["DatasetError", "DatasetOptions", "DatasetSummary", "build_dataset", "default_shares", "shares_of"]
