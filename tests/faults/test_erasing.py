"""People are forgotten while workers hold, decide and write down what they said, and twice, and
before everything is put again.
"""

from __future__ import annotations

import signal
from threading import Event

import pytest

from intent.bootstrap.erasing import forget_subject
from intent.model.data_subject import DataSubject, SubjectKind
from intent.operations.dead_letters import Chosen, replay
from tests.conftest import rows
from tests.fault_tries import Tries, in_rounds
from tests.faults.children import until, work
from tests.faults.fault_house import FaultHouse

pytestmark = [pytest.mark.slow, pytest.mark.fault("erase")]


def forget(house: FaultHouse, user: str) -> None:
    """Forget a person, and remember whose messages must be gone."""
    subject = DataSubject(SubjectKind.USER, "tiktok", user)
    assert forget_subject(house.app, subject, stop=Event(), anyway=True).buried
    messages = [one for one in house.sent.values() if one is not None]
    house.erased |= {one.message_id for one in messages if one.user_id == user}


@in_rounds(2, 50)
def test_who_is_forgotten_while_workers_work_stays_forgotten(
    rounds: int, fault_house: FaultHouse, tries: Tries
) -> None:
    house = fault_house
    workers = [house.child(work, drain=False, seconds=0.002) for _ in range(2)]
    for number in range(rounds):
        user = f"gone-{number}"
        theirs = [house.message(user_id=user) for _ in range(10)]
        house.put(theirs)
        house.fill(20)
        house.put([house.message(user_id=user, text="raise now")])
        left = number % 20
        until(lambda most=left: house.app.inbox.waiting() <= most)
        forget(house, user)
        accepted = house.put(theirs)  # a replay
        assert (accepted.new, accepted.erased) == (0, 10)
        forget(house, user)
        replay(house.database, Chosen(all=True), stop=Event())
        assert user not in {row["user_id"] for row in rows(house.database, "messages")}
    until(lambda: house.app.inbox.waiting() == 0)
    for worker in workers:
        worker.send(signal.SIGTERM)
        assert worker.ended() == 0, worker.said()
    tries.add(house.reckoned(), tried=rounds)
