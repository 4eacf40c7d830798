"""The chest behind the devices: drawn once per patient in mm, projected into any view."""

from tavi_perception.simulation.anatomy.body import Anatomy, Backdrop, draw_anatomy3d, project_anatomy
from tavi_perception.simulation.anatomy.config import AnatomyConfig
from tavi_perception.simulation.anatomy.flat import draw_anatomy

__all__ = ["Anatomy", "AnatomyConfig", "Backdrop", "draw_anatomy", "draw_anatomy3d", "project_anatomy"]
