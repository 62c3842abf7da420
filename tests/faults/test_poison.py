"""Messages that raise, crash and eat memory, and lines that are none, stand between good ones; each
ends alone, and the good ones are decided.
"""

from __future__ import annotations

import json
import random
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from intent.cli.app import app as command_line
from tests.conftest import rows
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("poison")]

POISONS = ("raise", "segfault", "eat", "vanish")


def thirsty(settings: Mapping[str, Any], **named: Any) -> None:
    """Work within two gigabytes."""
    resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))
    work(settings, **named)


@in_rounds(1, 24)
def test_a_message_that_raises_crashes_or_eats_memory_ends_alone(
    rounds: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house, draw = fault_house, random.Random(3)
    for number in range(rounds):
        house.begin_anew(12)
        before = len(rows(house.database, "dead_letters"))
        poison = house.message(text=f"{POISONS[number % 4]} now", message_id=f"poison-{number}")
        place = draw.randrange(4)
        house.fill(place)
        house.put([poison])
        house.fill(4)
        for _ in range(12):
            if house.child(thirsty, attempts=2, lease=0.001).ended() == 0:
                break
            house.end_leases()
        else:
            raise AssertionError("it never ended")
        letters = rows(house.database, "dead_letters")[before:]
        assert [one["message_id"] for one in letters] == [poison.message_id]
        tries.add(house.reckoned())


GOOD = {
    "platform": "tiktok",
    "room_id": "room-1",
    "user_id": "u-1",
    "kind": "comment",
    "text": "how much?",
    "sent_at": "2026-11-20T20:00:00+08:00",
}
DEEP = 100_000


def bad_lines(number: int) -> list[bytes]:
    """Return lines that are no messages, each other than those of other numbers."""
    name = f"bad-{number}"
    one = {**GOOD, "message_id": name}
    wrong = [{**one, key: value} for key in GOOD for value in (None, 5.5, [], {"a": number}, "")]
    missing = [{key: one[key] for key in one if key != left} for left in one]
    return [
        *(json.dumps(each).encode() for each in (*wrong, *missing)),
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        json.dumps({**one, "text": "x" * 3_000_000}).encode(),
        json.dumps(one).encode()[:-10],
        b"\xff\xfe\x00 no utf-8 %d" % number,
        b"\x00" * 50 + b"%d" % number,
        b"9" * 20_000 + b"%d" % number,
        b'{"sent_at": 1e999, "n": %d}' % number,
        json.dumps({**one, "sent_at": "9999-99-99T99:99:99Z"}).encode(),
    ]


@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.soak)])
def test_lines_that_are_no_messages_are_refused_alone(
    rounds: int,
    sqlite_house: FaultHouse,
    tries: Tries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house, file = sqlite_house, tmp_path / "lines.jsonl"
    for name in ("database_url", "vault_key"):
        monkeypatch.setenv(f"INTENT_{name.upper()}", str(house.settings[name]))
    for number in range(rounds):
        bad = bad_lines(number)
        good = [{**GOOD, "message_id": f"good-{number}-{n}"} for n in range(2 * len(bad))]
        lines = [*(json.dumps(one).encode() for one in good), *bad]
        random.Random(number).shuffle(lines)
        file.write_bytes(b"\n".join(lines) + b"\n")
        told = CliRunner().invoke(command_line, ["ingest", str(file), "--json"])
        assert told.exit_code == 0, told.output
        report = json.loads(told.stdout)
        stored = {row["message_id"] for row in rows(house.database, "messages")}
        sent = {str(one["message_id"]) for one in good}
        assert sent <= stored
        # Some of what is odd is a message all the same, such as one with an empty text.
        assert report["accepted"] + report["refused"] == len(lines)
        assert report["refused"] > len(bad) // 2
        house.sent.update(dict.fromkeys(stored))
        assert house.child(work).ended() == 0
        tries.add(house.reckoned(), tried=len(bad))
