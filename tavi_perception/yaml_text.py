"""Reads YAML that others wrote: values alone, no more of them than the text has, and not nested without end.

PyYAML's safe loader executes nothing, but a few lines of aliases can stand for more than any memory holds,
and what is nested deeply ends in an error of Python's own. ROS 2 refuses aliases in parameter files as well.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from tavi_perception.sentence import one_sentence

MAX_DEPTH = 32
"""Levels of nesting."""

MAX_VALUES = 50_000
"""Keys, values and items: the metadata of a bag of 4,500 files. Each takes a hundredth of a millisecond."""

MAX_DIGITS = 1_000
"""Of a number: those that are written to the base 60 (1:30:00) take time with the square of their length."""

_NUMBER = re.compile(r"[-+.:_0-9]+|[-+]?0[box][_0-9a-fA-F]+")

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML has it: its own scanner takes a tenth of a millisecond for every value."""


class YamlTextError(yaml.YAMLError):
    """A text is not YAML, or more of it than is read here; the message is the reason, on one line."""


def read_yaml(text: str) -> Any:
    """The one document of a YAML text; None where it is empty.

    Raises:
        YamlTextError: it is not YAML, has aliases, or more levels, values or digits than are read.
    """
    try:
        _check(text)
        return yaml.load(text, Loader=_LOADER)
    except Exception as error:  # its constructors raise whatever a broken date or number leads to
        raise YamlTextError(one_sentence(str(error)) or type(error).__name__) from error


def _check(text: str) -> None:
    """Refuses what takes long, or more memory than the text, before anything is built."""
    depth = values = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.events.AliasEvent):
            raise YamlTextError("it has an alias (*), which is not read: write the value out")
        if isinstance(event, yaml.events.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.events.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.events.ScalarEvent):
            values += 1
            if len(event.value) > MAX_DIGITS and _NUMBER.fullmatch(event.value):
                raise YamlTextError(f"it has a number of more than {MAX_DIGITS} digits")
        if depth > MAX_DEPTH:
            raise YamlTextError(f"it is nested more than {MAX_DEPTH} levels deep")
        if values > MAX_VALUES:
            raise YamlTextError(f"it holds more than {MAX_VALUES} values")
