"""The local model first, then the LLM for what is worth asking, at once and without a lane: for
files and the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from intent.model.attempt import Attempt
from intent.model.decision import Decision, Versions
from intent.model.errors import LlmUnavailable
from intent.model.message import Message
from intent.model.question import Claim, Question
from intent.ports.asking import Answerer
from intent.ports.deciding import Classifier


class Cascade:
    """Decides with the local model, and asks about the rest room by room; implements
    ``Classifier``.

    A message that the LLM gives no answer for keeps its local decision, marked as degraded.
    """

    def __init__(
        self,
        local: Classifier,
        answerer: Answerer,
        unsure: Callable[[Decision], bool],
        *,
        insists: bool = False,
        before: int = 5,
    ) -> None:
        """Put together.

        Args:
            unsure: says of a local decision whether the LLM is asked.
            insists: an outage is an error, and no reason to leave local decisions.
            before: how many earlier messages of the room go along.
        """
        self._local, self._answerer, self._unsure = local, answerer, unsure
        self._insists, self._before = insists, before

    @property
    def versions(self) -> Versions:
        """The local model's; what the LLM decided carries its own."""
        return self._local.versions

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        """Return one decision for each message, in order.

        Raises:
            LlmForbidden: the server refuses key, quota or request; asking again would change
                nothing.
            LlmUnavailable: the server is away, and this insists on it.
        """
        decisions = self._local.classify(messages)
        rooms: dict[tuple[str, str], list[int]] = {}
        for place, message in enumerate(messages):
            rooms.setdefault((message.platform, message.room_id), []).append(place)
        for places in rooms.values():
            asked = [place for place in places if self._unsure(decisions[place])]
            if asked:
                earlier = [messages[place] for place in places if place < asked[0]][-self._before :]
                for place, decision in zip(
                    asked, self._ask([messages[place] for place in asked], earlier), strict=True
                ):
                    decisions[place] = decision or replace(decisions[place], degraded=True)
        return decisions

    def _ask(
        self, messages: Sequence[Message], earlier: Sequence[Message]
    ) -> list[Decision | None]:
        claims = [_claim(message, number) for number, message in enumerate(messages)]
        try:
            return [answer.decision for answer in self._answerer.answer(claims, earlier)]
        except LlmUnavailable:
            if self._insists:
                raise
            return [None] * len(messages)


class NoBooks:
    """A ledger and a store of replies that last as long as the process; implements ``Ledger`` and
    ``Replies``.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._attempts: list[tuple[datetime, int]] = []
        self._kept: dict[str, bytes] = {}

    def book(self, attempt: Attempt) -> None:
        """Remember what it cost."""
        self._attempts.append((attempt.started, attempt.nanodollars))

    def spent(self, since: datetime) -> int:
        """Return nanodollars."""
        return sum(cost for started, cost in self._attempts if started >= since)

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under these keys."""
        return {key: self._kept[key] for key in keys if key in self._kept}

    def keep(
        self, replies: Mapping[str, bytes], _about: Collection[tuple[str, str]] = (), /
    ) -> None:
        """Keep what is not known; nothing is erased meanwhile."""
        self._kept = {**replies, **self._kept}


def _claim(message: Message, number: int) -> Claim:
    question = Question(message.platform, message.message_id, message.room_id, message.sent_at, 0)
    return Claim(question, message, receipt=number, token="", attempts=1)
