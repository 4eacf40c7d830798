"""Shapes in space as RViz markers."""

from __future__ import annotations

from collections.abc import Iterable

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from tavi_perception.nodes.conversions import duration
from tavi_perception.visualization.shapes import Kind, Shape

_TYPES = {
    Kind.SPHERES: Marker.SPHERE_LIST,
    Kind.LINE: Marker.LINE_STRIP,
    Kind.TRIANGLES: Marker.TRIANGLE_LIST,
    Kind.TEXT: Marker.TEXT_VIEW_FACING,
}


def marker_array(shapes: Iterable[Shape], header: Header) -> MarkerArray:
    """One marker for each shape; nothing of the last frame outlives its lifetime."""
    return MarkerArray(markers=[_marker(shape, header) for shape in shapes])


def _marker(shape: Shape, header: Header) -> Marker:
    points = [Point(x=float(x), y=float(y), z=float(z)) for x, y, z in shape.points]
    is_text = shape.kind is Kind.TEXT
    # RViz takes triangles' scale as a factor, a text's height from z, a line's width from x.
    scale = shape.size if shape.kind is not Kind.TRIANGLES else 1.0
    lifetime: Duration = duration(shape.lifetime)
    return Marker(
        header=header,
        ns=shape.namespace,
        id=shape.id,
        type=_TYPES[shape.kind],
        action=Marker.ADD,
        pose=Pose(position=points[0] if is_text else Point(), orientation=Quaternion(w=1.0)),
        scale=Vector3(x=scale, y=scale, z=scale),
        color=ColorRGBA(r=shape.colour[0], g=shape.colour[1], b=shape.colour[2], a=shape.colour[3]),
        lifetime=lifetime,
        points=[] if is_text else points,
        text=shape.text,
    )
