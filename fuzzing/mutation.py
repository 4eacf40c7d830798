"""Valid inputs made wrong: bytes that are damaged, and fields that get values nobody expects."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml

from fuzzing.choices import Choices

_MOST = 6
"""Changes made to one input."""

_MOST_FIELDS = 500
"""Of a tree in which one may be repeated: repeated again and again it would fill the memory by itself."""

_MOST_LETTERS = 3_000
"""Of a field that is repeated, as it is written."""

_NESTED = "\x00nested\x00"
_DEPTH = 20_000
"""Levels of nesting where a value is to be deep: beyond what recursion takes."""

INTEGERS = (
    0, 1, -1, 2, 3, 7, 8, 12, 15, 16, 17, 127, 128, 255, 256, 4095, 8192, 8193, 32767, 32768, 65535, 65536,
    2**24, 2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64,
    10**400,
)  # fmt: skip
"""Where sizes, signs and widths of numbers end."""

NUMBERS = (*INTEGERS, 0.5, -0.0, 1e-300, 1e300, math.nan, math.inf, -math.inf)

TEXTS = (
    "", " ", "\0", "a" * 70_000, "../../../etc/passwd", "/etc/passwd", "..", ".", "\u202e\u0308ﬀ\U0001f480",
    "\ud800", "<script>alert(1)</script>", "%s%n{0}", "1" * 5_000, "nan", "-1", "1e999", "\n\r\t", "~",
    "null",
)  # fmt: skip

ODD: tuple[Any, ...] = (*NUMBERS, *TEXTS, None, True, False, [], {}, [[]], {"": None}, [0] * 3000, _NESTED)
"""Values of a field, whatever its type should be."""


def damaged(data: bytes, choices: Choices, others: Sequence[bytes] = ()) -> bytes:
    """``data`` with up to ``_MOST`` changes: bits, bytes, integers, runs, cuts, pieces of ``others``."""
    content = bytearray(data)
    for _ in range(choices.number(_MOST + 1)):
        choices.one_of(_CHANGES)(content, choices, others)
    return bytes(content)


def _flip(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    if content:
        content[_place(content, choices)] ^= 1 << choices.number(8)


def _set(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    if content:
        content[_place(content, choices)] = choices.number(256)


def _integer(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    """An integer of 1 to 8 bytes is overwritten with one at which something ends."""
    width, order = choices.one_of((2, 4, 1, 8)), choices.one_of(("little", "big"))
    value = choices.one_of(INTEGERS) % (1 << 8 * width)
    at = _place(content, choices)
    content[at : at + width] = value.to_bytes(width, "little" if order == "little" else "big")


def _digits(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    """A number written in digits becomes another one."""
    start = _place(content, choices)
    at = next((i for i in range(start, len(content)) if 48 <= content[i] <= 57), None)
    if at is not None:
        end = next((i for i in range(at, len(content)) if not 48 <= content[i] <= 57), len(content))
        content[at:end] = str(choices.one_of(NUMBERS)).encode()


def _insert(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    at = _place(content, choices)
    content[at:at] = choices.some_bytes(16) * choices.one_of((1, 1, 1, 300, 4_000))


def _delete(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    at = _place(content, choices)
    del content[at : at + choices.one_of((1, 2, 4, 8, 64, 1024))]


def _repeat(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    at = _place(content, choices)
    piece = content[at : at + choices.one_of((1, 4, 12, 64, 512))]
    content[at:at] = piece * choices.one_of((1, 2, 20, 400))


def _move(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    at, to, length = _place(content, choices), _place(content, choices), choices.one_of((1, 4, 16, 128))
    content[to : to + length] = content[at : at + length]


def _splice(content: bytearray, choices: Choices, others: Sequence[bytes]) -> None:
    if others:
        other = choices.one_of(others)
        at = _place(content, choices)
        content[at:] = other[min(at, len(other)) if choices.number(2) else choices.number(len(other) or 1) :]


def _cut(content: bytearray, choices: Choices, _: Sequence[bytes]) -> None:
    del content[_place(content, choices) :]


def _place(content: bytearray, choices: Choices) -> int:
    """Anywhere, but every other time in the first bytes, where headers are."""
    return choices.number(min(len(content), 256) if choices.number(2) else len(content))


_CHANGES: tuple[Callable[[bytearray, Choices, Sequence[bytes]], None], ...] = (
    _flip, _set, _integer, _digits, _insert, _delete, _repeat, _move, _splice, _cut,
)  # fmt: skip


def altered(tree: Any, choices: Choices) -> Any:
    """A copy of JSON-like ``tree`` with up to ``_MOST`` fields replaced, removed, renamed, repeated,
    moved."""
    box = {"": _copy(tree)}
    for _ in range(choices.number(_MOST + 1)):
        fields = list(_fields(box))
        if not fields:
            break
        holder, key = choices.one_of(fields)
        _alter(holder, key, choices, box, may_grow=len(fields) <= _MOST_FIELDS)
    return box.get("")


def _alter(holder: Any, key: Any, choices: Choices, box: dict[str, Any], *, may_grow: bool) -> None:
    match choices.number(6):
        case 0 | 1:
            holder[key] = _copy(choices.one_of(ODD))
        case 2:
            del holder[key]
        case 3:
            renamed = choices.one_of(TEXTS)
            if isinstance(holder, dict) and holder is not box:
                holder[renamed] = holder.pop(key)
        case 4 if may_grow and len(repr(holder[key])) <= _MOST_LETTERS:
            times = choices.one_of((2, 3, 300))
            found = holder[key] if isinstance(holder[key], list) else [holder[key]]
            holder[key] = [_copy(each) for _ in range(times) for each in found]
        case _:
            others = list(_fields(box))
            other, of = choices.one_of(others)
            holder[key] = _copy(other[of])


def _fields(tree: Any) -> Iterator[tuple[Any, Any]]:
    pending = [tree]
    while pending:
        each = pending.pop()
        keys: Any = each if isinstance(each, dict) else range(min(len(each), 50))
        for key in list(keys):
            yield each, key
            if isinstance(each[key], (dict, list)):
                pending.append(each[key])


def _copy(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copy(value) for key, value in tree.items()}
    return [_copy(each) for each in tree] if isinstance(tree, list) else tree


def json_text(tree: Any) -> bytes:
    """A tree as JSON, also where it is nested too deeply for Python, or no text of UTF-8."""
    return with_depth(json.dumps(tree, ensure_ascii=True))


def yaml_text(tree: Any, *, flow: bool = False) -> bytes:
    """A tree as YAML, in which what is there twice is written twice."""
    return with_depth(yaml.dump(tree, Dumper=_PlainDumper, default_flow_style=flow))


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def with_depth(text: str) -> bytes:
    """The text of a tree, in which a value stands for very deep nesting."""
    deep = "[" * _DEPTH + "]" * _DEPTH
    for written in (json.dumps(_NESTED), _NESTED):
        text = text.replace(written, deep)
    return text.encode("utf-8", "surrogatepass")
