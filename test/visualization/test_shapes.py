"""What RViz gets to show in space."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.carm import uncalibrated
from tavi_perception.estimates import CatheterDeviation, Reason, Stage
from tavi_perception.landmarks import Landmark
from tavi_perception.visualization.shapes import Kind, Shape, shapes, text_extent

TARGET, TOLERANCE = 0.003, 0.002


@pytest.fixture(scope="module")
def made(scene):
    return scene()


def shown(scene, **changes) -> tuple[Shape, ...]:
    scene = replace(scene, **changes)
    return shapes(scene.keypoints, scene.annulus, scene.deviation, scene.geometry, TARGET, TOLERANCE)


def one(found: tuple[Shape, ...], namespace: str, number: int = 0) -> Shape:
    [shape] = [shape for shape in found if (shape.namespace, shape.id) == (namespace, number)]
    return shape


def depths(scene, points: np.ndarray) -> np.ndarray:
    """Annulus y (m) of points that lie in planes parallel to the annulus."""
    into_ventricle = np.array([*scene.annulus.axes[1], 0.0])
    return (points - scene.annulus.position) @ into_ventricle


def test_nothing_is_shown_when_uncalibrated(scene) -> None:
    assert shown(scene(), geometry=uncalibrated(512, 512)) == ()


def test_ring_has_the_diameter_of_the_annulus(scene) -> None:
    made = scene()
    ring = one(shown(made), "annulus").points
    radii = np.linalg.norm(ring - made.annulus.position, axis=1)
    np.testing.assert_allclose(2 * radii, made.annulus.diameter)


@pytest.mark.parametrize("sign", [1, -1])
def test_ring_lies_in_the_plane_of_the_annulus(scene, sign: int) -> None:
    made = scene(512, sign)
    np.testing.assert_allclose(depths(made, one(shown(made), "annulus").points), 0.0, atol=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_target_lies_on_the_side_of_the_ventricle(scene, sign: int) -> None:
    made = scene(512, sign)
    np.testing.assert_allclose(depths(made, one(shown(made), "band").points), TARGET, atol=1e-9)


@pytest.mark.parametrize(("number", "depth"), [(1, TARGET - TOLERANCE), (2, TARGET + TOLERANCE)])
def test_band_ends_at_the_tolerance(scene, number: int, depth: float) -> None:
    made = scene()
    np.testing.assert_allclose(depths(made, one(shown(made), "band", number).points), depth, atol=1e-9)


def test_triangles_come_in_threes(scene) -> None:
    triangles = [shape for shape in shown(scene()) if shape.kind is Kind.TRIANGLES]
    assert [len(shape.points) % 3 for shape in triangles] == [0]


def test_landmark_projects_onto_its_pixel(scene) -> None:
    made = scene()
    place = one(shown(made), "landmarks", Landmark.CD).points[0]
    np.testing.assert_allclose(made.geometry.project(place), made.keypoints.xy[Landmark.CD], atol=1e-6)


def test_landmark_that_is_not_known_is_left_out(scene) -> None:
    numbers = {shape.id for shape in shown(scene()) if shape.namespace == "landmarks"}
    assert Landmark.FE1 not in numbers


def test_annulus_is_not_shown_while_invalid(scene) -> None:
    made = scene()
    found = shown(made, annulus=replace(made.annulus, valid=False))
    assert {shape.namespace for shape in found} == {"landmarks", "names", "lines"}


@given(
    valid=st.booleans(),
    reasons=st.integers(0, sum(Reason)).map(Reason),
    depth=st.floats(-0.05, 0.05) | st.just(float("nan")),
    sigma=st.floats(0.0, 0.01) | st.just(float("nan")),
)
def test_every_text_is_ascii_because_rviz_draws_nothing_else(
    made, valid: bool, reasons: Reason, depth: float, sigma: float
) -> None:
    deviation = CatheterDeviation(valid=valid, reasons=reasons, depth=depth, depth_sigma=sigma)
    assert all(shape.text.isascii() for shape in shown(made, deviation=deviation))


def test_status_keeps_the_minus_sign(scene) -> None:
    deviation = CatheterDeviation(valid=True, depth=-0.0031, depth_sigma=0.0004)
    assert one(shown(scene(), deviation=deviation), "status").text == "VALID -3.1 +/- 0.4 mm"


def test_status_says_why_it_is_invalid(scene) -> None:
    deviation = CatheterDeviation(reasons=Reason.LOW_CONFIDENCE | Reason.IDENTITY_DOUBTFUL)
    text = one(shown(scene(), deviation=deviation), "status").text
    assert text.splitlines() == ["INVALID", "too uncertain", "possibly another object"]


def test_every_shape_can_be_told_apart_and_disappears(scene) -> None:
    found = shown(scene())
    assert len({(shape.namespace, shape.id) for shape in found}) == len(found)
    assert all(shape.lifetime > 0 for shape in found)


@pytest.mark.parametrize("stage", [Stage.POSITIONING, Stage.DEPLOYMENT])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("depth", [-0.01, -0.002, 0.0035, 0.012])
@pytest.mark.parametrize("reasons", [Reason.NONE, Reason(sum(Reason))])
def test_no_text_lies_on_another_as_the_default_view_shows_them(
    scene, stage: Stage, sign: int, depth: float, reasons: Reason
) -> None:
    made = scene(1000, sign, depth, stage)
    deviation = replace(made.deviation, valid=reasons is Reason.NONE, reasons=reasons)
    texts = [shape for shape in shown(made, deviation=deviation) if shape.kind is Kind.TEXT]
    boxes = [_seen(shape) for shape in texts]
    assert len(texts) > 5
    for (one, box), (other, another) in combinations(zip(texts, boxes, strict=True), 2):
        apart = (box[0] >= another[1]) | (another[0] >= box[1])
        assert apart.any(), f"{one.text!r} and {other.text!r} overlap"


def _seen(text: Shape) -> np.ndarray:
    """(2, 2) corners of a text (m) in the plane of the screen of RViz's default view.

    Texts face the viewer; the view looks at the image's plane at a pitch of 1.35 rad.
    """
    centre = text.points[0, :2] * (1.0, np.sin(1.35))
    half = text_extent(text.text, text.size) / 2
    return np.stack([centre - half, centre + half])
