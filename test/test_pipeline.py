from dataclasses import replace

import numpy as np
import pytest

from tavi_perception.carm import uncalibrated
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.landmarks import Landmark
from tavi_perception.pipeline import Pipeline, invalidated, nothing_known
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.tracking.tracker import TrackedFrame, Tracker


def test_the_keypoints_of_each_image_reach_the_tracker_in_their_size():
    pipeline = Pipeline(lambda image: Keypoints.absent(image.shape[1], image.shape[0]), Tracker())
    frame = pipeline.process(np.zeros((30, 40), np.uint8), 1.0, uncalibrated(40, 30))
    assert (frame.keypoints.width, frame.keypoints.height) == (40, 30)
    assert not frame.deviation.valid


def wavering(procedure: RenderedProcedure):
    """A network that is right but for half a pixel this way or that, the same each time it is asked."""
    rng, truths = np.random.default_rng(1), iter(procedure.truth(i).keypoints for i in range(30))

    def predict(_image):
        found = next(truths)
        covariance = np.where(found.present[:, None, None], 0.25 * np.eye(2), np.nan)
        return replace(found, xy=found.xy + rng.normal(0.0, 0.5, found.xy.shape), covariance=covariance)

    return predict


def cd_of(pipeline: Pipeline, procedure: RenderedProcedure) -> np.ndarray:
    frames = (procedure.frame(i) for i in range(30))
    found = [pipeline.process(each.image, each.time, procedure.geometry) for each in frames]
    return np.array([each.keypoints.xy[Landmark.CD] for each in found])


def test_a_landmark_scatters_less_than_the_network_lets_it():
    procedure = RenderedProcedure(7, 50.0, 15.0, 500)
    network = wavering(procedure)
    raw = np.array([network(None).xy[Landmark.CD] for _ in range(30)])
    true = np.array([procedure.truth(i).keypoints.xy[Landmark.CD] for i in range(30)])
    found = cd_of(Pipeline(wavering(procedure), Tracker()), procedure)
    assert (found - true)[10:].std() < 0.7 * (raw - true)[10:].std()


def test_a_new_procedure_remembers_nothing_of_the_former():
    procedure = RenderedProcedure(7, 50.0, 15.0, 500)
    pipeline = Pipeline(wavering(procedure), Tracker())
    first = cd_of(pipeline, procedure)
    pipeline.reset()
    pipeline.predict = wavering(procedure)
    assert np.array_equal(cd_of(pipeline, procedure), first, equal_nan=True)


@pytest.mark.parametrize("reason", [Reason.MODEL_NOT_READY, Reason.IMAGE_REJECTED, Reason.IMAGE_STALE])
def test_when_nothing_is_known_nothing_is_valid_and_every_number_is_nan(reason):
    frame = nothing_known(40, 30, reason)
    assert not frame.annulus.valid and not frame.deviation.valid
    assert frame.annulus.reasons == frame.deviation.reasons == reason
    assert np.isnan(frame.deviation.depth) and np.isnan(frame.keypoints.xy).all()


def test_an_invalidated_frame_keeps_its_numbers_and_earlier_reasons():
    frame = TrackedFrame(
        Keypoints.absent(1, 1),
        AnnulusFrame(valid=True, x=3.0),
        CatheterDeviation(depth=0.002, within_tolerance=True, reasons=Reason.LOW_CONFIDENCE),
    )
    stale = invalidated(frame, Reason.IMAGE_STALE)
    assert (stale.annulus.x, stale.deviation.depth) == (3.0, 0.002)
    assert not stale.annulus.valid and not stale.deviation.within_tolerance
    assert stale.deviation.reasons == Reason.LOW_CONFIDENCE | Reason.IMAGE_STALE
