"""A runtime that is ready answers until another one is, and again when that fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import INT8_FILE, LITERT_FILE, default_bundle
from tavi_perception.inference.handover import Handover
from tavi_perception.inference.litert import LiteRT
from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.inference.runtime import RawOutputs
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import DEMO_SEED


class Gate:
    """Makes the runtime in float32 when it is opened; it stands for the one on a GPU."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.made = LiteRT(default_bundle(), 1, LITERT_FILE)

    def make(self) -> LiteRT:
        self._open.wait()
        return self.made

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def first() -> LiteRT:
    return LiteRT(default_bundle(), 1, INT8_FILE)


@pytest.fixture
def handover(first: LiteRT, gate: Gate) -> Handover:
    return Handover(first, gate.make, (512, 512))


@pytest.fixture(scope="module")
def levels() -> GreyImage:
    return fit_square(RenderedProcedure(DEMO_SEED, 2.0, 10.0).frame(15).image, 512)[0]


def same(one: RawOutputs, other: RawOutputs) -> bool:
    return np.array_equal(one.xy, other.xy)


def test_it_answers_before_the_other_is_ready(handover: Handover, first: LiteRT, levels: GreyImage) -> None:
    assert same(handover.run(levels), first.run(levels))
    assert handover.device == first.device


def test_the_other_takes_over_when_it_is_ready(handover: Handover, gate: Gate, levels: GreyImage) -> None:
    gate.open()
    handover.join()
    assert same(handover.run(levels), gate.made.run(levels))
    assert handover.device == gate.made.device
    assert not handover.failure


def test_what_was_seen_before_the_other_took_over_does_no_harm(
    handover: Handover, gate: Gate, levels: GreyImage
) -> None:
    context = handover.look(levels)
    gate.open()
    handover.join()
    assert same(handover.run(levels, context), gate.made.run(levels))


def test_where_the_other_is_lost_the_first_answers_and_it_says_so(
    handover: Handover, gate: Gate, first: LiteRT, levels: GreyImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.open()
    handover.join()

    def lost(*_: object) -> RawOutputs:
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS\nat 0x1")

    monkeypatch.setattr(gate.made, "run", lost)
    # The other one's looks are none for the first: a GPU looks at the whole each time.
    assert same(handover.run(levels, {}), first.run(levels))
    assert handover.device == first.device
    assert "failed (CUDA_ERROR_ILLEGAL_ADDRESS at 0x1)" in handover.failure
    assert same(handover.run(levels), first.run(levels))


def test_where_the_other_cannot_be_made_the_first_goes_on_and_it_says_so(
    first: LiteRT, levels: GreyImage
) -> None:
    def make() -> LiteRT:
        raise RuntimeError("no kernel image is available")

    handover = Handover(first, make, (512, 512))
    handover.join()
    assert "the GPU failed (no kernel image is available)" in handover.failure
    assert same(handover.run(levels), first.run(levels))


def test_where_there_is_no_gpu_the_first_goes_on_and_all_is_well(first: LiteRT, levels: GreyImage) -> None:
    handover = Handover(first, lambda: None, (512, 512))
    handover.join()
    assert same(handover.run(levels), first.run(levels))
    assert not handover.failure
