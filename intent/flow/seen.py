"""What is seen of one source while it is listened to, and what of that is news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from intent.model.batch import Batch, Gap
from intent.model.listening import SourceNews, SourceState

Room = tuple[str, str]
"""(platform, room_id)."""


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """Everything of one source since its process began; as :class:`SourceNews`, ``gaps`` that it
    has told of and that are over, and what was ``refused``: no message, and kept as a dead letter.
    """

    source: str
    scheme: str
    state: SourceState = SourceState.WAITING
    messages: int = 0
    gaps: int = 0
    refused: int = 0
    dropped: int = 0
    reconnects: int = 0
    arrived: datetime | None = None
    sent: datetime | None = None
    error: str | None = None
    error_at: datetime | None = None

    @property
    def skew(self) -> float | None:
        """Seconds between when the last message was said and when it came."""
        if self.arrived is None or self.sent is None:
            return None
        return (self.arrived - self.sent).total_seconds()

    def after(self, batch: Batch, now: datetime) -> SourceSeen:
        """Return what is seen once a batch has come."""
        gaps = self.gaps + sum(gap.until is not None for gap in batch.gaps)
        refused = self.refused + len(batch.refused)
        if not batch.messages:
            return replace(self, gaps=gaps, refused=refused)
        return replace(
            self,
            gaps=gaps,
            refused=refused,
            messages=self.messages + len(batch.messages),
            arrived=now,
            sent=max(message.sent_at for message in batch.messages),
        )

    def since(self, told: SourceSeen) -> SourceNews:
        """Return what is news to whoever was told ``told``."""
        return SourceNews(
            self.source,
            self.scheme,
            self.state,
            self.messages - told.messages,
            self.dropped - told.dropped,
            self.reconnects - told.reconnects,
            self.arrived,
            self.sent,
            self.error,
            self.error_at,
        )


@dataclass(slots=True)
class Dropped:
    """What found no room to wait, as gaps that are told as soon as there is room again: a stretch
    for each room, from the first message that was dropped to the last.
    """

    messages: int = 0
    _stretches: dict[Room, tuple[datetime, datetime]] = field(default_factory=dict)
    _gaps: list[Gap] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._stretches or self._gaps)

    def add(self, batch: Batch, now: datetime) -> None:
        """Note a batch that is kept nowhere; gaps that it told of are kept."""
        self.messages += len(batch.messages)
        self._gaps += batch.gaps
        for message in batch.messages:
            self._widen((message.platform, message.room_id), message.sent_at)
        for one in batch.retractions:
            self._widen((one.platform, one.room_id), one.at)
        for room in self._rooms(batch):
            self._widen(room, now)

    def gaps(self, reason: str) -> Sequence[Gap]:
        """Return the gaps that are to be told."""
        stretches = sorted(self._stretches.items())
        own = [Gap(*room, since, until, reason) for room, (since, until) in stretches]
        return [*self._gaps, *own]

    def forget(self) -> None:
        """Begin anew: the gaps were told."""
        self._stretches.clear()
        self._gaps.clear()

    def _widen(self, room: Room, instant: datetime) -> None:
        since, until = self._stretches.get(room, (instant, instant))
        self._stretches[room] = (min(since, instant), max(until, instant))

    @staticmethod
    def _rooms(batch: Batch) -> set[Room]:
        said = {(message.platform, message.room_id) for message in batch.messages}
        return said | {(one.platform, one.room_id) for one in batch.retractions}
