"""Counts what a run would ask, with the service's own requests, instead of asking."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from eval.run.replies import PACE, MessageCost, RunReplies
from intent.classify.llm.batch import compose, lots, prepare
from intent.classify.llm.books import at_most
from intent.classify.llm.classifier import LlmAnswerer
from intent.classify.llm.models import Model, cost
from intent.classify.llm.tokens import estimate_tokens
from intent.model.completion import Usage
from intent.model.message import Message
from intent.model.question import Answer, Claim
from intent.ports.asking import Replies

_REPLY = '{"id":"bcd","is":["PR"]},{"id":"bcd","kind":"quantity","text":"two"}'
"""What a model writes about one message, where nobody knows better: a label and a slot."""

_SECRET = b"estimate"


@dataclass(slots=True)
class Rehearsal:
    """What would be asked.

    Attributes:
        kept: messages that are answered from the response store.
        asked: messages that are sent, in ``requests`` requests of ``batches`` batches.
        input_tokens: of the requests; ``output_most`` is the most that may come back.
        model: who is asked; None before anybody is.
        known: what messages cost that are answered from the store; ``first`` what one did that was
            asked when nothing was known of this server and model.
    """

    kept: int = 0
    asked: int = 0
    requests: int = 0
    batches: int = 0
    input_tokens: int = 0
    output_most: int = 0
    model: Model | None = None
    known: list[MessageCost] = field(default_factory=list)
    first: MessageCost | None = None

    @property
    def output_tokens(self) -> int:
        """What probably comes back."""
        told = [one.output_tokens for one in self._told() if one.output_tokens]
        each = sum(told) / len(told) if told else estimate_tokens(_REPLY)
        return min(round(self.asked * each), self.output_most)

    @property
    def nanodollars(self) -> int:
        """What it probably costs, at list prices."""
        return self._price(self.output_tokens)

    @property
    def nanodollars_most(self) -> int:
        """What it costs if every reply is as long as it may be, and none is asked for again."""
        return self._price(self.output_most)

    @property
    def latency(self) -> float | None:
        """How long a batch took before, in seconds; None where nobody knows."""
        told = [one.latency for one in self._told() if one.latency]
        return sum(told) / len(told) if told else None

    def _told(self) -> list[MessageCost]:
        return self.known or ([self.first] if self.first is not None else [])

    def _price(self, output: int) -> int:
        if self.model is None:
            return 0
        return cost(self.model.prices, Usage(input=self.input_tokens, output=output))


class CountingAnswerer:
    """Implements ``Answerer``: makes the requests that an answerer would send, counts them, and
    answers nothing.
    """

    def __init__(
        self,
        answerer: LlmAnswerer,
        replies: RunReplies,
        model: Model,
        rehearsal: Rehearsal,
        *,
        size: int,
        pace: str,
    ) -> None:
        """Count into a rehearsal.

        Args:
            size: messages in one request, at most.
            pace: kind of note of what was asked first of this server and model.
        """
        self._answerer, self._replies, self._model, self._rehearsal = (
            answerer,
            replies,
            model,
            rehearsal,
        )
        self._size, self._pace = size, pace

    def answer(self, claims: Sequence[Claim], before: Sequence[Message]) -> list[Answer]:
        """Count what would be asked about these messages."""
        rehearsal, asker = self._rehearsal, f"{self._answerer.versions.prompt}:{self._model.id}"
        rehearsal.model = self._model
        entries = [prepare(claim, asker) for claim in claims]
        kept = self._replies.find([entry.key for entry in entries])
        told = self._replies.notes("cost", list(kept)).values()
        rehearsal.known += [MessageCost.model_validate_json(note) for note in told]
        for note in self._replies.notes(self._pace, [PACE], shared=True).values():
            rehearsal.first = MessageCost.model_validate_json(note)
        left = [entry for entry in entries if entry.key not in kept]
        rehearsal.kept += len(entries) - len(left)
        rehearsal.asked += len(left)
        rehearsal.batches += bool(left)
        for lot in lots(left, self._size):
            most = at_most(self._answerer.request(compose(lot, before, _SECRET)))
            rehearsal.requests += 1
            rehearsal.input_tokens += most.input
            rehearsal.output_most += most.output
        return [Answer(claim, None, "only counted") for claim in claims]


class UnwrittenReplies:
    """A response store that is only read; implements ``Replies``."""

    def __init__(self, inner: Replies) -> None:
        self._inner = inner

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under these keys."""
        return self._inner.find(keys)

    def keep(
        self, replies: Mapping[str, bytes], about: Collection[tuple[str, str]] = (), /
    ) -> None:
        """Keep nothing."""
