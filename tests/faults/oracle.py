"""What must stand whatever went wrong: every message is decided, dead, taken back or erased, each
once; features are what decisions make them; no contact detail stands outside the vault.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import sqlalchemy

from intent.bootstrap.resources import locate
from intent.features.check.audit import StateCheck, check_state
from intent.model.taxonomy import load_taxonomy
from intent.store.audit import Balance, balance
from intent.store.engine import Database

CANARY = "0812-7777-{:04d}"
"""A telephone number that nobody has, as a person writes it."""

FORMS_OF_CANARY = re.compile(rb"812[- ]7777|628127777")


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What a fault cost.

    Attributes:
        lost: messages that came in and are neither decided, dead, taken back nor erased; those
            that wait still, where nothing may wait any more.
        doubled: messages that are more than one of these, that are decided twice, or that came back
            from erasure.
        wrong: rows of feature state that a recomputation does not give.
        leaked: places outside the vault that hold a contact detail; None where nobody looked.
    """

    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    leaked: int | None = None

    @property
    def holds(self) -> bool:
        """Whether it cost nothing."""
        return not any(getattr(self, field.name) for field in fields(self))


def reckon(
    database: Database,
    sent: Collection[str],
    *,
    erased: Collection[str] = (),
    waiting: bool = False,
    places: Iterable[Path] | None = None,
) -> Reckoning:
    """Recount everything.

    Args:
        sent: ids of all messages that a sender was told are stored.
        erased: ids of those that were erased.
        waiting: whether messages may still wait.
        places: folders whose files hold no contact detail, beside the database itself; None for
            not to look.
    """
    books, state = _books(database)
    stored = _column(database, "SELECT message_id FROM messages")
    standing, gone = set(stored), set(erased)
    missing = len(set(sent) - gone - standing)
    back = len(gone & standing)
    left = 0 if waiting else books.waiting
    again = len(_column(database, _TWICE_AT_ONCE))
    leaked = None
    if places is not None:
        leaked = _in_tables(database) + sum(_in_files(place) for place in places)
    return Reckoning(
        lost=missing + books.nowhere + left,
        doubled=books.twice + books.unknown + books.gaps + books.misfiled + again + back,
        wrong=state.mismatched + state.missing + state.extra,
        leaked=leaked,
    )


_TWICE_AT_ONCE = """
    SELECT message_id FROM current_decisions GROUP BY platform, message_id HAVING count(*) > 1
"""


def _books(database: Database) -> tuple[Balance, StateCheck]:
    members = load_taxonomy(locate("prompts") / "taxonomy.yaml").members
    with database.read() as connection:
        return balance(connection), check_state(connection, members)


def _column(database: Database, query: str) -> list[str]:
    with database.read() as connection:
        return [str(row[0]) for row in connection.execute(sqlalchemy.text(query))]


def _in_tables(database: Database) -> int:
    found = 0
    with database.read() as connection:
        some = connection.execution_options(yield_per=1_000)  # a soak has millions of rows
        for table in sqlalchemy.inspect(connection).get_table_names():
            for row in some.execute(sqlalchemy.text(f'SELECT * FROM "{table}"')):
                content = b" ".join(
                    bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode()
                    for one in row
                )
                found += FORMS_OF_CANARY.search(content) is not None
    return found


def _in_files(place: Path) -> int:
    # By another process: who opens and closes a file of SQLite loses the locks that this process
    # has on it, and whoever comes next cuts the index of the log under our feet (a bus error).
    looked = ["grep", "-rlsaE", FORMS_OF_CANARY.pattern.decode("ascii"), str(place)]
    found = subprocess.run(looked, env={"LC_ALL": "C"}, stdout=subprocess.PIPE, check=False)
    return len(found.stdout.splitlines())
