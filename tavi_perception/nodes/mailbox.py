"""A mailbox with one slot between the thread that receives images and the one that processes them."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest item only; an item that was never taken is overwritten and counted."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._closed = False
        self._changed = threading.Condition()
        self.overwritten = 0

    def put(self, item: T) -> None:
        with self._changed:
            if self._item is not None:
                self.overwritten += 1
            self._item = item
            self._changed.notify()

    def take(self) -> T | None:
        """Waits for an item; None once the mailbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed)
            if self._closed:
                return None
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Wakes whoever waits; nothing can be taken from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
