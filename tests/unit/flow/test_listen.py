"""Many sources are listened to at once: what one does never stops another, and what was read is in
the inbox, in the spool, or in a gap.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from intent.flow.intake import IntakePolicy
from intent.flow.listen import Clocks, Listened, Listener, ListenPolicy
from intent.flow.seen import Dropped, SourceSeen
from intent.model.batch import Accepted, Batch, Gap, Position, Refused
from intent.model.errors import OperatorError, SourceLost, StoreUnavailable
from intent.model.listening import SourceNews, SourceState
from intent.ports.ingestion import Source
from intent.queues.memory import MemoryInbox
from intent.queues.spool import FileSpool
from intent.telemetry import configure_logs
from tests.conftest import EPOCH, MakeMessage

QUICK = IntakePolicy(patience=5.0, outage_delay=0.001, outage_delay_most=0.002, duty_every=0.005)
Step = Batch | Exception | Callable[[], object]


@dataclass
class Script:
    """A source that does one list of steps each time it is built, the last one again and again."""

    runs: Sequence[Sequence[Step]]
    built: list[Position | None] = field(default_factory=list)

    def __call__(self, position: Position | None) -> Source:
        self.built.append(position)
        self.steps = self.runs[min(len(self.built), len(self.runs)) - 1]
        return self

    def read(self) -> Iterator[Batch]:
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Batch):
                yield step
            else:
                step()


@dataclass
class Told:
    """Remembers the news."""

    news: list[SourceNews] = field(default_factory=list)

    def tell(self, news: Sequence[SourceNews]) -> None:
        self.news += news

    def last(self, source: str) -> SourceNews:
        return [one for one in self.news if one.source == source][-1]


class Gate(MemoryInbox):
    """An inbox whose database may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False

    def put(self, batch: Batch) -> Accepted:
        if self.away:
            raise StoreUnavailable("the database is away")
        return super().put(batch)


