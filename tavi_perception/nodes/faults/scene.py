"""What all scenes of the campaign have in common: processes, a witness, and how a case runs in them."""

from __future__ import annotations

import signal
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rclpy.client import Client

from tavi_perception.faults.matrix import Case
from tavi_perception.faults.oracle import Limits, Record, judge
from tavi_perception.faults.outcome import Outcome, Verdict
from tavi_perception.nodes.faults.witness import Metronome, Witness, kept_waiting
from tavi_perception.nodes.faults.world import World
from tavi_perception.nodes.graph import Graph, GraphError

LONGEST = 20.0
"""s to wait for anything that the oracle does not judge by its time."""


class Scene(ABC):
    """A graph of its own in which cases run one after the other; a context manager.

    Attributes:
        scale: of what takes long, 0…1: how often processes are killed, how long the network is cut.
        processes: names in the graph of those that are judged.
    """

    namespace = "/faults"
    processes: tuple[str, ...]

    def __init__(self, graph: Graph, out: Path, scale: float, slower: float) -> None:
        self.graph, self.out, self.scale = graph, out, scale
        self.limits = Limits()
        self.world = World(slower)
        self.witness = Witness(self.namespace, self.world)
        self._metronome = Metronome()
        self._unexpected: list[str] = []
        self._mute: list[tuple[int, int]] = []
        self._waited_before: dict[str, float] = {}
        self.begun = self.ended = 0

    def __enter__(self) -> Scene:
        self.graph.add(self.witness)
        if self.world.simulated:
            self.world.tell(self.witness)
        try:
            self.start()
        except BaseException:
            self.__exit__()  # nobody else calls it then
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._metronome.end()
        self.world.end()
        self.graph.stop_children()
        self.graph.remove(self.witness)

    @abstractmethod
    def start(self) -> None:
        """Starts what takes part, until all is well."""

    @abstractmethod
    def stop(self) -> None:
        """Ends what is not a child process."""

    @abstractmethod
    def ready(self) -> None:
        """Makes all well before a case."""

    @abstractmethod
    def recovered(self, since: int) -> int | None:
        """When (ns) that was seen which shows that all is well again after a time (ns); None: not yet."""

    @abstractmethod
    def last_words(self) -> str:
        """What the processes have said last of themselves, for whoever asks why nothing has recovered."""

    @abstractmethod
    def record(self, **common: Any) -> Record:
        """What was sent and received since the record began."""

    def kept_waiting(self) -> float:
        """For how long the machine has kept the scene's processes waiting in this record (s)."""
        before = self._waited_before
        return sum(max(0.0, self._waited(name) - before.get(name, 0.0)) for name in self.processes)

    def _waited(self, name: str) -> float:
        return kept_waiting(self.graph.pid(name))

    def forget(self) -> None:
        """Begins a new record."""
        self.witness.forget()
        self._metronome.reset()
        self._unexpected, self._mute = [], []
        self._waited_before = {name: self._waited(name) for name in self.processes}

    @abstractmethod
    def settle(self) -> None:
        """Sends nothing until ``go_on``, and waits for the answers to what was sent: a record ends whole."""

    @abstractmethod
    def go_on(self) -> None:
        """Sends again."""

    # For cases --------------------------------------------------------------------------------------

    @property
    def clock_words(self) -> list[str]:
        """By which a node goes by the scene's time."""
        return ["-p", f"use_sim_time:={str(self.world.simulated).lower()}"]

    def expect(self, holds: object, sentence: str) -> None:
        """Notes that something is not as expected."""
        if not holds:
            self._unexpected.append(sentence)

    def wait(self, done: Callable[[], Any], expected: str, timeout: float = LONGEST) -> bool:
        """Waits for what is expected; notes it where it does not come.

        Raises:
            GraphError: a process of the scene has ended by itself meanwhile.
        """
        came = self._came(done, timeout)
        self.expect(came, f"expected {expected}; it did not come within {timeout:g} s")
        return came

    @property
    def hold_up(self) -> float:
        """For how long the machine may have kept an answer waiting in this record (s)."""
        return max(self._metronome.longest, self.kept_waiting()) / self.world.slower

    def recovers(self, since: int, what: str) -> None:
        """All is well again after a time (ns), as soon as the oracle asks for after a fault's end."""
        self.wait(lambda: self.recovered(since), f"a valid deviation {what}")
        taken = 1e-9 * ((self.recovered(since) or since) - since)
        allowed = self.limits.recovery + self.hold_up
        self.expect(
            taken <= allowed, f"expected a valid deviation {what} after {allowed:.1f} s, not {taken:.1f}"
        )

    def starts(self, name: str, heard: Callable[[int], object]) -> int:
        """Kills a process, where it still runs, and starts it again: it must be ready in time.

        Once it is, it says so in its log. When others hear of it is another thing: after a kill, unlike after
        a clean end, Fast DDS takes up to 3 s more to introduce them to each other.

        Args:
            heard: whether a word of it has come since a time (ns).

        Returns:
            When it was started (ns).
        """
        log = self.graph.log(name)
        before = log.stat().st_size
        self.graph.restart(name)
        self._waited_before[name] = 0.0
        begun = self.world.now()
        self.wait(lambda: b"[INFO]" in log.read_bytes()[before:], f"that the {name} is ready")
        taken, allowed = 1e-9 * (self.world.now() - begun), self.limits.start + self.hold_up
        self.expect(
            taken <= allowed, f"The {name} was ready {taken:.1f} s after its start, not {allowed:.1f} s."
        )
        self.wait(lambda: heard(begun), f"a word of the {name}")
        return begun

    @contextmanager
    def mute(self) -> Iterator[None]:
        """Nothing is expected of the node meanwhile."""
        begin = self.world.now()
        try:
            yield
        finally:
            self._mute.append((begin, self.world.now()))

    @contextmanager
    def stopped(self, *names: str) -> Iterator[None]:
        """Processes stand still meanwhile."""
        for name in names:
            self.graph.send_signal(name, signal.SIGSTOP)
        try:
            yield
        finally:
            for name in names:
                self.graph.send_signal(name, signal.SIGCONT)

    def _came(self, done: Callable[[], Any], timeout: float = LONGEST) -> bool:
        def look() -> Any:
            self.graph.check()
            return done()

        return self.world.came(look, timeout)

    def call(self, client: Client, request: object) -> Any:
        """What a service answers.

        Raises:
            GraphError: it is not there, or does not answer.
        """
        if not client.wait_for_service(LONGEST * self.world.slower):
            raise GraphError(f"the service {client.srv_name} is not there")
        future = client.call_async(request)
        if not self._came(future.done):
            raise GraphError(f"the service {client.srv_name} does not answer")
        return future.result()

    # Running ----------------------------------------------------------------------------------------

    def run(self, case: Case, fault: Callable[[Any], object]) -> Outcome:
        """Lets something go wrong, and judges what came of it; an error within the case is its failure.

        Raises:
            GraphError: all was not well before the case.
        """
        clock = time.monotonic()
        self.ready()
        self.forget()
        begin = self.world.now()
        self.go_on()
        try:
            sentences, granted = self._judged(case, fault, begin)
        except Exception as error:
            sentence = f"the case has broken down: {broken(error)}"
            sentences, granted = (*self._said_of(case), sentence), 0.0
        verdict = Verdict.FAILED if sentences else Verdict.OK
        return Outcome(case.name, verdict, sentences, time.monotonic() - clock, granted)

    def _judged(
        self, case: Case, fault: Callable[[Any], object], begin: int
    ) -> tuple[tuple[str, ...], float]:
        """What is to be said against the outcome of a case, and what was granted (s)."""
        self.begun = self.world.now()
        fault(self)
        self.ended = self.world.now()
        came = self._came(lambda: self.recovered(self.ended))
        self.expect(came, f"Last words: {self.last_words()}.")
        self.settle()
        record = self.record(
            start=self.begun,
            end=self.ended,
            speaking=self._speaking(begin, self.world.now()),
            recovered_at=self.recovered(self.ended),
            hold_up=self.hold_up,
        )
        found = judge(record, self.limits)
        violations = (f"{violation.rule.value}: {violation.sentence}" for violation in found)
        return (*self._said_of(case), *violations), record.hold_up

    def _said_of(self, case: Case) -> tuple[str, ...]:
        """What was not as the case expects."""
        return tuple(f"{case.outcome} {sentence}" for sentence in self._unexpected)

    def _speaking(self, begin: int, end: int) -> tuple[tuple[int, int], ...]:
        spans, at = [], begin
        for silent, again in sorted(self._mute):
            spans.append((at, silent))
            at = again
        return tuple(span for span in (*spans, (at, end)) if span[1] > span[0])


def broken(error: Exception) -> str:
    """What went wrong and where, in a line."""
    if isinstance(error, GraphError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{what} ({Path(last.filename).name}, line {last.lineno})"
