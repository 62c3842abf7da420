"""One reader tells all open streams what changed about leads: nothing is lost, nothing doubled, and
who takes nothing holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from intent.bootstrap.application import Application
from intent.bootstrap.erasing import forget_subject
from intent.bootstrap.settings import Settings
from intent.model.batch import Batch
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.decision import Entry
from intent.model.errors import StoreUnavailable
from intent.model.instruments import Instrument
from intent.model.lead import Handling, LeadAction
from intent.model.process_instruments import CHANGED_TO_PAGE
from intent.operations.lead_handling import LeadDesk
from intent.operations.lead_inbox import look_at_inbox
from intent.store.access import Access
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.followed_leads import InboxNews
from intent.store.lead_log import prune_changes
from intent.store.lead_shelf import ShelfCounts, ShelfFilter
from intent.web import lead_tail
from intent.web.lead_tail import RELOAD, InboxListener, LeadTail
from tests.conftest import MakeDecision, MakeMessage

EVERYTHING = ShelfFilter()


def told(_app: Application, news: InboxNews, counts: ShelfCounts) -> Sequence[str]:
    """Return the texts of leads, how many are gone, and how many wait."""
    CALLS.append(news.cursor)
    said = [f"+{lead.text}" for lead in news.leads] + ["-" for _ in news.gone]
    return [*said, *(["!"] if news.erased else []), f"={counts.waiting} "]


CALLS: list[str] = []


class Heard:
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def observe(self, instrument: Instrument, values: Any, *_labels: str) -> None:
        if instrument is CHANGED_TO_PAGE:
            self.values += values

    def count(self, *_arguments: object) -> None:
        pass

    set = count


class Room:
    """A database in which viewers say what are leads, and a tail that looks when it is told to."""

    def __init__(self, settings: Settings, make: MakeMessage, decide: MakeDecision) -> None:
        self.app = Application(settings, access=Access.CREATE)
        self.heard = self.app.meter = Heard()
        self.tail, self._make, self._decide = LeadTail(self.app), make, decide

    def say(self, *texts: str, **values: Any) -> None:
        for text in texts:
            message = self._make(text, **values)
            self.app.inbox.put(Batch([message]))
            with self.app.database.begin() as transaction:
                entries = [Entry(message, self._decide("price_inquiry"))]
                self.app.features.add(transaction, SqlDecisions().save(transaction, entries))

    def cursor(self) -> str:
        return look_at_inbox(self.app.database, EVERYTHING).cursor

    def listener(self, cursor: str | None = None, asked: ShelfFilter = EVERYTHING) -> InboxListener:
        """Return one who follows, without the thread that reads by itself."""
        one = InboxListener(asked, told, self.cursor() if cursor is None else cursor)
        self.tail._listeners.add(one)
        return one

    async def look(self) -> bool:
        more = self.tail.look()
        # what was handed over is taken in by the event loop
        await asyncio.sleep(0)
        return more


@pytest.fixture
def room(
    database: Database, tmp_path: Path, make_message: MakeMessage, make_decision: MakeDecision
) -> Room:
    CALLS.clear()
    settings = Settings(database_url=SecretStr(database.url), key_file=tmp_path / "key")
    return Room(settings, make_message, make_decision)


def run(body: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(body(), 60))


async def heard(listener: InboxListener) -> str:
    """Return all that waits for somebody."""
    found = []
    while not listener._parts.empty():
        part = await listener.next(5)
        found.append("END" if part is None else part)
    return "".join(found)


def test_everybody_is_told_the_same_once_and_it_is_made_once(room: Room) -> None:
    async def body() -> None:
        first = room.listener()
        await room.look()
        assert await heard(first) == "=0 "
        room.say("one")
        second = room.listener()
        await room.look()
        assert await heard(first) == "+one=1 "
        assert await heard(second) == "=1 "
        CALLS.clear()
        room.say("two", "three")
        await room.look()
        assert [await heard(one) for one in (first, second)] == ["+two+three=3 "] * 2
        assert len(CALLS) == 1
        await room.look()
        assert [await heard(one) for one in (first, second)] == ["", ""]
        assert len(room.heard.values) == 3

    run(body)


def test_who_comes_back_is_told_what_they_missed_and_nothing_twice(room: Room) -> None:
    async def body() -> None:
        room.say("old")
        was = room.cursor()
        stays = room.listener()
        room.say("one", "two")
        await room.look()
        back = room.listener(was)
        room.say("three")
        await room.look()
        assert await heard(stays) == "+one+two=3 +three=4 "
        assert await heard(back) == "+one+two+three=4 "

    run(body)


def test_what_is_more_than_one_look_reads_follows_at_once(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from intent.store import followed_leads

    for module in (followed_leads, lead_tail):
        monkeypatch.setattr(module, "CHANGES_AT_ONCE", 2)

    async def body() -> None:
        back = room.listener()
        room.say("one", "two", "three")
        assert await room.look()
        assert not await room.look()
        assert await heard(back) == "+one+two=3 +three=3 "

    run(body)


def test_each_is_told_what_they_ask_for(room: Room) -> None:
    async def body() -> None:
        here, there = (room.listener(asked=ShelfFilter(room=one)) for one in ("room-1", "b"))
        room.say("one")
        await room.look()
        assert await heard(here) == "+one=1 "
        assert await heard(there) == "-=0 "

    run(body)


def test_who_takes_nothing_is_let_go_and_comes_back_where_they_were(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 4
    monkeypatch.setattr(lead_tail, "PARTS_MOST", most)

    async def body() -> None:
        slow = room.listener()
        quick = room.listener()
        places = []
        for number in range(most + 2):
            room.say(str(number))
            await room.look()
            places.append(quick.cursor)
            assert f"+{number}=" in await heard(quick)
        assert slow.is_over
        parts = [await slow.next(5) for _ in range(most + 1)]
        assert str(parts[-2]).startswith(f"+{most - 1}=")
        assert parts[-1] is None
        back = room.listener(places[most - 1])
        await room.look()
        assert await heard(back) == f"+{most}+{most + 1}={most + 2} "

    run(body)


@pytest.mark.parametrize("cursor", ["elsewhere", None])
def test_who_is_older_than_the_log_gets_one_clear_answer(room: Room, cursor: str | None) -> None:
    async def body() -> None:
        old = room.listener(cursor)
        stays = room.listener()
        room.say("one")
        if cursor is None:
            stays.cursor = room.cursor()
            with room.app.database.begin() as transaction:
                prune_changes(transaction, timedelta(0))
        await room.look()
        assert await heard(old) == f"{RELOAD}END"
        assert not stays.is_over

    run(body)


def test_of_an_erased_lead_open_pages_are_told_to_read_anew(room: Room) -> None:
    async def body() -> None:
        room.say("one", user_id="u-canary")
        page = room.listener()
        subject = DataSubject(SubjectKind.USER, "tiktok", "u-canary")
        forget_subject(room.app, subject, stop=room.tail._wake, anyway=True)
        await room.look()
        assert await heard(page) == "!=0 "

    run(body)


def test_when_the_database_is_away_everybody_comes_back_later(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> None:
        page = room.listener()

        def away(_database: object) -> None:
            raise StoreUnavailable("it is away")

        monkeypatch.setattr(lead_tail, "follow_inbox", away)
        await room.look()
        assert await heard(page) == "END"
        assert page.is_over

    run(body)


def test_what_is_done_in_this_process_is_told_at_once(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_tail, "POLL_SECONDS", 3_600.0)

    async def body() -> None:
        room.say("one")
        page = room.tail.listen(EVERYTHING, told, room.cursor())
        assert await page.next(50) == "=1 "
        app = room.app
        desk = LeadDesk(app.database, app.features, app.taxonomy, room.tail.wake)
        await asyncio.to_thread(desk.handle, Handling("tiktok", "m-1", LeadAction.TAKE, "1", "ann"))
        assert await page.next(50) == "+one=0 "
        room.tail.close()
        assert await page.next(50) is None
        late = room.tail.listen(EVERYTHING, told, room.cursor())
        assert await late.next(50) is None

    run(body)


def test_a_defect_in_what_is_told_ends_the_streams_and_the_next_one_is_read_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[object] = []
    monkeypatch.setattr("threading.excepthook", failed.append)

    def broken(*_arguments: object) -> Sequence[str]:
        raise ValueError("a template is wrong")

    async def body() -> None:
        page = room.tail.listen(EVERYTHING, broken, room.cursor())
        assert await page.next(50) is None
        again = room.tail.listen(EVERYTHING, told, room.cursor())
        assert await again.next(50) == "=0 "
        room.tail.close()

    run(body)
    assert len(failed) == 1
