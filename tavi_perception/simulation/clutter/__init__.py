"""Objects in the field that carry no landmark: drawn once per procedure in mm, painted through any view."""

from tavi_perception.simulation.clutter.bystanders import draw_bystanders
from tavi_perception.simulation.clutter.config import ClutterConfig
from tavi_perception.simulation.clutter.coronaries import draw_coronary_tree, draw_vessels
from tavi_perception.simulation.clutter.shapes import Bundle, Bystanders, Part, Solid, Strand

__all__ = [
    "Bundle",
    "Bystanders",
    "ClutterConfig",
    "Part",
    "Solid",
    "Strand",
    "draw_bystanders",
    "draw_coronary_tree",
    "draw_vessels",
]
