"""What is said of an input, in which the input may have had a say."""

from __future__ import annotations

LONGEST = 2_000
"""Characters of a sentence; of a longer one the middle is left out."""


def one_sentence(text: str) -> str:
    """The text on one line that can be printed, logged and published: no line breaks, no escape sequences."""
    line = " ".join(text.split())
    if len(line) > 2 * LONGEST:  # what is left out below need not be looked at
        line = line[:LONGEST] + line[-LONGEST:]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST // 2]} … {shown[-LONGEST // 2 :]}"


class InputError(Exception):
    """An input cannot be used; the message names it, the reason and the remedy in one sentence.

    What it quotes of a broken or hostile input may hold anything; the message is a short line all the same.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_sentence(message))
