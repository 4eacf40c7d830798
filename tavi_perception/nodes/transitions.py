"""Transitions of a lifecycle node that do not fail in silence: rclpy drops what a callback raises."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import TypeAlias

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

Transition: TypeAlias = Callable[[LifecycleNode, LifecycleState], TransitionCallbackReturn]


def told(transition: Transition) -> Transition:
    """The same callback; what it raises is logged, and an error for rclpy, which calls ``on_error`` next."""

    @functools.wraps(transition)
    def tell(node: LifecycleNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception:
            node.get_logger().error(f"{transition.__name__} failed: {traceback.format_exc()}")
            return TransitionCallbackReturn.ERROR

    return tell
