"""The chest behind the devices: drawn once per patient in mm, projected into any view."""

from tavi_perception.simulation.anatomy.body import Anatomy, Backdrop, draw_anatomy, project_anatomy
from tavi_perception.simulation.anatomy.config import AnatomyConfig

__all__ = ["Anatomy", "AnatomyConfig", "Backdrop", "draw_anatomy", "project_anatomy"]
