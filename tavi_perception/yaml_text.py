"""Reads YAML that others wrote: values alone, no more of them than the text has, and not nested without end.

PyYAML's safe loader executes nothing, but a few lines of aliases can stand for more than any memory holds,
and what is nested deeply ends in an error of Python's own. ROS 2 refuses aliases in parameter files as well.
"""

from __future__ import annotations

from typing import Any

import yaml

from tavi_perception.sentence import one_sentence

MAX_DEPTH = 32
"""Levels of nesting."""


class YamlTextError(yaml.YAMLError):
    """A text is not YAML, or more of it than is read here; the message is the reason, on one line."""


def read_yaml(text: str) -> Any:
    """The one document of a YAML text; None where it is empty.

    Raises:
        YamlTextError: it is not YAML, has aliases, or is nested more than ``MAX_DEPTH`` levels deep.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except Exception as error:  # its constructors raise whatever a broken date or number leads to
        raise YamlTextError(one_sentence(str(error)) or type(error).__name__) from error


class _Loader(yaml.SafeLoader):
    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise YamlTextError("it has an alias (*), which is not read: write the value out")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise YamlTextError(f"it is nested more than {MAX_DEPTH} levels deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node
