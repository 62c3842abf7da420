"""Shows what is listened to: a live line for each source on a terminal, a line of the log a minute
elsewhere.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from intent.cli.screen import one_line, people
from intent.model.listening import SourceState

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from intent.flow.seen import SourceSeen

RATE_SECONDS = 10.0
"""Messages a second are those of the last so many seconds."""

LOG_EVERY = 60.0


class ListeningScreen:
    """Told now and then what is seen of every source."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; ``clock`` returns seconds."""
        self._clock = clock
        self._ticks: deque[tuple[float, dict[str, int]]] = deque()
        self._live: Live | None = None
        self._next_log = clock() + LOG_EVERY

    def __enter__(self) -> ListeningScreen:
        if people().is_terminal:
            from rich.live import Live

            self._live = Live(console=people(), auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, seen: Sequence[SourceSeen]) -> None:
        """Show it."""
        rates = self.rates(seen)
        if self._live is not None:
            self._live.update(_table(seen, rates), refresh=True)
        elif self._clock() >= self._next_log:
            self._next_log = self._clock() + LOG_EVERY
            _log(seen, rates)

    def rates(self, seen: Sequence[SourceSeen]) -> dict[str, float]:
        """Return messages a second of each source, over the last ten seconds."""
        now = self._clock()
        self._ticks.append((now, {one.source: one.messages for one in seen}))
        while len(self._ticks) > 2 and now - self._ticks[1][0] >= RATE_SECONDS:
            self._ticks.popleft()
        then, before = self._ticks[0]
        if now <= then:
            return {one.source: 0.0 for one in seen}
        return {one.source: (one.messages - before[one.source]) / (now - then) for one in seen}


def summary(one: SourceSeen) -> str:
    """Return what became of a source, in one line; why one failed was said when it did."""
    text = f"{one.source}: {one.state}; {one.messages:,} messages, {one.gaps:,} gaps, "
    text += f"{one.reconnects:,} reconnects"
    if one.refused:
        text += f", {one.refused:,} refused (see: intent dead list)"
    if one.dropped:
        text += f", {one.dropped:,} dropped"
    told = one.error if one.state is not SourceState.FAILED else None
    return one_line(f"{text}; {told}" if told else text, 500)


def as_json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that JSON holds: instants as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def seconds_text(seconds: float | None) -> str:
    """Return a span for people."""
    if seconds is None:
        return ""
    if abs(seconds) < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if abs(seconds) < 7200 else f"{seconds / 3600:.0f} h"


def _table(seen: Sequence[SourceSeen], rates: Mapping[str, float]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("source", "state", "messages", "a second", "last", "skew", "gaps", "refused"):
        table.add_column(
            name, justify="left" if name in {"source", "state"} else "right", no_wrap=True
        )
    table.add_column("trouble")  # the one that gives way on a narrow terminal
    for one in seen:
        table.add_row(
            Text(one_line(one.source, 40)),
            str(one.state),
            f"{one.messages:,}",
            f"{rates[one.source]:.1f}",
            f"{one.arrived.astimezone():%H:%M:%S}" if one.arrived else "",
            seconds_text(one.skew),
            f"{one.gaps:,}",
            f"{one.refused:,}",
            Text(one_line(one.error or "", 60)),
        )
    return table


def _log(seen: Sequence[SourceSeen], rates: Mapping[str, float]) -> None:
    from intent.telemetry import logger

    for one in seen:
        logger("listen").info(
            "listening",
            source=one.source,
            state=str(one.state),
            messages=one.messages,
            rate=round(rates[one.source], 2),
            last=one.arrived.isoformat() if one.arrived else None,
            skew=one.skew,
            gaps=one.gaps,
            refused=one.refused,
            dropped=one.dropped,
        )
