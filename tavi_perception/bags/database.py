"""Refuses SQLite databases that are no plain recording, before a query runs what their schema says.

A database brings its own schema: a view or a generated column computes whatever its maker wrote, for as long
as that takes, and a rollback journal can name another file, which SQLite deletes once it has played it back.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tavi_perception.bags.topics import BagError

_TABLES = ("topics", "messages", "schema", "metadata", "message_definitions")
_URI_SIGNS = "%?#"
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""Last bytes of a journal that names a super-journal (https://www.sqlite.org/fileformat.html, section 3)."""


def check_database(file: Path) -> None:
    """Looks at a database without running any of it.

    Raises:
        BagError: it is none, its tables compute something, or its name would be read as an address.
    """
    if any(sign in str(file) for sign in _URI_SIGNS):
        raise BagError(f"bag {file} has one of {' '.join(_URI_SIGNS)} in its path: rename it")
    try:
        with closing(sqlite3.connect(f"file:{file}?immutable=1&mode=ro", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            entries = database.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
            hidden = [
                name
                for name in _TABLES
                for column in database.execute(f"PRAGMA table_xinfo({name})")
                if column[6]
            ]
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise BagError(f"bag {file} is damaged ({error}): record or copy it again") from error
    odd = [str(name) for kind, name, sql in entries if kind in ("view", "trigger") or _is_virtual(sql)]
    if odd or hidden:
        raise BagError(
            f"bag {file} is no plain recording: {', '.join((odd + hidden)[:3])} would be computed, not read; "
            "convert it with a tool that you trust"
        )


def check_journal(file: Path) -> None:
    """Refuses a rollback journal that names another file.

    Raises:
        BagError: it does.
    """
    with file.open("rb") as journal:
        size = journal.seek(0, 2)
        journal.seek(max(size - len(_JOURNAL_MAGIC), 0))
        if size > len(_JOURNAL_MAGIC) and journal.read() == _JOURNAL_MAGIC:
            raise BagError(f"bag {file} names another file, which SQLite would delete: remove this one")


def _is_virtual(sql: object) -> bool:
    return isinstance(sql, str) and sql.lstrip().upper().startswith("CREATE VIRTUAL")
