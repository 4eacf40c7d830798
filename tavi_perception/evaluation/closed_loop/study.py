"""Many closed loops on a cluster of processes; what is finished is kept at once.

Dask runs them, since it takes tasks from a killed worker to another, on this machine or on a cluster's.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from tavi_perception.evaluation.closed_loop.outcome import Outcome
from tavi_perception.output import make_folder, writing
from tavi_perception.simulation.seeds import opened

if TYPE_CHECKING:
    from distributed import Client

Work = Callable[[int], Outcome]
"""The outcome of the procedure of a seed; ``trial.Trial`` is one. It is sent to the workers."""

_DEATHS = 10
"""So many workers may be killed while they run the same procedure."""

_CONNECT_S = 20
"""Time that a scheduler and its first worker have to answer."""


class StudyError(Exception):
    """A study cannot go on; the message is one sentence."""


@dataclass(frozen=True)
class Pace:
    """How fast the procedures went that were not yet kept.

    Attributes:
        procedures: how many.
        simulated: their own time (s), of those that ended by themselves. wall: the wall's (s).
    """

    procedures: int
    simulated: float
    wall: float

    @property
    def factor(self) -> float:
        """Simulated time by wall time; NaN where nothing ran."""
        return self.simulated / self.wall if self.procedures else math.nan


def run_all(
    seeds: Sequence[int], work: Work, folder: Path, workers: int = 2, scheduler: str | None = None
) -> tuple[list[Outcome], Pace]:
    """The outcomes of ``seeds``, sorted by seed; those that ``folder`` does not keep yet are worked out.

    Args:
        work: works one out.
        folder: of this ``work`` alone. Every outcome is written as soon as it comes.
        workers: processes on this machine, each with one thread.
        scheduler: address of a Dask scheduler, whose workers do it instead.

    Raises:
        StudyError: there are no workers, or they get lost.
        SealedSeedError: a seed is sealed.
        OutputError: ``folder`` cannot be written.
    """
    seeds = sorted(opened(seed) for seed in seeds)
    make_folder(folder)
    missing = [seed for seed in seeds if not _file(folder, seed).exists()]
    simulated, started = 0.0, time.perf_counter()
    if missing:
        with (
            tqdm(total=len(seeds), initial=len(seeds) - len(missing), unit="procedure") as bar,
            _client(workers, scheduler) as client,
        ):
            started = time.perf_counter()
            for outcome in _outcomes(client, missing, work):
                save(outcome, folder)
                simulated += outcome.duration if math.isfinite(outcome.duration) else 0.0
                bar.update()
    wall = time.perf_counter() - started
    return [load(folder, seed) for seed in seeds], Pace(len(missing), simulated, wall)


def save(outcome: Outcome, folder: Path) -> None:
    """Write ``outcome`` into ``folder``; an interrupted call leaves nothing half-written."""
    file = _file(folder, outcome.seed)
    part = file.with_suffix(".part")
    with writing(file):
        part.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
        part.replace(file)


def load(folder: Path, seed: int) -> Outcome:
    """What ``save`` wrote, to the bit."""
    return Outcome(**json.loads(_file(folder, seed).read_text(encoding="utf-8")))


def _file(folder: Path, seed: int) -> Path:
    return folder / f"{seed:07d}.json"


def _outcomes(client: Client, seeds: Sequence[int], work: Work) -> Iterator[Outcome]:
    """The outcomes as they come."""
    from distributed import CancelledError, KilledWorker, as_completed
    from distributed.comm import CommClosedError

    try:
        for future in as_completed(client.map(work, seeds, pure=False)):
            yield future.result()
    except KilledWorker as error:
        raise StudyError(
            f"closed loop: {_DEATHS} workers were killed while they ran the same procedure; see that memory "
            "suffices, or run with fewer --workers: what is finished is kept"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise StudyError(
            "closed loop: the scheduler is lost; start it again, and give the same command: what is finished "
            "is kept"
        ) from error


@contextmanager
def _client(workers: int, scheduler: str | None) -> Iterator[Client]:
    """Workers on this machine, or those of ``scheduler``."""
    import dask
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        if scheduler is not None:
            client = stack.enter_context(_connected(scheduler))
        else:
            stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": _DEATHS}))
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=None,
                silence_logs=logging.CRITICAL,
            )  # fmt: skip
            client = stack.enter_context(Client(stack.enter_context(cluster)))
        yield client


def _connected(scheduler: str) -> Client:
    from distributed import Client, TimeoutError

    try:
        client = Client(scheduler, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise StudyError(
            f"closed loop: no scheduler answers at {scheduler!r}; start one with 'dask scheduler' and give "
            "its address, such as tcp://127.0.0.1:8786, or leave --scheduler out"
        ) from error
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except TimeoutError as error:
        client.close()
        raise StudyError(
            f"closed loop: the scheduler at {scheduler!r} has no workers; start some with 'dask worker "
            "ADDRESS --nthreads 1'"
        ) from error
    return client
