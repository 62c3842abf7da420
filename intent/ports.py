"""Every seam of the worker on one screen: what it needs from the outside, in the words of the work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Protocol, TypeAlias

from intent.decision import Decision, Versions
from intent.message import Message

Transaction: TypeAlias = Any
"""An open transaction. It is handed from adapter to adapter and looked into by none but its own kind."""


class Transactions(Protocol):
    """Opens write transactions: committed when the block ends, rolled back when it raises."""

    def begin(self) -> AbstractContextManager[Transaction]: ...


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload that is no message. ``payload`` is cut at 64 KB, ``digest`` is the SHA-256 of all its bytes."""

    reason: str
    payload: bytes
    digest: str
    position: str


class Source(Protocol):
    """Where messages come from. ``None`` means *nothing right now*: a good moment to hand on what was read."""

    def read(self) -> Iterator[Message | Refused | None]: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message lent by the inbox.

    Attributes:
        receipt: number of the inbox row.
        token: this claim's own token; once the claim has passed to somebody else, it opens nothing.
        attempts: claims of this message that were not given back, this one included; from 1.
    """

    message: Message
    receipt: int
    token: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a batch that was put: ``new`` messages, ``repeated`` ones that were known already, payloads newly ``refused``."""

    new: int
    repeated: int
    refused: int = 0


class Inbox(Protocol):
    """Where messages wait to be decided: delivered at least once, oldest first."""

    def put(self, messages: Sequence[Message], refused: Sequence[Refused] = ()) -> Accepted:
        """Store messages and refused payloads durably before returning; what is known already changes nothing."""

    def take(self, count: int, size: int) -> list[Delivery]:
        """Claim up to ``count`` messages of at most ``size`` bytes of text together (one always fits); a suspect comes alone."""

    def done(self, transaction: Transaction, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Remove what is still claimed by these deliveries, and return exactly those."""

    def retry(self, deliveries: Sequence[Delivery], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Let them come again at once, as if they had never been taken."""

    def bury(self, delivery: Delivery, reason: str) -> bool:
        """Make a dead letter of it; False when the claim was lost meanwhile."""

    def waiting(self) -> int:
        """How many messages are not decided yet, claimed ones included."""


class Classifier(Protocol):
    """Decides. Raises :class:`intent.errors.Later` for trouble of its own, anything else blames the messages."""

    @property
    def versions(self) -> Versions:
        """What its decisions carry as their versions."""

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        """Return one decision for each message, in order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision on its way into the store.

    Attributes:
        revision: its number if it is inserted; 0 is the first decision of a message.
        run: name of the run that made it.
        previous: the decision that it replaces for readers, if any.
        visible: readers see it; what an unpromoted run decides is kept beside, and is no concern of features.
    """

    message: Message
    decision: Decision
    revision: int = 0
    run: str = "production"
    previous: Decision | None = None
    visible: bool = True


class Decisions(Protocol):
    """The append-only record of decisions."""

    def save(self, transaction: Transaction, entries: Sequence[Entry]) -> list[Entry]:
        """Insert, and return only the entries that were really inserted; a revision that exists stays as it is."""


class FeatureState(Protocol):
    """What is counted while decisions are saved."""

    def add(self, transaction: Transaction, entries: Sequence[Entry]) -> None:
        """Count inserted entries: new minus previous, at the event's time."""


class Priority(IntEnum):
    """Who goes first in the ask lane."""

    LIVE = 0
    UPGRADE = 1
    BACKFILL = 2


@dataclass(frozen=True, slots=True)
class Question:
    """A message whose decision is to be improved.

    Attributes:
        revision: the revision that stands now and that the answer would follow.
    """

    platform: str
    message_id: str
    room_id: str
    event_timestamp: datetime
    revision: int
    run: str = "production"
    priority: Priority = Priority.LIVE


@dataclass(frozen=True, slots=True)
class Claim:
    """A question lent by the ask lane, with its message; ``receipt``, ``token`` and ``attempts`` as in :class:`Delivery`."""

    question: Question
    message: Message
    receipt: int
    token: str
    attempts: int


class Lane(Protocol):
    """Where unsure messages wait for the LLM: by priority, then room by room."""

    def put(self, transaction: Transaction, questions: Sequence[Question]) -> None:
        """Add questions; one that waits already for the same run stays as it is."""

    def take(self, count: int, gather: float) -> list[Claim]:
        """Claim up to ``count`` questions of one room and one run, newest first, once ``count`` are there or the oldest waited ``gather`` s.

        What a dead asker held comes again as the same batch, once, for the reply may have been paid for; after that, and after a retry, alone.
        """

    def done(self, transaction: Transaction, claims: Sequence[Claim]) -> list[Claim]:
        """Remove what is still claimed by these claims, and return exactly those."""

    def retry(self, claims: Sequence[Claim], delay: float) -> None:
        """Let them come again in ``delay`` seconds; the attempt counts."""

    def give_back(self, claims: Sequence[Claim], delay: float = 0.0) -> None:
        """Let them come again in ``delay`` seconds, as if they had never been taken."""

    def expire(self, age: float) -> int:
        """Drop live questions that were put more than ``age`` seconds ago and that nobody holds, a bounded number; return how many."""

    def waiting(self) -> int:
        """How many questions are open, claimed ones included."""


class Outcome(StrEnum):
    """How one call of the LLM ended."""

    ANSWERED = "answered"
    REPLAYED = "replayed"
    INVALID = "invalid"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    FILTERED = "filtered"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    AUTHENTICATION = "authentication"
    BAD_REQUEST = "bad_request"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    SERVER_ERROR = "server_error"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of the LLM, as it is booked: every attempt, also those that failed.

    Attributes:
        request: hash of everything that was sent.
        messages: how many messages it asked about.
        input_tokens: all tokens sent; ``cached_tokens`` and ``cache_write_tokens`` are parts of them.
        nanodollars: price in 10**-9 dollars, so that sums are exact.
        latency: seconds.
    """

    request: str
    run: str
    platform: str
    room_id: str
    prompt: str
    model: str
    messages: int
    outcome: Outcome
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    nanodollars: int
    latency: float
    started: datetime


class Ledger(Protocol):
    """What the LLM cost."""

    def book(self, attempt: Attempt) -> None:
        """Write an attempt down, durably, before its reply is used."""

    def spent(self, since: datetime) -> int:
        """Nanodollars booked since then."""


class Replies(Protocol):
    """Replies that were paid for: none is paid for twice, also when a crash makes the same messages come again in another company.

    A key is the hash of a whole request, or of one message with the prompt and model that it was asked with; a value holds no contact details.
    """

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under these keys."""

    def keep(self, replies: Mapping[str, bytes]) -> None:
        """Keep all of these in one transaction, durably, before any is used; a key that is known stays as it is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the LLM said of one claim: a decision, or ``why`` there is none and the local decision stays."""

    claim: Claim
    decision: Decision | None
    why: str = ""


class Answerer(Protocol):
    """Asks the LLM about messages of one room."""

    def answer(self, claims: Sequence[Claim], before: Sequence[Message]) -> list[Answer]:
        """Return one answer for each claim, in order.

        Args:
            claims: questions of one room and one run.
            before: the few messages said before them in the room, oldest first.

        Raises:
            LlmUnavailable: the server is away or asks us to wait; nothing was decided.
            BudgetSpent: asking would cost more than is left.
            LlmForbidden: quota, key or request are refused; only the operator can mend that.
        """
