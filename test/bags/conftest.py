"""Messages to put into bags, and what is put into them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cdr
import pytest
from cdr import header as header  # for the tests beside this file
from rosbags.typesys.store import Typestore

from tavi_perception.bags.types import message_store


@pytest.fixture(scope="session")
def store() -> Typestore:
    return message_store()


@pytest.fixture
def image_cdr(store: Typestore) -> Callable[..., bytes]:
    """``cdr.image_cdr`` of the store."""
    return partial(cdr.image_cdr, store)


@pytest.fixture
def geometry_cdr(store: Typestore) -> Callable[..., bytes]:
    """``cdr.geometry_cdr`` of the store."""
    return partial(cdr.geometry_cdr, store)
