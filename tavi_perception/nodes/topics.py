"""Names of topics as users give them."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.exceptions import InvalidTopicNameException
from rclpy.expand_topic_name import expand_topic_name
from rclpy.validate_full_topic_name import validate_full_topic_name

from tavi_perception.bags.topics import BagError


def full_topic_name(given: str) -> str:
    """The name from the root on, as ``ros2 bag`` takes it: ``fluoro/image`` is ``/fluoro/image``.

    Raises:
        BagError: no topic can have that name, or only that of a node (``~``).
    """
    try:
        if given.startswith("~") or "{" in given:
            raise ValueError("it depends on a node, and there is none")
        name = expand_topic_name(given, "tavi", "/")
        validate_full_topic_name(name)
    except (ValueError, InvalidTopicNameException) as error:
        reason = str(error).splitlines()[0].removeprefix("Invalid topic name: ").rstrip(":")
        reason = reason.partition(", at /")[0].rpartition("is invalid: ")[2]
        raise BagError(f"'{given}' is no name of a topic ({reason}): give one like /fluoro/image") from None
    return str(name)


def full_topic_names(given: Iterable[str]) -> list[str]:
    """Each once, in the order given; raises BagError as ``full_topic_name`` does."""
    return list(dict.fromkeys(map(full_topic_name, given)))
