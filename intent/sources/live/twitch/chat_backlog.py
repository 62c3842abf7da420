"""Keeps what Twitch said until it is handed over: each comment once, and of what nobody knows the
first.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence

from intent.model.batch import Batch, Gap, Position, Refused, Retraction
from intent.model.message import Message
from intent.sources.door import refused

REMEMBERED_IDS = 20_000
"""Comments among which one that comes again is known."""


class ChatBacklog:
    """What was read since it was handed over last."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._messages: list[Message] = []
        self._refused: list[Refused] = []
        self._retractions: list[Retraction] = []
        self.unknown: Counter[str] = Counter()
        """What came of kinds that we do not know, by its kind."""

    def __len__(self) -> int:
        return len(self._messages) + len(self._refused) + len(self._retractions)

    def add(self, read: Message | Retraction | Refused) -> None:
        """Keep something, but for a comment that came before."""
        if isinstance(read, Refused):
            self._refused.append(read)
        elif isinstance(read, Retraction):
            self._retractions.append(read)
        elif read.message_id not in self._ids:
            self._ids[read.message_id] = None
            if len(self._ids) > REMEMBERED_IDS:
                self._ids.popitem(last=False)
            self._messages.append(read)

    def add_unknown(self, kind: str, payload: bytes, position: str) -> None:
        """Count something of a kind that we do not know; the first one is refused, for people."""
        self.unknown[kind] += 1
        if self.unknown[kind] == 1:
            reason = f"{kind[:80]} is unknown; more of them are only counted"
            self.add(refused(reason, payload, position))

    def batch(self, gaps: Sequence[Gap], position: Position | None) -> Batch:
        """Hand over all that is kept."""
        retractions = tuple(self._retractions)
        batch = Batch(self._messages, self._refused, retractions, tuple(gaps), position)
        self._messages, self._refused, self._retractions = [], [], []
        return batch
