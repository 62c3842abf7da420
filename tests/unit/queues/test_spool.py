"""Batches wait in a file as they are, in order, and what a killed process left is not lost."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from intent.model.batch import Batch, Gap, Position, Refused, Retraction
from intent.model.errors import OperatorError, StoreUnavailable
from intent.model.message import Message
from intent.queues.spool import AT_ONCE, FileSpool, SpoolFull, sift_spools
from tests.conftest import MakeMessage

AT = datetime(2026, 11, 20, tzinfo=UTC)


def drained(spool: FileSpool) -> list[Batch]:
    found: list[Batch] = []
    spool.drain(found.append)
    return found


def test_everything_of_a_batch_comes_back(make_message: MakeMessage, tmp_path: Path) -> None:
    batch = Batch(
        [make_message("é 😀 \u2028")],
        [Refused("no UTF-8", b"\xff\x00", "d", "line 1")],
        [Retraction("p", "r", AT, message_id="m")],
        [Gap("p", "r", AT, None, "away")],
        Position("s", "7"),
    )
    spool = FileSpool(tmp_path, limit=10_000)
    spool.append(batch)
    (read,) = drained(spool)
    assert list(read.messages) == list(batch.messages)
    assert (read.refused[0], read.retractions[0], read.gaps[0], read.position) == (
        batch.refused[0],
        batch.retractions[0],
        batch.gaps[0],
        batch.position,
    )
    assert not spool.waiting


def test_an_error_leaves_the_rest_for_the_next_try(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    spool = FileSpool(tmp_path, limit=10_000)
    for number in range(3):
        spool.append(Batch([make_message(str(number))]))
    taken: list[str] = []

    def put(batch: Batch) -> None:
        if len(taken) == 1:
            taken.append("failed")
            raise StoreUnavailable("away")
        taken.append(batch.messages[0].text)

    with pytest.raises(StoreUnavailable):
        spool.drain(put)
    spool.drain(put)
    assert taken == ["0", "failed", "1", "2"]


def test_what_was_left_is_taken_over_and_what_is_held_is_not(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    held = FileSpool(tmp_path, limit=10_000)
    held.append(Batch([make_message("held")]))
    (tmp_path / "intent-1.spool").write_bytes(b"")
    left = FileSpool(tmp_path, limit=10_000)
    assert left.path.name == "intent-1.spool"
    left.append(Batch([make_message("left")]))
    left.close()
    again = FileSpool(tmp_path, limit=10_000)
    assert [batch.messages[0].text for batch in drained(again)] == ["left"]


def test_a_line_that_a_crash_cut_is_left_out(make_message: MakeMessage, tmp_path: Path) -> None:
    spool = FileSpool(tmp_path, limit=10_000)
    spool.append(Batch([make_message("whole")]))
    with spool.path.open("ab") as file:
        file.write(b'{"messages": [{"plat')
    spool.close()
    again = FileSpool(tmp_path, limit=10_000)
    again.append(Batch([make_message("next")]))
    assert [batch.messages[0].text for batch in drained(again)] == ["whole", "next"]


def test_a_full_spool_takes_no_more(make_message: MakeMessage, tmp_path: Path) -> None:
    spool = FileSpool(tmp_path, limit=10)
    with pytest.raises(SpoolFull):
        spool.append(Batch([make_message()]))


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="INTENT_SPOOL_DIR"):
        FileSpool(tmp_path / "none", limit=10)


def test_beyond_its_limit_it_takes_what_was_read_already(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    spool = FileSpool(tmp_path, limit=10)
    spool.append(Batch([make_message("last")]), beyond=True)
    assert [batch.messages[0].text for batch in drained(spool)] == ["last"]


def test_a_full_disk_leaves_no_half_of_a_line(
    make_message: MakeMessage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, write = FileSpool(tmp_path, limit=10_000), os.write
    room = 40

    def nearly_full(descriptor: int, line: memoryview) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(descriptor, line[:room])
        room -= written
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", nearly_full)
        with pytest.raises(SpoolFull, match="No space left"):
            spool.append(Batch([make_message("lost")]))
    spool.append(Batch([make_message("kept")]))
    assert [batch.messages[0].text for batch in drained(spool)] == ["kept"]


def test_a_line_that_the_disk_spoiled_is_kept_as_a_dead_letter_and_the_rest_goes_on(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    (tmp_path / "intent-1.spool").write_bytes(b"\0" * 8 + b"\n")
    spool = FileSpool(tmp_path, limit=10_000)
    spool.append(Batch([make_message("behind")]))
    spoiled, behind = drained(spool)
    assert (spoiled.refused[0].payload, spoiled.refused[0].position) == (
        b"\0" * 8 + b"\n",
        "intent-1.spool byte 0",
    )
    assert behind.messages[0].text == "behind"


def test_whatever_several_processes_have_left_is_taken_over(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    (tmp_path / "intent-0.spool").write_bytes(b"")
    several = [FileSpool(tmp_path, limit=10_000) for _ in range(3)]
    for number, spool in enumerate(several):
        spool.append(Batch([make_message(str(number))]))
    for spool in several:
        spool.close()
    again = FileSpool(tmp_path, limit=10_000)
    assert again.waiting
    assert sorted(batch.messages[0].text for batch in drained(again)) == ["0", "1", "2"]
    again.close()
    assert list(tmp_path.iterdir()) == []


def test_what_comes_while_it_is_drained_is_handed_over_too_and_in_order(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    spool, taken = FileSpool(tmp_path, limit=100_000), []
    spool.append(Batch([make_message("0")]))

    def put(batch: Batch) -> None:
        taken.append(batch.messages[0].text)
        if len(taken) < 4:
            # By another thread, which a put must not hold up.
            other = Thread(
                target=spool.append, args=(Batch([make_message(str(len(taken)))]),), daemon=True
            )
            other.start()
            other.join(10)
            assert not other.is_alive()

    spool.drain(put)
    assert (taken, spool.waiting) == (["0", "1", "2", "3"], False)


def test_nothing_is_lost_or_doubled_between_threads_that_append_and_one_that_drains(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    spool, taken = FileSpool(tmp_path, limit=10_000_000), []
    messages = [[make_message(f"{name} {number}") for number in range(40)] for name in "abcd"]

    def append(own: list[Message]) -> None:
        for message in own:
            spool.append(Batch([message]))

    threads = [Thread(target=append, args=(own,)) for own in messages]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or spool.waiting:
        spool.drain(lambda batch: taken.append(batch.messages[0].text))
    for own in messages:
        texts = [message.text for message in own]
        assert [text for text in taken if text in texts] == texts
    assert len(taken) == 160


def test_what_waits_can_be_sifted_unless_somebody_holds_it(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    def without_canary(batch: Batch) -> Batch:
        return Batch([one for one in batch.messages if one.text != "canary"])

    left = FileSpool(tmp_path, limit=10_000)
    left.append(Batch([make_message("canary"), make_message("stays")]))
    left.append(Batch([make_message("last")]))
    assert sift_spools(tmp_path, without_canary) == 1
    left.close()
    assert sift_spools(tmp_path, without_canary) == 0
    assert b"canary" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    heir = FileSpool(tmp_path, limit=10_000)
    assert [one.text for batch in drained(heir) for one in batch.messages] == ["stays", "last"]


def test_small_batches_are_joined_source_by_source_and_an_error_leaves_all_of_them(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    spool = FileSpool(tmp_path, limit=100_000, together=5)
    for number in range(6):
        name = "ab"[number % 2]
        spool.append(Batch([make_message(str(number))], position=Position(name, str(number))))
    put: list[tuple[list[str], Position | None]] = []

    def refuse(batch: Batch) -> None:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        spool.drain(refuse)
    spool.drain(lambda batch: put.append(([one.text for one in batch.messages], batch.position)))
    assert put == [
        (["0", "2", "4"], Position("a", "4")),
        (["1", "3"], Position("b", "3")),
        (["5"], Position("b", "5")),
    ]
    assert not spool.waiting


def test_what_is_joined_is_bounded(make_message: MakeMessage, tmp_path: Path) -> None:
    spool = FileSpool(tmp_path, limit=10_000_000, together=1000)
    for _ in range(4):
        spool.append(Batch([make_message() for _ in range(AT_ONCE // 2)]))
    assert [len(batch.messages) for batch in drained(spool)] == [AT_ONCE, AT_ONCE]
