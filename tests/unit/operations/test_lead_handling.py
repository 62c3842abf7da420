"""Handling leads: the first one wins, the others are told who, and nothing is done twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from intent.model.decision import DecidedBy
from intent.model.errors import LeadConflict, UnknownLead, WrongUse
from intent.model.lead import ChangeKind, Handling, LeadAction, LeadState
from intent.model.message import Message
from intent.model.taxonomy import Taxonomy
from intent.operations.lead_handling import LeadDesk
from intent.store.decisions import SqlDecisions
from intent.store.engine import Database
from intent.store.lead_log import read_changes
from tests.conftest import MakeMessage, rows
from tests.integration.conftest import House, house  # noqa: F401


class Desk:
    """A desk with one lead on it."""

    def __init__(self, house: House, taxonomy: Taxonomy, message: Message) -> None:  # noqa: F811
        self.database: Database = house.database
        self.message, self.house = message, house
        self.desk = LeadDesk(house.database, house.features, taxonomy)
        house.local = house.make("price_inquiry")
        house.work(message, unsure=False)

    def act(self, action: LeadAction, by: str = "ann", **more: Any) -> Any:
        values = {"action_id": f"{by}-{action.value}", **more}
        return self.desk.handle(
            Handling(self.message.platform, self.message.message_id, action, acted_by=by, **values)
        )

    def decisions(self) -> list[dict[str, Any]]:
        return sorted(rows(self.database, "decisions"), key=lambda row: row["revision"])


@pytest.fixture
def desk(house: House, taxonomy: Taxonomy, make_message: MakeMessage) -> Desk:  # noqa: F811
    return Desk(house, taxonomy, make_message("how much is it?"))


def test_who_takes_first_has_it_and_the_second_is_told_who(desk: Desk) -> None:
    assert desk.act(LeadAction.TAKE).state is LeadState.TAKEN
    with pytest.raises(LeadConflict, match="is taken; last handled by ann at") as told:
        desk.act(LeadAction.TAKE, by="ben")
    assert (told.value.acted_by, told.value.version) == ("ann", 1)


def test_of_many_who_take_at_once_exactly_one_has_it(desk: Desk) -> None:
    outcomes: list[str] = []
    gate = threading.Barrier(6)

    def take(name: str) -> None:
        gate.wait()
        try:
            outcomes.append(f"has {desk.act(LeadAction.TAKE, by=name).taken_by}")
        except LeadConflict as conflict:
            outcomes.append(f"told of {conflict.acted_by}")

    threads = [threading.Thread(target=take, args=(f"p{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [one.removeprefix("has ") for one in outcomes if one.startswith("has ")]
    assert sorted(outcomes) == sorted([f"has {winner}", *[f"told of {winner}"] * 5])


def test_the_same_request_again_changes_nothing(desk: Desk) -> None:
    first, again = desk.act(LeadAction.TAKE), desk.act(LeadAction.TAKE)
    assert (first.changed, again.changed) == (True, False)
    assert len(rows(desk.database, "lead_actions")) == 1
    with pytest.raises(WrongUse, match="given to something else"):
        desk.act(LeadAction.DONE, action_id="ann-take")


def test_who_saw_an_older_version_is_told(desk: Desk) -> None:
    desk.act(LeadAction.NOTE, note="wants red")
    with pytest.raises(LeadConflict, match="since you looked"):
        desk.act(LeadAction.TAKE, by="ben", expected=0)
    assert desk.act(LeadAction.TAKE, by="ben", expected=1).taken_by == "ben"


def test_what_is_taken_is_done_and_given_back(desk: Desk) -> None:
    desk.act(LeadAction.TAKE)
    assert desk.act(LeadAction.DONE).state is LeadState.DONE
    assert desk.act(LeadAction.RELEASE).state is LeadState.OPEN
    kinds = [(one.kind, one.action) for one in changes(desk)]
    assert kinds == [
        (ChangeKind.FOUND, None),
        (ChangeKind.HANDLED, "take"),
        (ChangeKind.HANDLED, "done"),
        (ChangeKind.HANDLED, "release"),
    ]


def test_not_a_lead_is_a_persons_decision_that_features_count(desk: Desk) -> None:
    desk.act(LeadAction.NOT_A_LEAD, label="chatter")

    newest = desk.decisions()[-1]
    assert newest["decided_by"] == DecidedBy.HUMAN.value
    assert not newest["is_lead"]
    assert "chatter" in newest["labels"]
    assert desk.house.holds()
    assert [one.kind for one in changes(desk)][-1] is ChangeKind.GONE


def test_what_was_said_to_be_no_lead_is_one_again_when_it_is_given_back(desk: Desk) -> None:
    before = desk.decisions()[0]
    desk.act(LeadAction.NOT_A_LEAD)
    assert desk.act(LeadAction.RELEASE).state is LeadState.OPEN

    newest = desk.decisions()[-1]
    assert (newest["decided_by"], newest["labels"]) == ("human", before["labels"])
    assert newest["revision"] == 2
    assert desk.house.holds()


def test_an_answer_of_the_llm_never_replaces_what_a_person_said(
    house: House,  # noqa: F811
    taxonomy: Taxonomy,
    make_message: MakeMessage,
) -> None:
    message = make_message("how much is it?")
    house.local = house.make("price_inquiry")
    house.work(message)
    desk = LeadDesk(house.database, house.features, taxonomy)
    desk.handle(Handling(message.platform, message.message_id, LeadAction.NOT_A_LEAD, "1", "ann"))
    house.ask()
    newest = max(rows(house.database, "decisions"), key=lambda row: row["revision"])
    assert newest["decided_by"] == "human"
    assert house.holds()


def test_a_lead_that_was_taken_back_meanwhile_is_one_no_more(desk: Desk) -> None:
    with desk.database.begin() as transaction:
        entries = SqlDecisions().retract(transaction, [desk.message.identity], undecided=False)
        desk.house.features.add(transaction, SqlDecisions().save(transaction, entries))
    with pytest.raises(LeadConflict, match="a lead no more"):
        desk.act(LeadAction.TAKE)


def test_an_unknown_lead_is_said_to_be_unknown(desk: Desk) -> None:
    with pytest.raises(UnknownLead):
        desk.desk.handle(Handling("tiktok", "nobody", LeadAction.TAKE, "1", "ann"))


@pytest.mark.parametrize("note", ["", "   ", "x" * 1001, "a\x00b", "half \ud83d"])
def test_a_note_that_cannot_be_kept_is_refused(note: str) -> None:
    with pytest.raises(WrongUse):
        Handling("tiktok", "m", LeadAction.NOTE, "1", "ann", note=note)


def test_a_label_for_no_lead_is_none_that_leads_have(desk: Desk) -> None:
    with pytest.raises(WrongUse, match="one of: "):
        desk.act(LeadAction.NOT_A_LEAD, label="price_inquiry")


def changes(desk: Desk) -> list[Any]:
    with desk.database.read() as connection:
        return list(read_changes(connection, None, 100))
