"""What could not be read or decided: found, put into the inbox again, or dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from intent.model.errors import OperatorError
from intent.store import dead_letters
from intent.store.dead_letters import DeadLetter
from intent.store.engine import Database


def find_dead_letters(
    database: Database, numbers: Sequence[int] | None = None
) -> Iterator[DeadLetter]:
    """Yield all dead letters, oldest first, or those with these numbers.

    Raises:
        OperatorError: one of the numbers names none.
    """
    if numbers is None:
        yield from dead_letters.read_dead_letters(database)
        return
    letters = list(dead_letters.read_dead_letters(database, numbers))
    missing = sorted(set(numbers) - {letter.id for letter in letters})
    if missing:
        names = ", ".join(map(str, missing))
        raise OperatorError(f"there is no dead letter {names}; see: intent dead list")
    yield from letters


def replay(database: Database, letter: DeadLetter) -> None:
    """Put a message into the inbox again, with all its tries.

    Raises:
        OperatorError: the letter is a payload that is no message.
    """
    if letter.message_id is None:
        raise OperatorError(
            f"dead letter {letter.id} is no message: {letter.reason}; mend the line, ingest it "
            f"again, and: intent dead drop {letter.id}"
        )
    dead_letters.replay(database, letter)


def drop(database: Database, letter: DeadLetter) -> None:
    """Forget a dead letter for good; a message goes with its letter."""
    dead_letters.drop(database, letter.id)
