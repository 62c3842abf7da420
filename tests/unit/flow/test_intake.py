"""What many sources hand over at once is stored in few transactions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from intent.flow.intake import Intake, IntakePolicy
from intent.model.batch import Accepted, Batch
from intent.queues.memory import MemoryInbox
from intent.queues.spool import FileSpool
from tests.conftest import MakeMessage


def test_batches_that_wait_at_the_same_time_are_put_together(
    make_message: MakeMessage, tmp_path: Path
) -> None:
    inbox, together = MemoryInbox(), list[int]()

    def put_all(batches: Sequence[Batch]) -> list[Accepted]:
        together.append(len(batches))
        return inbox.put_all(batches)

    spool = FileSpool(tmp_path, limit=1_000_000)
    intake = Intake(put_all, spool, policy=IntakePolicy(patience=60.0, together=15))
    batches = [Batch([make_message()]) for _ in range(20)]
    threads = [Thread(target=intake.store, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    while intake.queued < len(threads):
        time.sleep(0.001)
    intake.start()
    for thread in threads:
        thread.join(60)
    intake.leave(60)
    assert (inbox.waiting(), together) == (20, [15, 5])
    assert not spool.waiting
    spool.close()
