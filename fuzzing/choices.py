"""Decisions taken from the bytes of a recipe, so that whoever makes the bytes makes the input."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

RECIPE_BYTES = 192
"""Length of a recipe: enough for some dozen decisions, short enough for a fuzzer to learn from."""


class Choices:
    """What a recipe decides, in order; after its end everything is the first option, and nothing is changed.

    Args:
        recipe: any bytes.
    """

    def __init__(self, recipe: bytes) -> None:
        self._recipe = recipe
        self._at = 0

    def number(self, limit: int) -> int:
        """Of 0 … ``limit`` − 1."""
        if limit <= 1:
            return 0
        length = (limit.bit_length() + 7) // 8
        found = self._recipe[self._at : self._at + length]
        self._at += length
        return int.from_bytes(found, "little") % limit

    def one_of(self, options: Sequence[T]) -> T:
        """One of the options, of which there is at least one."""
        return options[self.number(len(options))]

    def some_bytes(self, longest: int) -> bytes:
        """Up to ``longest`` bytes."""
        length = self.number(longest + 1)
        found = self._recipe[self._at : self._at + length]
        self._at += length
        return found

    def chance(self, one_in: int) -> bool:
        """True once in so many times; never after the end of the recipe."""
        return self.number(one_in) == one_in - 1


def numbered_recipe(target: str, seed: int, number: int) -> bytes:
    """The recipe of input ``number`` of a seed: the same on every machine, whatever was tried before."""
    return random.Random(f"{target} {seed} {number}").randbytes(RECIPE_BYTES)
