"""Says a room's figures in three sentences that a seller understands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from intent.report.estimates import ExpectedCount
from intent.report.room_figures import (
    IntentFigure,
    ItemFigure,
    RoomCoverage,
    RoomFunnel,
    RoomMoment,
)

_NOT_ONE = 0.5


def verdict(
    people: int,
    span: timedelta,
    coverage: RoomCoverage,
    funnel: RoomFunnel,
    intents: Sequence[IntentFigure],
    items: Sequence[ItemFigure],
    moments: Sequence[RoomMoment],
) -> tuple[str, ...]:
    """Return what came, when and about what, and what to do; the last names what is not known."""
    if not coverage.seen:
        return ("Nothing was said in this room yet.",)
    return (
        _demand(people, span, coverage, funnel, intents),
        _when(moments, items, funnel),
        _to_do(coverage, funnel),
    )


def about(count: ExpectedCount) -> str:
    """Return an estimate as people read it: ``about 310 (290 to 330)``."""
    low, high = round(count.low), round(count.high)
    return f"about {count.value:,.0f}" + ("" if low == high else f" ({low:,} to {high:,})")


def length(span: timedelta) -> str:
    """Return how long something took, as people say it."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return _counted(minutes, "minute")
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(hours / 24):,} days"


def clock(at: datetime) -> str:
    """Return the time of day."""
    return f"{at:%H:%M}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _demand(
    people: int,
    span: timedelta,
    coverage: RoomCoverage,
    funnel: RoomFunnel,
    intents: Sequence[IntentFigure],
) -> str:
    who = "1 person" if people == 1 else f"{people:,} people"
    said = f"{who} wrote {_counted(coverage.seen, 'message')} in {length(span)}"
    if not funnel.viewers:
        return f"{said}; none of them is decided yet, so nobody can say who wants to buy."
    if funnel.expected.value < _NOT_ONE and not funnel.listed:
        return f"{said}; none of them looks like somebody who wants to buy."
    wanted = (
        f"{said}; {funnel.listed:,} of them {'is' if funnel.listed == 1 else 'are'} listed as leads"
        f", by the model's probabilities {about(funnel.expected)}"
    )
    leading = max(intents, key=lambda one: one.expected.value, default=None)
    if leading is None or not leading.listed:
        return f"{wanted}."
    return f"{wanted}; most often one {leading.title}."


def _when(moments: Sequence[RoomMoment], items: Sequence[ItemFigure], funnel: RoomFunnel) -> str:
    named = [one for one in items if one.item is not None]
    best = named[0] if named and len(items) > 1 else None
    of_item = (
        f"the item asked about most was {best.item} ({_counted(best.leads, 'lead')})"
        if best
        else ""
    )
    if moments:
        peak = max(moments, key=lambda one: one.leads)
        when = f"The busiest minute was {clock(peak.at)} with {_counted(peak.leads, 'lead')}"
        when += f", which were {_listed(peak.titles[:2])}" if peak.titles else ""
        return f"{when}; {of_item}." if best else f"{when}."
    if best:
        return f"No minute stands out; {of_item}."
    if funnel.listed < 2:
        return "There are too few leads for a moment that stands out."
    return "No minute stands out: leads came evenly."


def _to_do(coverage: RoomCoverage, funnel: RoomFunnel) -> str:
    return "; ".join([_open_leads(funnel), *_unknown(coverage)]) + "."


def _open_leads(funnel: RoomFunnel) -> str:
    if not funnel.hot:
        return "Nobody is about to buy, as far as we can see"
    if funnel.answered is None:
        hot = "1 lead is hot" if funnel.hot == 1 else f"{funnel.hot:,} leads are hot"
        return f"{hot}, and whether they were answered is not measured"
    left = funnel.hot - funnel.answered - funnel.taken
    if not left:
        held = " or are in somebody's hands" if funnel.taken else ""
        if funnel.hot == 1:
            return f"The one hot lead has an answer{' or is in somebody’s hands' if held else ''}"
        return f"All {funnel.hot:,} hot leads have an answer{held}"
    verb = "has" if left == 1 else "have"
    of_all = f"{left:,} of {_counted(funnel.hot, 'hot lead')}"
    return f"{of_all} {verb} no answer that we know of: start there"


def _unknown(coverage: RoomCoverage) -> list[str]:
    found = []
    if coverage.waiting:
        verb = "waits" if coverage.waiting == 1 else "wait"
        found.append(
            f"this report lags, as {_counted(coverage.waiting, 'message')} still {verb} for a "
            "decision"
        )
    if coverage.blind:
        found.append(f"we saw nothing for {length(coverage.blind_for)} of it")
    return found


def _listed(titles: Sequence[str]) -> str:
    return " and ".join(f"“{title}”" for title in titles)
