"""Books every call that was sent: at what it cost, or at what it may have cost where nobody waited
for its reply.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock

from intent.classify.llm.models import Model, cost
from intent.classify.llm.tokens import MESSAGE_TOKENS, estimate_tokens
from intent.model.attempt import Attempt, Outcome
from intent.model.completion import Completion, Request, Usage
from intent.ports.asking import Ledger

_PAID = frozenset(
    {Outcome.ANSWERED, Outcome.TRUNCATED, Outcome.INVALID, Outcome.REFUSED, Outcome.TIMEOUT}
)


@dataclass(frozen=True, slots=True)
class About:
    """What a request is about, for the ledger; ``messages`` is how many it asks about."""

    run: str
    platform: str
    room_id: str
    prompt: str
    messages: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that is on its way, as it is booked if nobody waits for its reply."""

    number: int
    model: Model
    attempt: Attempt


class Books:
    """Knows which calls are on their way; used by several threads at once."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin with nothing on its way."""
        self._ledger, self._lock = ledger, Lock()
        self._sent: dict[int, Sent] = {}
        self._number = 0

    def open(self, model: Model, request: str, about: About, expected: Usage) -> Sent:
        """Note a call that is about to be sent.

        Args:
            request: hash of everything that is sent.
            expected: the most that it may use.
        """
        attempt = _attempt(model, request, about, expected)
        with self._lock:
            self._number += 1
            sent = Sent(self._number, model, attempt)
            self._sent[sent.number] = sent
        return sent

    def close(self, sent: Sent, completion: Completion, used: Usage) -> None:
        """Write down how a call ended, unless it was booked when we left it."""
        with self._lock:
            if self._sent.pop(sent.number, None) is None:
                return
        self._ledger.book(
            replace(
                sent.attempt,
                outcome=completion.outcome,
                input_tokens=used.input,
                cached_tokens=used.cached,
                cache_write_tokens=used.cache_write,
                output_tokens=used.output,
                nanodollars=cost(sent.model.prices, used),
                latency=completion.latency,
            )
        )

    def abandon(self) -> int:
        """Write down what is on its way, at the most that it may cost, for nobody will wait for it;
        return how many calls.
        """
        with self._lock:
            left = list(self._sent.values())
            self._sent.clear()
        for sent in left:
            waited = datetime.now(UTC) - sent.attempt.started
            self._ledger.book(replace(sent.attempt, latency=waited.total_seconds()))
        return len(left)

    def replay(self, model: Model, request: str, about: About) -> None:
        """Write down that a reply was used which had been paid for before."""
        attempt = _attempt(model, request, about, Usage())
        self._ledger.book(replace(attempt, outcome=Outcome.REPLAYED))


def _attempt(model: Model, request: str, about: About, used: Usage) -> Attempt:
    return Attempt(
        request=request,
        run=about.run,
        platform=about.platform,
        room_id=about.room_id,
        prompt=about.prompt,
        model=model.id,
        messages=about.messages,
        outcome=Outcome.ABANDONED,
        input_tokens=used.input,
        cached_tokens=used.cached,
        cache_write_tokens=used.cache_write,
        output_tokens=used.output,
        nanodollars=cost(model.prices, used),
        latency=0.0,
        started=datetime.now(UTC),
    )


def used_by(completion: Completion, expected: Usage) -> Usage:
    """Return what a call is booked with: what the server counted, else what it probably was; a
    budget must not run over because nobody counted.
    """
    if completion.usage is None and completion.outcome not in _PAID:
        return Usage()
    said = completion.usage or Usage()
    written = estimate_tokens(completion.text) if completion.text else expected.output
    return replace(
        said,
        input=said.input or expected.input,
        output=said.output or (0 if said.input and not completion.text else written),
    )


def at_most(request: Request) -> Usage:
    """Return what a call may use: what is sent, as we estimate it, and the longest reply."""
    sent = sum(estimate_tokens(one["content"]) + MESSAGE_TOKENS for one in request.chat)
    return Usage(input=sent + estimate_tokens(str(dict(request.schema))), output=request.max_tokens)
