"""Every transition of the perception node from every state, again and again, leaves nothing behind."""

import gc
import os
import threading

import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from tavi_perception.nodes.faults.witness import resident
from tavi_perception.nodes.perception_node import PerceptionNode

ROUNDS = 20

SETTLED = 5
"""Rounds after which the pools of the allocators have their size."""

GROWTH = 5 * 2**20
"""Bytes by which resident memory may grow after that: a model more in memory would be 6 MB."""

TRANSITIONS = {
    "configure": {"unconfigured": "inactive"},
    "activate": {"inactive": "active"},
    "deactivate": {"active": "inactive"},
    "cleanup": {"inactive": "unconfigured"},
}
"""By name: where each is allowed, and where it leads. The others are refused and change nothing."""


@pytest.fixture
def make_node(graph, namespace):
    """A node that waits for its manager; transitions are triggered in the test's thread."""
    made = []

    def make():
        node = PerceptionNode(namespace=namespace, parameter_overrides=[Parameter("autostart", value=False)])
        made.append(node)
        return node

    yield make
    for node in made:
        node.destroy_node()


def state(node):
    return node._state_machine.current_state[1]


def trigger(node, name):
    return getattr(node, f"trigger_{name}")()


def held(node):
    """What a node holds: its threads, and how many publishers, subscriptions, timers and the like."""
    kinds = (node.publishers, node.subscriptions, node.timers, node.services, node.clients, node.guards)
    names = sorted(thread.name for thread in threading.enumerate())
    return names, [len(list(kind)) for kind in (*kinds, node.waitables)]


def topics(node):
    """By the graph, what the node publishes and subscribes to."""
    own = node.get_name(), node.get_namespace()
    return (
        sorted(node.get_publisher_names_and_types_by_node(*own)),
        sorted(node.get_subscriber_names_and_types_by_node(*own)),
    )


def go(node, name):
    """An allowed transition, and where it leads to."""
    target = TRANSITIONS[name][state(node)]
    assert trigger(node, name) == TransitionCallbackReturn.SUCCESS
    assert state(node) == target


def refuse_all_others(node):
    """Each transition that is not allowed in the node's state is refused and changes nothing."""
    before, holding = state(node), held(node)
    for name, allowed in TRANSITIONS.items():
        if before not in allowed:
            with pytest.raises(rclpy._rclpy_pybind11.RCLError):
                trigger(node, name)
    assert (state(node), held(node)) == (before, holding)


def test_every_transition_from_every_state_leaves_nothing_behind(make_node):
    node, found, memory = make_node(), {}, []
    for _ in range(ROUNDS):
        for name in (*("configure", "cleanup"), *("configure", "activate", "deactivate", "activate")):
            go(node, name)
            refuse_all_others(node)
            holding = held(node), topics(node)
            assert found.setdefault(state(node), holding) == holding
        for name in ("deactivate", "cleanup"):
            go(node, name)
        gc.collect()
        memory.append(resident(os.getpid()))
    assert memory[-1] - memory[SETTLED] < GROWTH


@pytest.mark.parametrize("path", [(), ("configure",), ("configure", "activate")], ids=len)
def test_a_node_that_is_shut_down_holds_what_it_held_when_it_was_made(make_node, path):
    node = make_node()
    before = held(node), topics(node)
    for name in path:
        go(node, name)
    assert trigger(node, "shutdown") == TransitionCallbackReturn.SUCCESS
    assert state(node) == "finalized"
    assert (held(node), topics(node)) == before


@pytest.mark.parametrize("name", [*TRANSITIONS, "shutdown"])
def test_a_node_that_is_shut_down_refuses_every_transition(make_node, name):
    node = make_node()
    trigger(node, "shutdown")
    with pytest.raises(rclpy._rclpy_pybind11.RCLError):
        trigger(node, name)
    assert state(node) == "finalized"


def test_a_transition_that_fails_leaves_nothing_behind(make_node, monkeypatch):
    node = make_node()
    before = held(node), topics(node)
    with monkeypatch.context() as broken:
        broken.setattr(node, "_load_model", lambda: 1 / 0)
        assert trigger(node, "configure") == TransitionCallbackReturn.ERROR
    assert (state(node), held(node), topics(node)) == ("unconfigured", *before)
    go(node, "configure")
