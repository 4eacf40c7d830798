"""Delivery systems of other makes: drawn from their profiles, labelled by them alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.landmarks import Landmark
from tavi_perception.simulation import foreign
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.foreign import ProfileError, draw_foreign
from tavi_perception.simulation.makes import OWN, foreign_makes, profiles_folder
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.scene import Contents, Scene, at_rest
from tavi_perception.simulation.truth import truth_of

MAKES = foreign_makes()
OURS = [Landmark.CP, Landmark.CM, Landmark.CD, Landmark.FE1, Landmark.FE2]


def scene_with(make: str, seed: int = 3, size: int = 256) -> Scene:
    return Scene(np.random.default_rng(seed), size, SimulationConfig(), Contents(make=make))


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("extraction", [0.0, 0.5, 0.97])
def test_only_the_landmarks_of_its_profile_are_labelled(make: str, extraction: float) -> None:
    scene = scene_with(make)
    keypoints = truth_of(scene, at_rest(scene, DeviceState(2.0, extraction)), float("nan")).keypoints
    assert not keypoints.present[OURS].any()
    assert keypoints.present[Landmark.CT]


@pytest.mark.parametrize("make", MAKES)
def test_the_picture_ends_where_its_nose_cone_is_labelled(make: str) -> None:
    scene, bare = scene_with(make), Scene(
        np.random.default_rng(3), 256, SimulationConfig(), Contents(delivery=False)
    )  # fmt: skip
    moment = at_rest(scene, DeviceState(2.0))
    noise = (np.random.default_rng(1) for _ in range(2))
    shown, empty = (each.render(moment, next(noise)).astype(int) for each in (scene, bare))
    x, y = truth_of(scene, moment, float("nan")).keypoints.xy[Landmark.CT]
    route, _ = scene.routes(moment)
    assert scene.foreign is not None
    tip = scene.foreign.place_of_tip(moment.device)
    before = scene.view.project(route.at(np.array([tip - 3.0])))[0]
    column, row = np.rint(before).astype(int)
    assert (empty - shown)[row - 1 : row + 2, column - 1 : column + 2].mean() > 5
    assert np.hypot(x - before[0], y - before[1]) < 6 * scene.view.px_per_mm


@given(st.integers(0, 10_000), st.sampled_from(MAKES), st.floats(0.0, 0.97), st.floats(-40.0, 20.0))
def test_every_device_of_a_make_can_be_drawn_in_every_state(
    seed: int, make: str, extraction: float, advance: float
) -> None:
    scene = scene_with(make, seed, 64)
    canvas = np.zeros((64, 64), np.uint8)
    scene._draw_delivery(canvas, at_rest(scene, DeviceState(advance, extraction)))


@pytest.mark.parametrize("make", MAKES)
def test_nothing_is_true_of_the_deviation_of_a_foreign_device(make: str) -> None:
    scene = scene_with(make)
    truth = truth_of(scene, at_rest(scene, DeviceState(2.0)), float("nan"))
    assert truth.foreign
    assert not truth.deviation.valid and np.isnan(truth.deviation.depth)


def test_the_patient_is_the_same_with_another_device() -> None:
    ours, theirs = scene_with(OWN), scene_with(MAKES[0])
    assert np.array_equal(ours.root.points, theirs.root.points)
    assert np.array_equal(ours.route.points, theirs.route.points)
    assert not truth_of(ours, at_rest(ours, DeviceState(2.0)), float("nan")).foreign


def test_a_whole_procedure_runs_with_a_foreign_device() -> None:
    procedure = RenderedProcedure(950_001, 6.0, 2.0, 128, contents=Contents(make=MAKES[0]))
    assert all(procedure.truth(index).foreign for index in range(procedure.frame_count))


def test_a_make_without_a_profile_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ProfileError, match=r"no device profile 'nobody'; choose one of balloon_expandable"):
        draw_foreign(np.random.default_rng(0), "nobody")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: x", "is no device profile"),
        ("{", "is no device profile"),
        ("landmarks: [XX]\nparts: []", "XX is no landmark"),
        ("landmarks: [CT]\nparts: [{shape: ring}]", "part 0 has shape 'ring'; choose of body"),
    ],
)
def test_a_profile_that_cannot_be_used_is_named(
    text: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    monkeypatch.setattr(foreign, "profiles_folder", lambda: tmp_path)
    foreign._profile.cache_clear()
    with pytest.raises(ProfileError, match=complaint):
        draw_foreign(np.random.default_rng(0), "odd")
    foreign._profile.cache_clear()


@pytest.mark.parametrize(
    ("part", "entry"),
    [
        ("count: 3", "count: 1000000000"),
        ("width: 4.2", "width: .nan"),
        ("end: -46", "end: 1e300"),
        ("scatter: 0.15", "scatter: [a]"),
        ("scatter: 0.15", "scatter: .inf"),
        ("landmarks: [CT]", "landmarks: 7"),
        ("name: two", "more: &a 1\nname: *a\nold: two"),
    ],
)
def test_profile_of_which_no_picture_can_be_made_is_refused_by_name(
    tmp_path: Path, part: str, entry: str
) -> None:
    text = (profiles_folder() / "two_capsules.yaml").read_text(encoding="utf-8")
    assert part in text
    file = tmp_path / "odd.yaml"
    file.write_text(text.replace(part, entry, 1), encoding="utf-8")
    with pytest.raises(ProfileError, match=r"odd\.yaml"):
        foreign.read_profile(file)


@pytest.mark.parametrize("make", MAKES)
def test_shipped_profiles_are_read(make: str) -> None:
    assert foreign.read_profile(profiles_folder() / f"{make}.yaml")["parts"]
