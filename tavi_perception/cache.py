"""Where results that take long are kept for the next time: outside the repository, and safe to delete."""

from __future__ import annotations

from pathlib import Path

CACHE = Path.home() / ".cache" / "tavi_perception"

TRAINING_SHARDS, FRAMES, OBSERVATIONS, OUTCOMES = "training", "frames", "observations", "outcomes"
"""Kinds: moments that networks train on, data sets of procedures, what was observed in procedures, and how
closed loops ended."""


def cache_folder(kind: str, fingerprint: str, root: Path | None = None) -> Path:
    """The folder, which may not exist yet, of the results of one kind that have a ``fingerprint``.

    Args:
        kind: one of the above.
        fingerprint: of all that they depend on, see ``tavi_perception.fingerprint``.
        root: instead of ``CACHE``.
    """
    return (root or CACHE) / kind / fingerprint
