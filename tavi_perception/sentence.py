"""What is said of an input, in which the input may have had a say."""

from __future__ import annotations

LONGEST = 2_000
"""Characters of a sentence; of a longer one the middle is left out."""


def one_sentence(text: str) -> str:
    """The text on one line that can be printed, logged and published: no line breaks, no escape sequences."""
    line = " ".join(text.split())
    if len(line) > LONGEST:
        line = f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


class InputError(Exception):
    """An input cannot be used; the message names it, the reason and the remedy in one sentence.

    What it quotes of a broken or hostile input may hold anything; the message is a short line all the same.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_sentence(message))
