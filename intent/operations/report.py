"""Reports on one room: who came, what they wanted and when, what was answered, and what nobody
knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from intent.model.errors import WrongUse
from intent.model.taxonomy import Taxonomy
from intent.report.assembling import (
    MINUTE,
    RoomFigures,
    RoomKnown,
    local_minute,
    local_minutes,
)
from intent.report.lead_peaks import find_moments
from intent.report.room_figures import RoomMoment, RoomReport
from intent.report.room_tally import RoomTally
from intent.report.wording_groups import WordingGroups
from intent.store.engine import Database
from intent.store.room_activity import (
    platforms_of,
    read_quiet_minutes,
    read_room_gaps,
    read_room_leads,
    read_span,
)
from intent.store.room_lines import SaidLine, read_said

_IN_A_MOMENT = 2_000
"""Messages that are read of one moment, at most."""

SHOWN_MOMENTS = 5
"""Moments, at most."""

Said = Callable[[datetime, datetime], Sequence[SaidLine]]


def report_room(
    database: Database,
    taxonomy: Taxonomy,
    room_id: str,
    *,
    platform: str | None = None,
    zone: str = "UTC",
) -> RoomReport:
    """Return the report of a room, in one consistent view; memory grows with its minutes and items.

    Args:
        platform: where the room is; needed where rooms of several platforms have this id.
        zone: name of the time zone that times are shown in, such as Asia/Jakarta.

    Raises:
        WrongUse: there is no such room, several platforms have one, or the zone is unknown.
        StoreUnavailable: the database is away.
    """
    local = _zone(zone)
    with database.read() as connection:
        where = platform_of_room(platforms_of(connection, room_id), room_id, platform)
        span = read_span(connection, where, room_id)
        gaps = read_room_gaps(connection, where, room_id)
        tally, taken_back, told = RoomTally(taxonomy), 0, span.staff_replies > 0
        for quiet in read_quiet_minutes(connection, where, room_id):
            taken_back += quiet.retracted
            tally.add_quiet(local_minutes(quiet.at.astimezone(local)), quiet)
        for row in read_room_leads(connection, where, room_id):
            tally.add(local_minutes(row.said_at.astimezone(local)), row)
            told = told or row.answered or row.handled

        def said(since: datetime, until: datetime) -> Sequence[SaidLine]:
            return read_said(connection, where, room_id, since, until, _IN_A_MOMENT)

        moments = _moments(tally, taxonomy, local, said)
    known = RoomKnown(span, gaps, taken_back, told)
    return RoomFigures(tally, known, moments, taxonomy, local).report(where, room_id)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongUse(f"{name!r} is no time zone; write one like Asia/Jakarta") from None


def platforms_with(database: Database, room_id: str) -> list[str]:
    """Return the platforms on which a database has a room of this id, in order."""
    with database.read() as connection:
        return platforms_of(connection, room_id)


def platform_of_room(found: Sequence[str], room_id: str, asked: str | None) -> str:
    """Return the platform that is meant, of those on which there is a room of this id.

    Raises:
        WrongUse: there is no such room, or several platforms have one and none is named.
    """
    if not found or (asked is not None and asked not in found):
        on = f" on {asked}" if asked is not None else ""
        raise WrongUse(f"there is no room {room_id!r}{on}; rooms are named by room_id")
    if asked is None and len(found) > 1:
        raise WrongUse(
            f"room {room_id!r} is on {', '.join(found)}; say which one: --platform {found[0]}"
        )
    return asked or found[0]


def _moments(
    tally: RoomTally, taxonomy: Taxonomy, local: ZoneInfo, said: Said
) -> tuple[RoomMoment, ...]:
    minutes = find_moments(tally.leads_at, len(tally.messages_at), SHOWN_MOMENTS)
    return tuple(_moment(minute, tally, taxonomy, local, said) for minute in minutes)


def _moment(
    minute: int, tally: RoomTally, taxonomy: Taxonomy, local: ZoneInfo, said: Said
) -> RoomMoment:
    at, groups = local_minute(minute, local), WordingGroups()
    lines = said(at - MINUTE, at + MINUTE)
    for line in lines:
        if line.lead and not line.staff and line.said_at >= at:
            groups.add("", None, line.text)
    wanted = {
        name: sum(
            count
            for (_, label, when), count in tally.cells.items()
            if when == minute and label == name
        )
        for name in taxonomy.names
    }
    leading = sorted((name for name in wanted if wanted[name]), key=lambda one: -wanted[one])
    return RoomMoment(
        at=at,
        leads=tally.leads_at[minute],
        messages=tally.messages_at[minute],
        titles=tuple(taxonomy.titles[name] for name in leading[:3]),
        asked=tuple((one.wording, one.count) for one in groups.most(3, fewest=1)),
        host=tuple(line.text for line in lines if line.staff)[-3:],
    )
