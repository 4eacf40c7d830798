"""The camera's process as the measuring process sees it: orders go in, what was sent comes back."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from benchmarks.graph.camera import Filmed, Order
from tavi_perception.nodes.graph import STOP_TIMEOUT, GraphError

PATIENCE = 60.0
"""s that an answer may take beyond the time for which frames are sent: the first waits for the start."""


class Camera:
    """Context manager of a camera in the graph of this process.

    Args:
        folder: of the frames, see ``benchmarks.graph.camera``.
        log: file for what it says.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.graph.camera", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=dict(os.environ),
                start_new_session=True,  # Ctrl-C is for the measuring process
            )

    def film(self, order: Order) -> Filmed:
        """Returns when all frames are sent.

        Raises:
            GraphError: the camera has ended, or does not answer.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(order.to_text() + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise GraphError(f"the camera has ended; see {self._log}") from None
        allowed = order.warm_up + order.seconds + PATIENCE
        if not select.select([self._process.stdout], [], [], allowed)[0]:
            raise GraphError(f"the camera has sent nothing for {allowed:.0f} s; see {self._log}")
        line = self._process.stdout.readline()
        if not line:
            raise GraphError(f"the camera has ended; see {self._log}")
        return Filmed.from_text(line)

    def __enter__(self) -> Camera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._process.communicate(timeout=STOP_TIMEOUT if error is None else 0.1)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.communicate()
