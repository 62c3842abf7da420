"""Any program is a source: what it writes is read at once and in bounds, and it is ended whole."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest

from intent.model.batch import Batch, Gap, Position
from intent.model.errors import OperatorError, SourceLost, WrongUse
from intent.sources.process import BLIND, MARGIN, MOST_ROOMS, ProgramSource
from intent.telemetry import configure_logs
from tests.conftest import EPOCH

SAY = """
import json, os, signal, sys, time
def say(number, **values):
    given = {"platform": "shop", "room_id": "r", "message_id": str(number), "user_id": "u",
             "kind": "comment", "text": "how much", "sent_at": "2026-11-20T18:00:00Z"}
    sys.stdout.write(json.dumps(given | values) + chr(10))
    sys.stdout.flush()
"""


def program(
    source: str, *, position: Position | None = None, stop: Event | None = None, **options: Any
) -> ProgramSource:
    return ProgramSource(
        [sys.executable, "-c", SAY + source],
        "shop",
        stop=stop or Event(),
        environment=options.pop("environment", {"PATH": os.environ["PATH"]}),
        position=position,
        now=options.pop("now", lambda: EPOCH),
        **options,
    )


def ids(batches: list[Batch]) -> list[str]:
    return [one.message_id for batch in batches for one in batch.messages]


def last_position(batches: list[Batch]) -> Position:
    return [batch.position for batch in batches if batch.position is not None][-1]


def until_lost(source: ProgramSource) -> tuple[list[Batch], str]:
    """Return what a source yields before it is lost, and what it says then."""
    batches: list[Batch] = []
    with pytest.raises(SourceLost) as lost:
        batches.extend(source.read())
    return batches, str(lost.value)


def test_what_is_written_is_handed_on_before_the_next_is_waited_for() -> None:
    read = program("say(1); sys.stdin.readline(); say(2)").read()
    first = next(batch for batch in read if batch.messages)
    assert ids([first]) == ["1"]  # the program waits for a line that nobody writes
    read.close()  # type: ignore[attr-defined]


def test_lines_that_are_no_messages_are_refused_by_number_and_the_rest_goes_on() -> None:
    batches = list(
        program(
            "say(1)\n"
            "print('no json', flush=True)\n"
            "say(2, text='a\\0b')\n"
            "sys.stdout.buffer.write(b'\\xff\\xfe{}\\n')\n"
            "print('{' + 'x' * 10_000_000 + '}')\n"
            "print(); say(3)\n"
        ).read()
    )
    refused = [one for batch in batches for one in batch.refused]
    assert ids(batches) == ["1", "3"]
    assert [one.position for one in refused] == [f"shop line {n}" for n in (2, 3, 4, 5)]
    assert refused[3].reason == "the line is 10000002 bytes long, the limit is 65536"
    assert len(refused[3].payload) == 65_536


def test_gaps_and_retractions_are_lines_of_their_own() -> None:
    gap = {
        "platform": "shop",
        "room_id": 7,
        "since": "2026-11-20T18:00:00Z",
        "until": "2026-11-20T18:01:00Z",
        "reason": "the platform was away",
    }
    gone = {"platform": "shop", "room_id": "r", "at": "2026-11-20T18:00:00Z", "message_id": "1"}
    lines = [
        {"gap": gap},
        {"retraction": gone},
        {"gap": {**gap, "until": None}},
        {"gap": 7},
        {"retraction": []},
        {"position": 7},
        {"position": "x", "more": 1},
    ]
    batches = list(
        program(f"print({chr(10).join(map(json.dumps, lines))!r}, '[', sep='\\n')").read()
    )
    at = datetime(2026, 11, 20, 18, tzinfo=UTC)
    (told,) = [gap for batch in batches for gap in batch.gaps]
    assert told == Gap("shop", "7", at, at + timedelta(minutes=1), "the platform was away")
    assert [one.message_id for batch in batches for one in batch.retractions] == ["1"]
    assert len([one for batch in batches for one in batch.refused]) == 6


def test_a_position_is_stored_with_the_lines_before_it_and_comes_back() -> None:
    stated = "print(json.dumps({'position': 'page 2'}), flush=True)"
    batches = list(program(f"say(1); {stated}; say(2)").read())
    assert ids(batches) == ["1", "2"]
    again = list(
        program("say(os.environ['INTENT_POSITION'])", position=last_position(batches)).read()
    )
    assert ids(again) == ["page 2"]
    assert [gap for batch in again for gap in batch.gaps] == []
    assert "page 2" in last_position(again).token


def test_without_positions_the_time_that_it_did_not_run_is_a_gap_in_each_of_its_rooms() -> None:
    batches = list(program("say(1); say(2, room_id='s'); say(3)").read())
    later = EPOCH + timedelta(minutes=5)
    again = list(program("say(4)", position=last_position(batches), now=lambda: later).read())
    gaps = [gap for batch in again for gap in batch.gaps]
    assert gaps == [
        *[Gap("shop", room, EPOCH - MARGIN, None, BLIND) for room in ("s", "r")],
        *[Gap("shop", room, EPOCH - MARGIN, later, BLIND) for room in ("s", "r")],
    ]


def test_a_program_that_says_nothing_has_seen_nothing() -> None:
    before = last_position(list(program("say(1)").read()))
    silent, _ = until_lost(program("sys.exit(1)", position=before, now=lambda: EPOCH.max))
    assert last_position(silent) == before
    assert [gap.until for batch in silent for gap in batch.gaps] == [None]


def test_a_program_that_replays_has_no_gap() -> None:
    before = last_position(list(program("say(1)").read()))
    again = list(program("say(1)", position=before, replays=True).read())
    assert [gap for batch in again for gap in batch.gaps] == []


def test_the_position_of_another_kind_of_source_is_none() -> None:
    assert ids(list(program("say(1)", position=Position("shop", "17")).read())) == ["1"]


def test_only_the_newest_rooms_are_remembered() -> None:
    batches = list(program("for n in range(60): say(n, room_id=n)").read())
    rooms = json.loads(last_position(batches).token)["rooms"]
    assert [room for _, room in rooms] == [str(number) for number in range(60 - MOST_ROOMS, 60)]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("say(1); sys.exit(3)", "the program ended with exit code 3"),
        ("say(1); os.kill(os.getpid(), 9)", "the program ended with signal 9"),
        ("say(1); os.close(1); time.sleep(600)", "closed its output and went on"),
    ],
)
def test_a_program_that_fails_is_lost_after_all_that_it_wrote(source: str, said: str) -> None:
    batches, told = until_lost(program(source, grace=0.2))
    assert ids(batches) == ["1"]
    assert said in told


def is_running(process: str) -> bool:
    status = Path(f"/proc/{process}/status")
    return status.exists() and "\nState:\tZ" not in status.read_text(encoding="utf-8")


def test_it_is_ended_with_all_that_it_has_started_even_if_it_ignores_that() -> None:
    source = program(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "say(os.getpid())\n"
        "time.sleep(600)\n",
        grace=0.1,
    )
    read = source.read()
    found: list[str] = []
    while len(found) < 2:
        found += ids([next(read)])
    read.close()  # type: ignore[attr-defined]
    while any(is_running(one) for one in found):
        time.sleep(0.01)  # both are killed; the system takes its time


def test_something_that_it_has_started_and_left_holds_nobody_up() -> None:
    batches = list(program("say(1); os.fork() or time.sleep(600)", grace=0.1).read())
    assert ids(batches) == ["1"]


def test_told_to_leave_it_reads_what_the_program_still_writes() -> None:
    stop = Event()
    source = program(
        "signal.signal(signal.SIGTERM, lambda *_: (say(2), sys.exit(0)))\nsay(1)\ntime.sleep(600)",
        stop=stop,
    )
    batches: list[Batch] = []
    for batch in source.read():
        batches.append(batch)
        if batch.messages:
            stop.set()
    assert ids(batches) == ["1", "2"]


def test_a_flood_ends_within_the_grace_time() -> None:
    stop = Event()
    source = program(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: say(1)", stop=stop, grace=0.2
    )
    Timer(0.2, stop.set).start()
    most = max(len(batch.messages) for batch in source.read())
    assert 0 < most <= 500


def test_its_log_is_ours_in_short_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    list(
        program(
            "sys.stderr.write('x' * 10_000 + '\\n' + 'y\\n' * 1000); sys.stderr.flush(); say(1)"
        ).read()
    )
    log = capsys.readouterr().err
    assert "x" * 500 in log
    assert "x" * 501 not in log
    assert log.count("line=y") == 99


def test_it_does_not_see_our_settings() -> None:
    environment: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "INTENT_DATABASE_URL": "secret",
        "ROOM_KEY": "k",
    }
    source = "say(os.environ.get('INTENT_DATABASE_URL')); say(os.environ['ROOM_KEY'])"
    batches = list(program(source, environment=environment).read())
    assert ids(batches) == ["None", "k"]


@pytest.mark.parametrize("command", [["./nothing"], ["/"], ["a\0b"]])
def test_what_cannot_be_run_is_for_the_operator(command: list[str]) -> None:
    source = ProgramSource(command, "shop", stop=Event(), environment={})
    with pytest.raises(OperatorError, match="cannot be run"):
        list(source.read())


def test_a_grace_time_that_outlasts_ours_is_refused() -> None:
    with pytest.raises(WrongUse, match="0 to 5"):
        program("", grace=60.0)


def test_a_silent_program_says_now_and_then_that_all_was_seen() -> None:
    ticks: Iterator[float] = iter(float(tick) for tick in range(0, 10_000, 2))
    read = program("say(1); time.sleep(600)", clock=lambda: next(ticks), grace=0.0).read()
    heard: list[Batch] = []
    while len(heard) < 2:
        batch = next(read)
        if batch.position is not None:
            heard.append(batch)
    read.close()  # type: ignore[attr-defined]
    assert [bool(batch.messages) for batch in heard] == [True, False]


def test_what_is_written_while_a_batch_is_stored_was_not_seen_yet() -> None:
    times = iter(EPOCH + timedelta(seconds=second) for second in range(1000))
    last = EPOCH

    def now() -> datetime:
        nonlocal last
        last = next(times)
        return last

    read = program("say(1); sys.stdin.readline()", now=now).read()
    batch = next(batch for batch in read if batch.messages)
    read.close()  # type: ignore[attr-defined]
    seen = datetime.fromisoformat(json.loads(last_position([batch]).token)["seen"])
    assert seen < last
