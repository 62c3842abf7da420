"""What an eval adds to response store and ledger: a set of replies for each repeat, and what every
message cost, also when it is replayed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from threading import Lock, local

from pydantic import BaseModel, ConfigDict

from eval.run.purse import Purse
from intent.model.attempt import Attempt
from intent.model.errors import OperatorError
from intent.ports.asking import Replies

PACE = "first"
"""Key of the note of what one message cost whom nobody knew before: a server's and model's."""


class MessageCost(BaseModel):
    """One message's part of what was asked: tokens, nanodollars, and the seconds until its batch
    was decided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    nanodollars: int = 0
    latency: float = 0.0


class RunReplies:
    """A response store for a run; implements ``Replies``. Used by several threads at once, each
    with a batch of its own.

    Another server may say something else: the replies of each have keys of their own, as have
    further repeats, and runs that ask afresh. What is asked, and with which parameters, stands in
    the keys anyway.
    """

    def __init__(self, inner: Replies, server: str = "") -> None:
        self._inner, self._server, self._thread = inner, server, local()
        self._lock, self._replayed = Lock(), 0

    @property
    def replayed(self) -> int:
        """How many messages were answered without asking anybody."""
        return self._replayed

    def count(self, keys: Sequence[str], *, asked: bool) -> None:
        """Count the messages of this thread's batch that were answered from the store."""
        found: set[str] = self._thread.found
        with self._lock:
            self._replayed += sum(key in found for key in keys) if asked else len(keys)

    def begin(self, salt: str) -> None:
        """Start a batch in this thread; ``salt`` tells repeats apart."""
        self._thread.salt = " ".join(part for part in (self._server, salt) if part)
        self._thread.told, self._thread.found = {}, set()

    def told(self) -> Mapping[str, bytes]:
        """Return the replies that were found or kept since, by key, in order."""
        told: dict[str, bytes] = self._thread.told
        return told

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under these keys."""
        salted = {self._salted(key): key for key in keys}
        found = {salted[one]: reply for one, reply in self._inner.find(list(salted)).items()}
        self._thread.told.update(found)
        self._thread.found.update(found)
        return found

    def keep(
        self, replies: Mapping[str, bytes], _about: Collection[tuple[str, str]] = (), /
    ) -> None:
        """Keep all of these, durably, before any is used; what an eval is about stands in files."""
        self._inner.keep({self._salted(key): reply for key, reply in replies.items()})
        self._thread.told.update(replies)

    def notes(self, kind: str, keys: Sequence[str], *, shared: bool = False) -> dict[str, bytes]:
        """Return what an eval has written down of these messages, such as their cost; ``shared``
        between repeats or not.
        """
        named = {self._note_key(kind, key, shared=shared): key for key in keys}
        return {named[one]: found for one, found in self._inner.find(list(named)).items()}

    def note(self, kind: str, notes: Mapping[str, bytes], *, shared: bool = False) -> None:
        """Write something down of messages, beside their replies; what is written down already
        stays.
        """
        self._inner.keep(
            {self._note_key(kind, key, shared=shared): note for key, note in notes.items()}
        )

    def _note_key(self, kind: str, key: str, *, shared: bool) -> str:
        return hashlib.sha256(f"{kind} {key if shared else self._salted(key)}".encode()).hexdigest()

    def _salted(self, key: str) -> str:
        salt: str = self._thread.salt
        return hashlib.sha256(f"{salt} {key}".encode()).hexdigest() if salt else key


class RunLedger:
    """The ledger of a run; implements ``Ledger``. Remembers what each thread's batch has booked."""

    def __init__(self, purse: Purse | None = None) -> None:
        self._lock, self._thread, self._total = Lock(), local(), 0
        self._purse = purse or Purse()

    def begin(self) -> None:
        """Start a batch in this thread."""
        self._thread.booked = []

    def booked(self) -> list[Attempt]:
        """Return the attempts of this thread's batch."""
        booked: list[Attempt] = self._thread.booked
        return booked

    def book(self, attempt: Attempt) -> None:
        """Write an attempt down."""
        self._thread.booked.append(attempt)
        self._purse.book(attempt.nanodollars)
        with self._lock:
            self._total += attempt.nanodollars

    def spent(self, since: datetime) -> int:  # noqa: ARG002  the port's signature
        """Return the nanodollars of the whole run: it began after any ``since`` that somebody may
        ask for.
        """
        return self._total


# what every call is told
def refuse(nanodollars: int) -> AbstractContextManager[None]:  # noqa: ARG001
    """Stand before every call of an offline run.

    Raises:
        OperatorError: always.
    """
    raise OperatorError(
        "the response store lacks a reply, and --offline forbids to ask for it; run once without "
        "--offline, or with another --store"
    )


def shares(attempts: Sequence[Attempt], messages: int, latency: float) -> list[MessageCost]:
    """Share out what attempts cost over messages, so that the parts add up exactly."""
    totals = {
        name: sum(getattr(one, name) for one in attempts)
        for name in ("input_tokens", "cached_tokens", "output_tokens", "nanodollars")
    }
    parts = {
        name: [total // messages + (place < total % messages) for place in range(messages)]
        for name, total in totals.items()
    }
    return [
        MessageCost(latency=latency, **{name: part[place] for name, part in parts.items()})
        for place in range(messages)
    ]


def reply_text(reply: bytes) -> str | None:
    """Return what the model wrote: a request's reply is kept in an envelope, a message's part of
    one as it is.
    """
    if not reply:
        return None
    text = reply.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return (
        str(value["text"])
        if isinstance(value, dict) and set(value) == {"outcome", "text"}
        else text
    )