@dataclass
class Scene:
    """What a listener works with."""

    folder: Path
    limit: int = 1_000_000
    inbox: Gate = field(default_factory=Gate)
    told: Told = field(default_factory=Told)
    stop: Event = field(default_factory=Event)
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spool = FileSpool(self.folder, limit=self.limit)

    def listen(
        self, *sources: Listened, clocks: Clocks | None = None, healthy: float = 1e9
    ) -> dict[str, SourceSeen]:
        clocks = clocks or Clocks(
            now=lambda: EPOCH, draw=lambda: 1.0, pause=lambda stop, s: self.pauses.append(s)
        )
        listener = Listener(
            sources,
            self.inbox.put_all,
            self.inbox,
            self.spool,
            stop=self.stop,
            told=self.told,
            policy=ListenPolicy(intake=QUICK, healthy=healthy),
            clocks=clocks,
        )
        seen = listener.run()
        self.spool.close()
        return {one.source: one for one in seen}

    def texts(self) -> list[str]:
        return [one.message.text for one in self.inbox.take(1000, 1_000_000)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def listened(name: str, *runs: Sequence[Step], waits: bool = False) -> Listened:
    return Listened(name, "test", Script(runs), waits=waits)


def test_sources_end_each_by_itself_and_all_of_theirs_is_stored(
    scene: Scene, make_message: MakeMessage
) -> None:
    seen = scene.listen(
        listened("one", [Batch([make_message("1")]), Batch(), Batch([make_message("2")])]),
        listened("two", [Batch([make_message("3"), make_message("4")])]),
    )
    assert sorted(scene.texts()) == ["1", "2", "3", "4"]
    assert {name: (one.state, one.messages) for name, one in seen.items()} == {
        "one": (SourceState.ENDED, 2),
        "two": (SourceState.ENDED, 2),
    }
    assert scene.told.last("one").state is SourceState.ENDED
    assert sum(one.messages for one in scene.told.news) == 4


def test_a_lost_source_is_built_again_where_it_stands_after_growing_pauses(
    scene: Scene, make_message: MakeMessage
) -> None:
    scene.inbox.put(Batch(position=Position("one", "0")))
    lost = SourceLost("cut off")
    source = listened(
        "one",
        [lost],
        [Batch([make_message()], position=Position("one", "1")), lost],
        [Batch([make_message()]), lost],
        [SourceLost("told to wait", wait=40.0)],
        [],
    )
    seen = scene.listen(source)["one"]
    assert isinstance(source.build, Script)
    assert [one and one.token for one in source.build.built] == ["0", "0", "1", "1", "1"]
    assert scene.pauses == [0.5, 1.0, 2.0, 40.0]
    assert (seen.messages, seen.reconnects, seen.error) == (2, 4, "told to wait")


def test_what_is_refused_is_counted_with_and_without_messages(
    scene: Scene, make_message: MakeMessage
) -> None:
    no = Refused("is no JSON", b"?", "0", "line 1")
    steps = [Batch(refused=[no]), Batch([make_message()], refused=[no, no])]
    assert scene.listen(listened("one", steps))["one"].refused == 3


def test_pauses_begin_anew_after_a_healthy_stretch(scene: Scene) -> None:
    ticks = iter(range(0, 100_000, 10))
    source = listened("one", *[[Batch(), SourceLost("cut off")]] * 3, [])
    listener = Listener(
        [source],
        scene.inbox.put_all,
        scene.inbox,
        scene.spool,
        stop=scene.stop,
        told=scene.told,
        policy=ListenPolicy(intake=QUICK, healthy=5.0),
        clocks=Clocks(
            monotonic=lambda: float(next(ticks)),
            draw=lambda: 1.0,
            pause=lambda stop, seconds: scene.pauses.append(seconds),
        ),
    )
    listener.run()
    assert scene.pauses == [0.5, 0.5, 0.5]


def test_a_connection_that_hangs_before_its_first_batch_was_not_healthy(scene: Scene) -> None:
    now = [0.0]

    def hang() -> None:
        now[0] += 100.0
        raise SourceLost("no answer within 100 s")

    clocks = Clocks(
        monotonic=lambda: now[0],
        draw=lambda: 1.0,
        pause=lambda stop, seconds: scene.pauses.append(seconds),
    )
    scene.listen(listened("one", [hang], [hang], [hang], []), clocks=clocks, healthy=30.0)
    assert scene.pauses == [0.5, 1.0, 2.0]


def test_a_loss_that_repeats_is_warned_of_less_and_less_often(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("info")
    scene.listen(listened("one", *[[SourceLost("no network")]] * 100, []))
    said = [line for line in capsys.readouterr().err.splitlines() if "no network" in line]
    assert [line.split("times=")[1] for line in said] == ["1", "2", "4", "8", "16", "32", "64"]


def test_what_only_a_person_can_mend_ends_one_source_and_the_others_go_on(
    scene: Scene, make_message: MakeMessage
) -> None:
    failed = Event()

    def fail() -> None:
        failed.set()
        raise OperatorError("the token was revoked; make a new one")

    seen = scene.listen(
        listened("one", [fail]),
        listened("two", [lambda: failed.wait(10), Batch([make_message("late")])]),
    )
    assert seen["one"].state is SourceState.FAILED
    assert seen["one"].error == "the token was revoked; make a new one"
    assert scene.texts() == ["late"]
    assert (scene.told.last("one").state, scene.told.last("two").state) == ("failed", "ended")


def test_a_fault_of_ours_in_one_source_is_a_loss_of_that_source(
    scene: Scene, make_message: MakeMessage
) -> None:
    seen = scene.listen(
        listened("one", [ZeroDivisionError()], [Batch([make_message("again")])]),
    )
    assert (seen["one"].state, seen["one"].reconnects) == (SourceState.ENDED, 1)
    assert seen["one"].error == "a fault of ours: ZeroDivisionError"
    assert scene.texts() == ["again"]


def test_told_to_leave_it_stores_what_was_read_until_the_source_pauses(
    scene: Scene, make_message: MakeMessage
) -> None:
    seen = scene.listen(
        listened(
            "one",
            [
                scene.stop.set,
                Batch([make_message("read")]),
                Batch(),
                Batch([make_message("last")]),
                Batch(),
                Batch([make_message("not")]),
            ],
        )
    )
    assert (scene.texts(), seen["one"].state) == (["read", "last"], SourceState.STOPPED)


def test_a_pause_ends_when_told_to_leave(scene: Scene) -> None:
    listener = Listener(
        [listened("one", [scene.stop.set, SourceLost("away", wait=1e6)])],
        scene.inbox.put_all,
        scene.inbox,
        scene.spool,
        stop=scene.stop,
        told=scene.told,
        policy=ListenPolicy(intake=QUICK),
    )
    assert listener.run()[0].state is SourceState.STOPPED


def test_what_comes_while_the_database_is_away_waits_and_is_put_in_order(
    scene: Scene, make_message: MakeMessage
) -> None:
    def away() -> None:
        scene.inbox.away = True

    def back() -> None:
        scene.inbox.away = False

    batches = [
        Batch([make_message(str(number))], position=Position("one", str(number)))
        for number in range(6)
    ]
    seen = scene.listen(listened("one", [batches[0], away, *batches[1:5], back, batches[5]]))
    assert scene.texts() == [str(number) for number in range(6)]
    assert scene.inbox.position("one") == Position("one", "5")
    assert (seen["one"].dropped, list(scene.folder.iterdir())) == (0, [])


def test_when_all_sources_have_ended_it_stays_until_the_spool_is_drained(
    scene: Scene, make_message: MakeMessage
) -> None:
    class Late(Gate):
        refusals = 20

        def put(self, batch: Batch) -> Accepted:
            self.refusals -= 1
            self.away = self.refusals > 0
            return super().put(batch)

    scene.inbox = Late()
    scene.listen(listened("one", [Batch([make_message(str(number))]) for number in range(5)]))
    assert scene.texts() == ["0", "1", "2", "3", "4"]


def test_what_finds_no_room_is_a_gap_as_long_as_it_lasted(
    tmp_path: Path, make_message: MakeMessage
) -> None:
    scene = Scene(tmp_path, limit=10)

    def away() -> None:
        scene.inbox.away = True

    def back() -> None:
        scene.inbox.away = False

    told = Gap("tiktok", "other", EPOCH, EPOCH + timedelta(seconds=1), "reset")
    lost = [make_message("lost", sent_at=EPOCH + timedelta(seconds=at)) for at in (-9, 3, -2)]
    steps: list[Step] = [
        Batch([make_message("0")]),
        away,
        *[Batch([one]) for one in lost],
        Batch(gaps=[told], position=Position("one", "1")),
        Batch(),
        back,
        Batch([make_message("1")], position=Position("one", "2")),
        Batch([make_message("2")]),
    ]
    seen = scene.listen(listened("one", steps))
    assert scene.texts() == ["0", "1", "2"]
    since, until = EPOCH - timedelta(seconds=9), EPOCH + timedelta(seconds=3)
    reason = "the database was away and the spool was full"
    assert scene.inbox.gaps() == [
        Gap("tiktok", "room-1", since, until, reason, source="one"),
        Gap("tiktok", "other", told.since, told.until, "reset", source="one"),
    ]
    assert (seen["one"].dropped, scene.inbox.position("one")) == (3, Position("one", "2"))


def test_what_was_dropped_is_told_of_when_the_source_ends_before_there_is_room(
    tmp_path: Path, make_message: MakeMessage
) -> None:
    scene = Scene(tmp_path, limit=10)

    def away() -> None:
        scene.inbox.away = True

    def back() -> None:
        for thread in threading.enumerate():
            if thread.name == "one":
                thread.join(10)
        scene.inbox.away = False

    dropping = listened("one", [away, Batch([make_message("lost")])])
    seen = scene.listen(dropping, listened("two", [back]))
    (gap,) = scene.inbox.gaps()
    assert (gap.source, gap.reason) == ("one", "the database was away and the spool was full")
    assert (seen["one"].dropped, scene.texts()) == (1, [])


def test_a_source_that_can_wait_is_left_alone_while_there_is_no_room_and_loses_nothing(
    tmp_path: Path, make_message: MakeMessage
) -> None:
    scene = Scene(tmp_path, limit=10)

    def away() -> None:
        scene.inbox.away = True

    def back() -> None:
        scene.inbox.away = False

    first, second = (
        Batch([make_message(str(number))], position=Position("one", str(number)))
        for number in (1, 2)
    )
    source = listened("one", [first, away, second], [back, second], waits=True)
    seen = scene.listen(source)
    assert isinstance(source.build, Script)
    assert [one and one.token for one in source.build.built] == [None, "1"]
    assert scene.texts() == ["1", "2"]
    assert (seen["one"].dropped, scene.inbox.gaps()) == (0, [])


def test_a_source_goes_on_only_when_its_batch_is_durable(
    scene: Scene, make_message: MakeMessage
) -> None:
    stored: list[int] = []
    steps: list[Step] = []
    for number in range(3):
        steps += [Batch([make_message(str(number))]), lambda: stored.append(scene.inbox.waiting())]
    scene.listen(listened("one", steps))
    assert stored == [1, 2, 3]


def test_what_an_earlier_process_left_is_put_before_anything_is_read(
    scene: Scene, tmp_path: Path, make_message: MakeMessage
) -> None:
    scene.spool.append(Batch([make_message("left")], position=Position("one", "7")))
    source = listened("one", [Batch([make_message("new")])])
    scene.listen(source)
    assert isinstance(source.build, Script)
    assert source.build.built == [Position("one", "7")]
    assert scene.texts() == ["left", "new"]


def test_a_database_that_waiting_does_not_mend_ends_it_and_keeps_what_was_read(
    scene: Scene, make_message: MakeMessage
) -> None:
    class Wrong(Gate):
        def put(self, batch: Batch) -> Accepted:
            raise OperatorError("the role may not write; grant it")

    scene.inbox = Wrong()
    with pytest.raises(OperatorError, match="grant it"):
        scene.listen(listened("one", [Batch([make_message("kept")]), *[Batch()] * 3]))
    kept: list[str] = []
    scene.spool.drain(lambda batch: kept.append(batch.messages[0].text))
    assert kept == ["kept"]


def test_twenty_sources_put_one_at_a_time(scene: Scene, make_message: MakeMessage) -> None:
    inside: list[int] = []
    most: list[int] = []

    class Counting(Gate):
        def put(self, batch: Batch) -> Accepted:
            inside.append(1)
            most.append(len(inside))
            try:
                return super().put(batch)
            finally:
                inside.pop()

    scene.inbox = Counting()
    scene.listen(
        *[
            listened(f"source {number}", [Batch([make_message()]) for _ in range(10)])
            for number in range(20)
        ]
    )
    assert (scene.inbox.waiting(), max(most)) == (200, 1)


def test_dropped_messages_of_many_rooms_are_a_gap_each(make_message: MakeMessage) -> None:
    dropped = Dropped()
    assert not dropped
    dropped.add(Batch([make_message(room_id="a"), make_message(room_id="b")]), EPOCH)
    assert [gap.room_id for gap in dropped.gaps("full")] == ["a", "b"]
    dropped.forget()
    assert (bool(dropped), dropped.messages) == (False, 2)
