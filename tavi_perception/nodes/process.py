"""The life of a process that runs one node: start, spin, end cleanly on SIGINT and SIGTERM."""

from __future__ import annotations

import faulthandler
import gc
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

import rclpy
from rclpy.exceptions import InvalidHandle, ParameterException
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

AnyNode = TypeVar("AnyNode", bound=Node)

LOOK_PERIOD = 0.05
"""s between two looks for a signal: waiting for messages is not interrupted by one."""

ENDS_WITHIN = 30.0
"""s after a signal in which a process ends, on a busy machine too; else it says what its threads do, and ends
with exit code 1: whoever waits for it must not hang too."""

SWITCH_INTERVAL = 0.0005
"""s after which a thread has to let another one run: with Python's 5 ms, rendering or inference waits that
long again and again for threads that only hand on messages."""


def run_node(
    create: Callable[[], AnyNode],
    args: list[str] | None,
    start: Callable[[AnyNode], None] = lambda node: None,
) -> None:
    """Creates the node, calls ``start`` with it, and spins until a signal or the end of the context.

    The node ends before the context does, its threads with it: what they publish meanwhile needs the context.
    Parameters that are not allowed end the process with one sentence, as does what the node says has failed:
    its attribute ``failure``, where it has one.
    """
    stop = _Signals()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        # rclpy's own handlers would end the context first.
        rclpy.init(args=args, signal_handler_options=rclpy.SignalHandlerOptions.NO)
    except RuntimeError as error:  # of rcl: arguments or a file of parameters that it cannot read
        raise SystemExit(f"the node cannot start: {_one_line(error)}") from None
    node = None
    try:
        try:
            node = create()
        except (ParameterException, ValueError, RuntimeError) as error:
            raise SystemExit(f"the node cannot start: {_one_line(error)}") from None
        # What is there now stays: a look at all of it for garbage takes 30 ms, in the middle of a frame. A
        # model is not there yet: it may be loaded again.
        gc.collect()
        gc.freeze()
        start(node)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while not (stop.received or getattr(node, "failure", "")) and executor.context.ok():
            spin(executor, LOOK_PERIOD)
        executor.shutdown()
        name = node.get_name()  # a node that is destroyed has none
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    failure = getattr(node, "failure", "")
    if failure:
        raise SystemExit(f"{name}: {failure}")


class _Signals:
    """Remembers that SIGINT or SIGTERM came; a launch file and the terminal may both send them."""

    def __init__(self) -> None:
        self.received = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._remember)

    def _remember(self, *_: object) -> None:
        self.received = True
        faulthandler.dump_traceback_later(ENDS_WITHIN, exit=True)


def spin(executor: Executor, timeout: float | None = None) -> None:
    """Spins once for ``timeout`` s at most, or until the executor or its context is shut down.

    A subscription that is destroyed while one of its events waits (a deactivation in the middle of a quality
    of service report, say) makes rclpy's executor raise InvalidHandle; the others must not suffer for it.
    """
    while executor.context.ok():
        try:
            if timeout is None:
                executor.spin()
            else:
                executor.spin_once(timeout)
            return
        except InvalidHandle:
            continue
        except ExternalShutdownException:
            return


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
