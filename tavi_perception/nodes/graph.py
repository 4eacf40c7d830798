"""A ROS 2 graph of its own on this machine: its domain, its nodes in this process, its child processes."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node

from tavi_perception.nodes.process import SWITCH_INTERVAL, spin
from tavi_perception.resources import share_directory

DOMAINS = range(1, 102)
"""Domains whose ports stay below Linux's ephemeral ones (ROS 2 documentation, "The ROS_DOMAIN_ID")."""

STOP_TIMEOUT = 10.0
"""s that a child process may take to end before it is killed."""


class GraphError(Exception):
    """The graph cannot start or has broken down; the message says why and what to do."""


class Spinner(threading.Thread):
    """Spins an executor beside the main thread, and keeps what ended it for whoever asks."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(name="ros", daemon=True)
        self._executor = executor
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            spin(self._executor)
        except Exception as error:
            self._error = error

    def check(self) -> None:
        """Raises what a callback of a node has raised."""
        if self._error is not None:
            raise self._error


@dataclass(frozen=True)
class _Child:
    """A program of the graph: its command, where its output goes, and its process."""

    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes]


class Graph:
    """Context manager: isolates the graph, spins its nodes in a thread, ends its child processes.

    The user's own ROS_DOMAIN_ID and ROS_AUTOMATIC_DISCOVERY_RANGE win where they are set.
    """

    def __init__(self) -> None:
        self._children: dict[str, _Child] = {}
        self._nodes: list[Node] = []
        self._domain_lock: IO[str] | None = None

    def __enter__(self) -> Graph:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        if "ROS_DOMAIN_ID" not in os.environ:
            domain, self._domain_lock = free_domain()
            os.environ["ROS_DOMAIN_ID"] = str(domain)
        profile = share_directory() / "config" / "fastdds.xml"
        os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(profile))
        os.environ.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", str(profile))
        # The caller ends the graph in order when interrupted, so rclpy must not take the signals; nor the
        # words of the command line, which need not be UTF-8.
        rclpy.init(args=[], signal_handler_options=rclpy.SignalHandlerOptions.NO)
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._executor = SingleThreadedExecutor()
        self._spinner = Spinner(self._executor)
        self._spinner.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_children()
        self._executor.shutdown()
        self._spinner.join()
        for node in self._nodes:
            node.destroy_node()
        rclpy.try_shutdown()
        if self._domain_lock is not None:
            self._domain_lock.close()
            del os.environ["ROS_DOMAIN_ID"]

    def add(self, node: Node) -> None:
        self._nodes.append(node)
        self._executor.add_node(node)

    def remove(self, node: Node) -> None:
        self._executor.remove_node(node)
        self._nodes.remove(node)
        node.destroy_node()

    def start(self, name: str, command: Sequence[str], log: Path) -> None:
        """Runs a program of the graph as a child whose output goes to ``log``."""
        with log.open("wb") as output:
            self._children[name] = _Child(command, log, _run(command, output))

    def restart(self, name: str, *words: str) -> None:
        """Kills a child as a power cut would, and runs it again, with ``words`` at the end of its command."""
        former = self._children[name]
        former.process.kill()
        former.process.wait()
        command = [*former.command, *words]
        with former.log.open("ab") as output:
            self._children[name] = _Child(command, former.log, _run(command, output))

    def kill(self, name: str) -> None:
        """Ends a child as a power cut would; ``restart`` brings it back."""
        self._children[name].process.kill()
        self._children[name].process.wait()

    def stop(self, name: str) -> None:
        """Ends a child for good."""
        self.kill(name)
        del self._children[name]

    def send_signal(self, name: str, number: signal.Signals) -> None:
        self._children[name].process.send_signal(number)

    def pid(self, name: str) -> int:
        """Of the process of a child."""
        return self._children[name].process.pid

    def log(self, name: str) -> Path:
        """Where a child says what it says."""
        return self._children[name].log

    def check(self) -> None:
        """Raises GraphError when a child process has ended by itself, and what a node here has raised."""
        self._spinner.check()
        for name, child in self._children.items():
            if child.process.poll() is not None:
                lines = child.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                last, code = lines[-1] if lines else "it said nothing", child.process.returncode
                raise GraphError(f"the {name} has ended (exit code {code}): {last}; see {child.log}")

    def stop_children(self) -> None:
        processes = [child.process for child in self._children.values()]
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in processes:
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._children.clear()


def _run(command: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        # Ctrl-C is for this process, which then ends the others in order.
        start_new_session=True,
    )


def free_domain() -> tuple[int, IO[str]]:
    """A domain nobody on this machine uses, and the lock that keeps it ours while it is open.

    Raises:
        GraphError: every domain is taken.
    """
    for domain in random.sample(DOMAINS, len(DOMAINS)):
        lock = (Path(tempfile.gettempdir()) / f"tavi-domain-{os.getuid()}-{domain}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        if _unused(domain):
            return domain, lock
        lock.close()
    raise GraphError("every ROS domain from 1 to 101 is in use here: end other graphs, or set ROS_DOMAIN_ID")


def _unused(domain: int) -> bool:
    """No participant holds the domain's first unicast port (DDS-RTPS 9.6.2: 7410 + 250 × domain)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", 7410 + 250 * domain))
        except OSError:
            return False
    return True
