"""What a person is told of themselves: all of it, the same each time, nothing of others, and nothing
once they are forgotten.
"""

from __future__ import annotations

import json
import threading
from datetime import timedelta

from intent.bootstrap.application import Application
from intent.bootstrap.settings import Settings
from intent.model.batch import Batch, Retraction
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.hook import Hook, SecretSalts
from intent.model.lead import Handling, LeadAction
from intent.operations.forget import forget
from intent.operations.lead_handling import LeadDesk
from intent.operations.subject_access import subject_record
from intent.queues.hook_deliveries import SqlHookDeliveries
from intent.store.erasure import SqlErasure
from intent.store.hooks import SqlHooks
from tests.conftest import EPOCH, MakeMessage
from tests.integration.conftest import House
from tests.integration.test_forget import refused

ANN = "u-ann"
SALTS = SecretSalts("key", "salt")
LISTS = (
    "messages",
    "questions",
    "claim_corrections",
    "lead_actions",
    "pushes",
    "dead_letters",
    "bans",
    "features",
)


def record(house: House) -> dict[str, object]:
    definitions = Application(Settings()).definitions
    at = EPOCH + timedelta(hours=1)
    return subject_record(house.database, definitions, "tiktok", ANN, at)


def filled(house: House, make_message: MakeMessage) -> None:
    other = make_message("a canary of somebody else", user_id="u-other")
    mine = [
        make_message(f"mine {number}", user_id=ANN, creator_id="c", reply_to=reply)
        for number, reply in enumerate([None, {"message_id": other.message_id, "text": other.text}])
    ]
    hook = SqlHooks(house.database).add(Hook(0, "shop", "https://shop.example/", SALTS))
    house.work(other, *mine)
    house.ask()
    assert SqlHookDeliveries(house.database).fan_out(hook) == 3
    note = Handling("tiktok", mine[0].message_id, LeadAction.NOTE, "1", "bea", "wants red")
    LeadDesk(house.database, house.features, Application(Settings()).taxonomy).handle(note)
    house.put(mine[0])
    house.inbox.put(
        Batch(
            [make_message("mine, waits", user_id=ANN)],
            [
                refused(b'{"platform": "tiktok", "user_id": "u-ann", "text": 7}'),
                refused(b'{"platform": "tiktok", "user_id": "u-other", "text": "canary"}'),
            ],
            [Retraction("tiktok", "room-9", EPOCH, user_id=ANN)],
        )
    )


def test_it_holds_everything_of_the_person_and_no_word_of_others(
    house: House, make_message: MakeMessage
) -> None:
    filled(house, make_message)
    told = record(house)
    messages = told["messages"]
    assert [(one["text"], one["waits"], len(one["decisions"])) for one in messages] == [
        ("mine 0", False, 2),
        ("mine 1", False, 2),
        ("mine, waits", True, 0),
    ]
    assert [len(told[name]) for name in LISTS] == [3, 1, 0, 1, 2, 1, 1, 3]
    assert {(one["receiver"], one["event"]) for one in told["pushes"]} == {("shop", "lead.found")}
    assert all(one["values"] for one in told["features"])
    assert "canary" not in json.dumps(told)


def test_it_is_the_same_each_time_and_empty_once_the_person_is_forgotten(
    house: House, make_message: MakeMessage
) -> None:
    filled(house, make_message)
    assert record(house) == record(house)
    subject = DataSubject(SubjectKind.USER, "tiktok", ANN)
    parts = (SqlErasure(house.tombstones), house.features, house.database)
    forget(subject, *parts, stop=threading.Event())
    told = record(house)
    assert [told[name] for name in LISTS] == [[]] * len(LISTS)
