"""What could not be read or decided: found, put into the inbox again, or dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event

from intent.model.errors import OperatorError, WrongUse
from intent.store import dead_letters
from intent.store.dead_letters import DeadLetter
from intent.store.engine import Database


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead letters are meant: those with these numbers, or all whose reason holds a text.

    Attributes:
        reason: part of the reason, in large letters or small; None for any.
        all: every letter of that reason; without it numbers are needed.
    """

    numbers: Sequence[int] = ()
    reason: str | None = None
    all: bool = False

    def __post_init__(self) -> None:
        if bool(self.numbers) == (self.all or self.reason is not None):
            raise WrongUse(
                "give numbers from: intent dead list; or --all, with --reason or without"
            )
        if self.reason is not None and not self.all:
            raise WrongUse("--reason names many letters at once: say so with --all")


def find_dead_letters(
    database: Database,
    numbers: Sequence[int] | None = None,
    *,
    reason: str | None = None,
    limit: int | None = None,
) -> Iterator[DeadLetter]:
    """Yield dead letters, oldest first.

    Args:
        numbers: only those with these numbers.
        reason: only those whose reason holds this text, in large letters or small.
        limit: so many at most.

    Raises:
        OperatorError: one of the numbers names none.
    """
    if numbers is None:
        yield from dead_letters.read_dead_letters(database, reason=reason, limit=limit)
        return
    letters = list(dead_letters.read_dead_letters(database, numbers))
    missing = sorted(set(numbers) - {letter.id for letter in letters})
    if missing:
        names = ", ".join(map(str, missing))
        raise OperatorError(f"there is no dead letter {names}; see: intent dead list")
    yield from letters


def replay(database: Database, chosen: Chosen, *, stop: Event) -> int:
    """Put messages into the inbox again, with all their tries; return how many.

    With ``all``, payloads that are no messages stay; ``stop`` ends it early.

    Raises:
        OperatorError: a letter that was named by its number is a payload that is no message.
    """
    if chosen.all:
        return dead_letters.replay_all(database, chosen.reason, stop=stop)
    letters = list(find_dead_letters(database, chosen.numbers))
    for letter in letters:
        _replay_one(database, letter)
    return len(letters)


def _replay_one(database: Database, letter: DeadLetter) -> None:
    if letter.message_id is None:
        raise OperatorError(
            f"dead letter {letter.id} is no message: {letter.reason}; mend the line, ingest it "
            f"again, and: intent dead drop {letter.id}"
        )
    dead_letters.replay(database, letter)


def drop(database: Database, chosen: Chosen, *, stop: Event) -> int:
    """Forget dead letters for good, a message with its letter; return how many.

    Raises:
        OperatorError: a number names none.
    """
    if chosen.all:
        return dead_letters.drop_all(database, chosen.reason, stop=stop)
    letters = list(find_dead_letters(database, chosen.numbers))
    for letter in letters:
        dead_letters.drop(database, letter.id)
    return len(letters)
