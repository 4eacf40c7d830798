"""The life of a process that runs one node: start, spin, end cleanly on SIGINT and SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TypeVar

import rclpy
from rclpy.exceptions import InvalidHandle, ParameterException
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

AnyNode = TypeVar("AnyNode", bound=Node)


def run_node(
    create: Callable[[], AnyNode],
    args: list[str] | None,
    start: Callable[[AnyNode], None] = lambda node: None,
) -> None:
    """Creates the node, calls ``start`` with it, and spins until the context is shut down.

    Parameters that are not allowed end the process with one sentence.
    """
    rclpy.init(args=args)
    node = None
    try:
        try:
            node = create()
        except (ParameterException, ValueError) as error:
            raise SystemExit(f"the node cannot start: {error}") from None
        start(node)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        spin(executor)
    except KeyboardInterrupt:
        pass
    finally:
        # A launch file and the terminal may both send the signal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()


def spin(executor: Executor) -> None:
    """Spins until the executor or its context is shut down.

    A subscription that is destroyed while one of its events waits (a deactivation in the middle of a quality
    of service report, say) makes rclpy's executor raise InvalidHandle; the others must not suffer for it.
    """
    while executor.context.ok():
        try:
            executor.spin()
            return
        except InvalidHandle:
            continue
        except ExternalShutdownException:
            return
