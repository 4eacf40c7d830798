"""Manifests of patient-wise folds find the frames of the public layout, with its odd corners."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from public_set import POINTS, SIDE, PublicSet, bitmap, picture, point, polygon, root_mask

from tavi_perception.landmarks import ANNULUS, JUNCTION, NEEDS_CONTRAST, Landmark
from training.annotations import AnnotationError, FaultyAnnotationsError, open_annotated, to_samples
from training.annotations.folds import open_folds
from training.annotations.scale import StatedScale

AA1 = [point("AA1", POINTS["AA1"])]


@pytest.fixture
def public(tmp_path: Path) -> PublicSet:
    """Two patients with two frames each, and a fold that trains on the first."""
    written = PublicSet(tmp_path)
    for patient in ("001", "002"):
        for frame in ("003", "004"):
            written.frame(patient, f"0{patient}_01_{frame}")
    written.fold(1, {"0001": ["0001_01_003", "0001_01_004"]}, {"0002": ["0002_01_003", "0002_01_004"]})
    return written


def opened(public: PublicSet, **reading: object) -> tuple[list[str], list[str]]:
    """Names of the training and validation frames of the first fold."""
    reading = {"missing": "unknown", **reading}
    (fold,) = open_folds(public.root, public.manifests, 1, **reading).folds  # type: ignore[arg-type]
    return [f.name for f in fold.training], [f.name for f in fold.validation]


def validated_on(public: PublicSet, sample: str) -> list[str]:
    """Names of the validation frames of a fold with one sample."""
    public.fold(1, {"0001": ["0001_01_003"]}, {"0002": [sample]})
    return opened(public)[1]


def test_patients_of_a_fold_train_or_validate(public: PublicSet) -> None:
    training, validation = opened(public)
    assert training == ["001/img/0001_01_003.png", "001/img/0001_01_004.png"]
    assert validation == ["002/img/0002_01_003.png", "002/img/0002_01_004.png"]


def test_landmarks_of_no_class_are_unknown_and_points_that_are_not_there_too(public: PublicSet) -> None:
    public.annotation("002", "0002_01_003.png", AA1)
    (fold,) = open_folds(public.root, public.manifests, missing="unknown").folds
    visible = to_samples(fold.validation[:1], 64).visible[0]
    assert visible[Landmark.AA1] == 1.0
    assert np.isnan(np.delete(visible, Landmark.AA1)).all()


def test_a_point_that_is_not_there_is_not_visible_if_so_asked(public: PublicSet) -> None:
    public.annotation("002", "0002_01_003.png", AA1)
    (fold,) = open_folds(public.root, public.manifests, missing="absent").folds
    visible = to_samples(fold.validation[:1], 64).visible[0]
    assert list(visible[list(NEEDS_CONTRAST)]) == [1.0, 0.0, 0.0, 0.0]
    assert np.isnan(visible[4:]).all()


def test_labelled_landmarks_can_be_stated(public: PublicSet) -> None:
    frame = open_annotated(public.root, labelled="AA1,CT").frames[0]
    assert list(np.flatnonzero(frame.known)) == [Landmark.AA1, Landmark.CT]
    assert list(np.flatnonzero(frame.visible)) == [Landmark.AA1]


def test_a_labelled_landmark_that_is_none_is_refused(public: PublicSet) -> None:
    with pytest.raises(AnnotationError, match="AA3 is no landmark"):
        open_annotated(public.root, labelled="AA1,AA3")


@pytest.mark.parametrize(
    "sample", ["0002_01_003", "002_01_003", "2_01_003", "2_01_003.png", "0002_01_003.PNG"]
)
def test_samples_are_found_however_their_patient_is_written(public: PublicSet, sample: str) -> None:
    assert validated_on(public, sample) == ["002/img/0002_01_003.png"]


@pytest.mark.parametrize("folder", ["/home/someone/data/val", "C:\\data\\val", "../elsewhere"])
def test_folders_of_someone_else_s_machine_do_not_matter(public: PublicSet, folder: str) -> None:
    public.fold(1, {"0001": ["0001_01_003"]}, {"0002": ["0002_01_003"]}, folder)
    assert opened(public)[1] == ["002/img/0002_01_003.png"]


def test_frames_that_no_manifest_names_are_left_alone(public: PublicSet) -> None:
    public.image("002", "broken.png").write_bytes(b"")
    public.image("003", "not_annotated.png")
    assert len(opened(public)[1]) == 2


def test_a_sample_without_an_image_is_named(public: PublicSet) -> None:
    public.fold(1, {"0001": ["0001_01_003"]}, {"0002": ["0002_01_003", "0002_01_099"]})
    with pytest.raises(AnnotationError, match=r"no image here, first fold_01: 0002_01_099 of patient 0002;"):
        opened(public)
    assert opened(public, on_error="skip")[1] == ["002/img/0002_01_003.png"]


@pytest.mark.parametrize("again", ["0001", "1"])
def test_a_patient_in_both_lists_is_refused_by_name(public: PublicSet, again: str) -> None:
    public.fold(1, {"0001": ["0001_01_003"]}, {again: ["0001_01_004"], "0002": ["0002_01_003"]})
    with pytest.raises(
        AnnotationError, match=r"patient 0001 is in train_patients.txt and in val_patients.txt"
    ):
        opened(public)


def test_a_sample_of_a_patient_that_is_not_listed_is_refused(public: PublicSet) -> None:
    fold = public.fold(1, {"0001": ["0001_01_003"]}, {"0002": ["0002_01_003"]})
    (fold / "val_samples.tsv").write_text("0001_01_004\t0001\ta.png\n")
    with pytest.raises(AnnotationError, match=r"line 1: sample 0001_01_004 is of patient 0001, whom val_pat"):
        opened(public)


def test_patients_alone_divide_all_their_frames(public: PublicSet) -> None:
    for file in (public.manifests / "fold_01").glob("*.tsv"):
        file.unlink()
    assert [len(part) for part in opened(public)] == [2, 2]


def test_manifests_that_are_none_are_refused(public: PublicSet, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="holds no fold_01"):
        open_folds(public.root, tmp_path)
    with pytest.raises(AnnotationError, match="there is no fold 7; give one of 1"):
        open_folds(public.root, public.manifests, 7)
    (public.manifests / "fold_01" / "val_samples.tsv").write_text("0002_01_003 0002\n")
    with pytest.raises(AnnotationError, match="line 1: it has no sample and patient, separated by a tab"):
        opened(public)
    (public.manifests / "fold_01" / "val_patients.txt").unlink()
    with pytest.raises(AnnotationError, match=r"val_patients.txt: it cannot be read"):
        opened(public)


def test_the_same_picture_of_two_patients_is_refused(public: PublicSet) -> None:
    public.image("002", "0002_01_003.png", picture("001/0001_01_003.png"))
    with pytest.raises(FaultyAnnotationsError, match=r"is the same picture as 001/img/0001_01_003.png"):
        opened(public)


def test_an_image_without_objects_says_nothing_and_is_left_out(public: PublicSet) -> None:
    public.annotation("002", "0002_01_003.png", [])
    folded = open_folds(public.root, public.manifests, missing="unknown")
    assert [frame.name for frame in folded.folds[0].validation] == ["002/img/0002_01_004.png"]
    assert any(note.startswith("1 images in which no landmark is labelled") for note in folded.report.notes)


def test_an_image_without_an_annotation_file_is_named_or_skipped(public: PublicSet) -> None:
    (public.root / "002/ann/0002_01_003.png.json").unlink()
    with pytest.raises(FaultyAnnotationsError, match=r"002/img/0002_01_003.png: it has no annotation;"):
        opened(public)
    assert opened(public, on_error="skip")[1] == ["002/img/0002_01_004.png"]


def test_an_annotation_may_lack_the_image_s_ending(public: PublicSet) -> None:
    (public.root / "002/ann/0002_01_003.png.json").rename(public.root / "002/ann/0002_01_003.json")
    assert "002/img/0002_01_003.png" in opened(public)[1]


def test_of_two_annotations_that_for_the_image_s_size_counts(public: PublicSet) -> None:
    public.annotation("002", "0002_01_003", [point("AA1", (100, 200))], 2 * SIDE)
    (fold,) = open_folds(public.root, public.manifests, missing="unknown").folds
    assert fold.validation[0].xy[Landmark.AA1] == pytest.approx(POINTS["AA1"])


def test_two_annotations_of_one_size_that_say_the_same_are_one(public: PublicSet) -> None:
    public.annotation("002", "0002_01_003", [point(*each) for each in reversed(POINTS.items())])
    assert "002/img/0002_01_003.png" in opened(public)[1]


def test_two_annotations_of_one_size_that_differ_are_refused(public: PublicSet) -> None:
    public.annotation("002", "0002_01_003", AA1)
    with pytest.raises(FaultyAnnotationsError, match="it has several annotations"):
        opened(public)


def test_an_annotation_belongs_to_the_export_of_its_size(public: PublicSet) -> None:
    """And the sample to the export that is annotated, whatever file the manifest names."""
    public.image("002", "0002_01_003.jpg", side=2 * SIDE)
    (public.root / "002/ann/0002_01_003.png.json").unlink()
    public.annotation("002", "0002_01_003", [point("AA1", (100, 200))], 2 * SIDE)
    assert validated_on(public, "0002_01_003") == ["002/img/0002_01_003.jpg"]


def test_of_two_annotated_exports_the_manifest_names_one(public: PublicSet) -> None:
    public.image("002", "0002_01_003.jpg", side=2 * SIDE)
    public.annotation("002", "0002_01_003.jpg", [point("AA1", (100, 200))], 2 * SIDE)
    assert validated_on(public, "0002_01_003") == ["002/img/0002_01_003.png"]


def test_an_annotation_for_another_size_is_refused(public: PublicSet) -> None:
    public.annotation("002", "0002_01_003.png", AA1, 2 * SIDE)
    with pytest.raises(FaultyAnnotationsError, match="is for an image of 320x320 px"):
        opened(public)


@pytest.mark.parametrize(
    "area", [bitmap(root_mask()), polygon(POINTS[n] for n in ("AA1", "AA2", "STJ2", "STJ1"))]
)
def test_the_area_of_the_root_is_read(public: PublicSet, area: dict[str, object]) -> None:
    public.annotation("001", "0001_01_003.png", [*AA1, area])
    (root,) = open_annotated(public.root).frames[0].roots
    found = root.mask(SIDE, SIDE)
    assert (found & root_mask()).sum() > 0.97 * (found | root_mask()).sum()


@pytest.mark.parametrize("data", ["%%%", "AAAA", "eJw="])
def test_a_damaged_bitmap_is_a_finding(public: PublicSet, data: str) -> None:
    area = {**bitmap(root_mask()), "bitmap": {"origin": [0, 0], "data": data}}
    public.annotation("002", "0002_01_003.png", [*AA1, area])
    with pytest.raises(FaultyAnnotationsError, match=r"0002_01_003.png.json: the bitmap of Aortic root"):
        opened(public)


def test_an_area_that_reaches_beyond_the_image_is_cut(public: PublicSet) -> None:
    area = bitmap(root_mask())
    area["bitmap"]["origin"] = [SIDE - 10, -5]
    public.annotation("001", "0001_01_003.png", [*AA1, area])
    (root,) = open_annotated(public.root).frames[0].roots
    mask = root.mask(SIDE, SIDE)
    assert mask.shape == (SIDE, SIDE)
    assert not mask[:, : SIDE - 10].any()


def test_the_outline_gives_missing_points_only_when_asked(public: PublicSet) -> None:
    for frame in ("003", "004"):
        public.annotation("002", f"0002_01_{frame}.png", [*AA1, bitmap(root_mask())])
    without = open_annotated(public.root).frames[2]
    assert list(np.flatnonzero(without.visible)) == [Landmark.AA1]
    found = open_annotated(public.root, root_points=True)
    frame = found.frames[2]
    assert frame.xy[Landmark.AA1] == pytest.approx(POINTS["AA1"])
    for landmark in (Landmark.AA2, *JUNCTION):
        assert np.linalg.norm(frame.xy[landmark] - POINTS[landmark.name]) < 0.08 * SIDE
    (note,) = [note for note in found.report.notes if "outline" in note]
    assert note.startswith("6 points of AA and STJ are taken from the outline of the root; where points")


def test_an_end_of_the_root_at_the_image_s_border_gives_no_points(public: PublicSet) -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.array([[60, 159], [110, 159], [90, 60], [40, 80]], np.int32)], 1)
    public.annotation("002", "0002_01_003.png", [bitmap(mask > 0)])
    frame = open_annotated(public.root, root_points=True).frames[2]
    assert not frame.visible[list(ANNULUS)].any()
    assert frame.visible[list(JUNCTION)].all()


def test_a_pixel_has_the_size_that_the_set_states_for_the_matrix_of_the_recording(public: PublicSet) -> None:
    public.frame("002", "0002_01_003", spacing=0.390625)
    (fold,) = open_folds(public.root, public.manifests, missing="unknown").folds
    stated, other = fold.validation
    detector, patient = StatedScale().mm_per_px(stated)
    assert detector == pytest.approx(0.390625 * 512 / SIDE)
    assert np.isnan([patient, *StatedScale().mm_per_px(other)]).all()
    scale = StatedScale(source_to_detector_mm=1193, source_to_patient_mm=720)
    assert scale.mm_per_px(stated)[1] == pytest.approx(detector * 720 / 1193)
    assert StatedScale(spacing_mm=0.2, matrix=SIDE).mm_per_px(other)[0] == pytest.approx(0.2)
