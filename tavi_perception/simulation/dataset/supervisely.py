"""Truth in Supervisely's JSON format for image projects: one class a landmark, visibility as a tag.

The format is documented at https://developer.supervisely.com/getting-started/supervisely-annotation-format.
Its coordinates count from the upper left corner of the first pixel, ours from that pixel's centre: half a
pixel is added.
"""

from __future__ import annotations

from typing import Any

from tavi_perception.estimates import Stage
from tavi_perception.landmarks import COLOURS_RGB, Landmark
from tavi_perception.simulation.dataset.source import GRADES, LabelledFrame

CORNER = 0.5
"""From our coordinates to Supervisely's (px)."""

_TAG_COLOUR = "#808080"


def project_meta() -> dict[str, Any]:
    """The content of a project's meta.json."""
    return {
        "classes": [
            {
                "title": landmark.name,
                "shape": "point",
                "color": "#{:02X}{:02X}{:02X}".format(*COLOURS_RGB[landmark]),
                "geometry_config": {},
                "hotkey": "",
            }
            for landmark in Landmark
        ],
        "tags": [
            _tag("visibility", "oneof_string", "objectsOnly", GRADES[2:]),
            _tag("procedure", "any_string", "imagesOnly"),
            _tag("frame", "any_number", "imagesOnly"),
            _tag("time", "any_number", "imagesOnly"),
            _tag("stage", "oneof_string", "imagesOnly", [stage.name.lower() for stage in Stage]),
        ],
        "projectType": "images",
    }


def annotation(frame: LabelledFrame, procedure: str) -> dict[str, Any]:
    """The content of the annotation file of one image; a landmark that is not present has no object."""
    keypoints = frame.keypoints
    return {
        "description": "",
        "size": {"height": keypoints.height, "width": keypoints.width},
        "tags": [
            {"name": "procedure", "value": procedure},
            {"name": "frame", "value": frame.index},
            {"name": "time", "value": round(frame.time, 6)},
            {"name": "stage", "value": frame.deviation.stage.name.lower()},
        ],
        "objects": [
            {
                "classTitle": landmark.name,
                "description": "",
                "geometryType": "point",
                "tags": [{"name": "visibility", "value": GRADES[frame.grades[landmark]]}],
                "points": {
                    "exterior": [[round(float(value) + CORNER, 4) for value in keypoints.xy[landmark]]],
                    "interior": [],
                },
            }
            for landmark in Landmark
            if keypoints.present[landmark]
        ],
    }


def _tag(name: str, value_type: str, applicable_to: str, values: Any = None) -> dict[str, Any]:
    tag = {
        "name": name,
        "value_type": value_type,
        "color": _TAG_COLOUR,
        "hotkey": "",
        "applicable_type": applicable_to,
        "classes": [],
    }
    return tag if values is None else {**tag, "values": list(values)}
