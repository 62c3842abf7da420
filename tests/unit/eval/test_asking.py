"""LLM runs: asked once, replayed for nothing and offline, with a gate that names what a worse
prompt confuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy

from eval.measure.finished import load_run
from eval.measure.tables import UNPARSEABLE, confusion
from eval.run.assemble import rooms, without_examples
from eval.run.cascade_subject import CascadeSubject
from eval.run.items import as_item, chosen, load_items
from eval.run.llm_subject import LlmSubject
from eval.run.manifest import Decider, read_manifest
from eval.run.predictions import read_predictions
from eval.run.purse import Purse
from eval.run.replies import RunLedger, RunReplies, shares
from eval.run.request import SEED, RunRequest
from eval.run.runner import PREDICTIONS
from eval.run.start import start
from eval.run.suite import load_suite
from eval.standin.fake_llm_server import FakeLlmServer
from eval.verdict.checks import Verdict
from eval.verdict.gate import check_run
from intent.bootstrap.application import open_application, open_database, sqlite_url
from intent.bootstrap.llm import build_prompt
from intent.bootstrap.settings import load_settings
from intent.classify.llm.batch import prepare
from intent.model.attempt import Attempt, Outcome
from intent.model.decision import DecidedBy
from intent.model.errors import BudgetSpent, LlmUnavailable, OperatorError
from intent.model.message import Message
from intent.model.question import Answer, Claim, Question
from intent.store.access import Access
from intent.store.ledger import SqlReplies
from tests.unit.classify.llm.asking import MemoryReplies
from tests.unit.eval.oracle import Oracle, confusing, local, make_run, taxonomy, write_suite


class FakeAnswerer:
    """Implements Answerer with an oracle behind it; may be of no use for some messages, and dies
    when it was asked so many times.
    """

    def __init__(
        self, oracle: Oracle, *, useless: Sequence[str] = (), calls: int = 1_000_000
    ) -> None:
        self._oracle, self._useless, self._calls = oracle, useless, calls
        self.asked: list[tuple[list[str], list[str]]] = []

    def answer(self, claims: Sequence[Claim], before: Sequence[Message]) -> list[Answer]:
        self._calls -= 1
        if self._calls < 0:
            raise LlmUnavailable("the LLM server does not answer (test)")
        self.asked.append(
            (
                [claim.message.message_id for claim in claims],
                [message.message_id for message in before],
            )
        )
        decisions = self._oracle.classify([claim.message for claim in claims])
        return [
            Answer(claim, None, "refused")
            if claim.message.message_id in self._useless
            else Answer(claim, decision)
            for claim, decision in zip(claims, decisions, strict=True)
        ]


def subject(answerer: FakeAnswerer, suite: Path, prompt: str = "p1", batch: int = 20) -> LlmSubject:
    decider = Decider(by="llm", taxonomy=taxonomy().version, prompt=prompt)
    history = rooms(load_items(load_suite(suite)))
    replies, ledger = RunReplies(MemoryReplies()), RunLedger()
    return LlmSubject(
        answerer,
        replies,
        ledger,
        decider,
        key=lambda claim: claim.message.message_id,
        history=history,
        batch=batch,
    )


@pytest.fixture
def suite(tmp_path):
    return write_suite(tmp_path)


@pytest.fixture
def server(monkeypatch):
    with FakeLlmServer(taxonomy()) as standin:
        monkeypatch.setenv("INTENT_LLM_BASE_URL", standin.url)
        yield standin


def asked_for(suite: Path, out: Path, **more) -> RunRequest:
    return RunRequest(
        suite, out, by="llm", sample=40, **{"store": suite.parent / "replies.db", **more}
    )


def test_what_was_asked_once_is_replayed_offline_to_the_byte_with_its_price(
    tmp_path, suite, server, monkeypatch
) -> None:
    start(asked_for(suite, tmp_path / "online"))
    sent = len(server.seen)
    assert sent > 0
    monkeypatch.delenv("INTENT_LLM_BASE_URL")
    start(asked_for(suite, tmp_path / "offline", offline=True))
    assert len(server.seen) == sent
    assert (tmp_path / "offline" / PREDICTIONS).read_bytes() == (
        tmp_path / "online" / PREDICTIONS
    ).read_bytes()
    predictions = read_predictions(tmp_path / "offline" / PREDICTIONS)
    assert sum(one.input_tokens for one in predictions) == server.count.input
    assert sum(one.output_tokens for one in predictions) == server.count.output
    assert all(one.nanodollars > 0 and one.reply and one.local for one in predictions)


def test_offline_refuses_to_call_and_says_what_is_missing(tmp_path, suite, server) -> None:
    with pytest.raises(OperatorError, match="--offline"):
        start(asked_for(suite, tmp_path / "offline", offline=True))
    assert server.seen == []


def test_a_spent_budget_ends_a_run_that_more_money_goes_on_with(tmp_path, suite, server) -> None:
    start(asked_for(suite, tmp_path / "whole", store=tmp_path / "other.db"))
    whole = len(server.seen)
    purse = Purse(0.001)
    with pytest.raises(BudgetSpent, match="raise --budget"):
        start(asked_for(suite, tmp_path / "run", purse=purse))
    assert 0 < len(server.seen) - whole < whole
    assert 0 < purse.dollars <= 0.001
    start(asked_for(suite, tmp_path / "run", purse=Purse(1.0), resume=True))
    assert len(server.seen) == 2 * whole


def test_repeats_and_fresh_runs_ask_again_and_are_replayed_by_themselves(
    tmp_path, suite, server
) -> None:
    start(asked_for(suite, tmp_path / "one"))
    once = len(server.seen)
    start(asked_for(suite, tmp_path / "two", repeat=2))
    assert len(server.seen) == 2 * once
    start(asked_for(suite, tmp_path / "fresh", fresh=True))
    assert len(server.seen) == 3 * once
    start(asked_for(suite, tmp_path / "again", repeat=2, offline=True))
    assert len(server.seen) == 3 * once


def test_a_run_that_an_outage_stopped_goes_on_where_it_was(tmp_path, suite) -> None:
    dying = FakeAnswerer(Oracle(), calls=3)
    with pytest.raises(LlmUnavailable):
        make_run(tmp_path / "run", suite, subject(dying, suite), sample=200)
    rest = FakeAnswerer(Oracle())
    make_run(tmp_path / "run", suite, subject(rest, suite), sample=200, resume=True)
    asked = [key for keys, _ in dying.asked + rest.asked for key in keys]
    assert len(asked) == len(set(asked)) == 200


def test_messages_are_asked_room_by_room_in_order_of_time_with_the_few_before(
    tmp_path, suite
) -> None:
    answerer = FakeAnswerer(Oracle())
    make_run(tmp_path / "run", suite, subject(answerer, suite, batch=8), sample=300)
    by_message = {item.message.message_id: item for item in load_items(load_suite(suite))}
    assert any(before for _, before in answerer.asked)
    for keys, before in answerer.asked:
        assert len({by_message[key].room for key in (*keys, *before)}) == 1
        times = [by_message[key].message.sent_at for key in (*before, *keys)]
        assert times == sorted(times)
        assert len(keys) <= 8
        assert len(before) <= 5


def test_a_prompt_that_confuses_two_labels_fails_the_gate_and_the_labels_are_named(
    tmp_path, suite
) -> None:
    good = make_run(tmp_path / "good", suite, subject(FakeAnswerer(Oracle()), suite))
    twisted = FakeAnswerer(Oracle(twist=confusing("shipping_inquiry", "availability_inquiry")))
    bad = make_run(tmp_path / "bad", suite, subject(twisted, suite, prompt="p2"))
    report = check_run(load_run(bad, taxonomy()), load_run(good, taxonomy()), taxonomy())
    assert report.verdict is Verdict.FAILED
    assert {check.name for check in report.of(Verdict.FAILED)} == {
        "f1:shipping_inquiry",
        "f1:availability_inquiry",
    }


def test_replies_that_cannot_be_used_have_a_column_and_a_rate_of_their_own(tmp_path, suite) -> None:
    useless = [item.message.message_id for item in load_items(load_suite(suite))][:30]
    folder = make_run(
        tmp_path / "run", suite, subject(FakeAnswerer(Oracle(wrong=0.0), useless=useless), suite)
    )
    run = load_run(folder, taxonomy())
    found = confusion(run.scored)
    column = found.columns.index(UNPARSEABLE)
    truth = sum(
        len(run.items[one.id].row.expected.labels)
        for one in run.predictions
        if one.status == "refused"
    )
    assert sum(row[column] for row in found.counts) == truth >= 30
    rate = next(
        check
        for check in check_run(run, run, taxonomy()).checks
        if check.name == "invalid_rate limit"
    )
    assert rate.verdict is Verdict.FAILED


def test_the_cascade_asks_only_what_is_unsure_and_keeps_the_local_decision_where_no_answer_is_of_use(
    tmp_path, suite
) -> None:
    first = Oracle(wrong=0.3)
    useless = {
        item.message.message_id
        for item in load_items(load_suite(suite))
        if item.row.metadata.lang == "vi"
    }
    answerer = FakeAnswerer(Oracle(wrong=0.0), useless=tuple(useless))
    decider = Decider(by="cascade", taxonomy=taxonomy().version)
    cascade = CascadeSubject(
        local(first),
        first,
        subject(answerer, suite),
        lambda decision: "chatter" not in decision.labels,
        decider,
    )
    folder = make_run(tmp_path / "run", suite, cascade, sample=300)
    asked = {key for keys, _ in answerer.asked for key in keys}
    run = load_run(folder, taxonomy())
    for one in run.predictions:
        key = run.items[one.id].message.message_id
        assert (key in asked) == (
            "chatter" not in first.classify([run.items[one.id].message])[0].labels
        )
        assert (one.stage == "llm") == (key in asked and key not in useless)
        assert one.labels
    assert run.scored.answered.sum() == len(run.predictions) - len(asked & useless)


def test_what_was_paid_is_shared_out_to_the_last_nanodollar(make_attempt) -> None:
    parts = shares(
        [
            make_attempt(input_tokens=100, nanodollars=7),
            make_attempt(input_tokens=1, nanodollars=1),
        ],
        3,
        0.5,
    )
    assert sum(part.input_tokens for part in parts) == 101
    assert sum(part.nanodollars for part in parts) == 8
    assert {part.latency for part in parts} == {0.5}


@pytest.fixture
def make_attempt():
    def make(**values) -> Attempt:
        zero = {
            "input_tokens": 0,
            "cached_tokens": 0,
            "cache_write_tokens": 0,
            "output_tokens": 0,
            "nanodollars": 0,
            "latency": 0.1,
        }
        about = {
            "request": "r",
            "run": "eval",
            "platform": "p",
            "room_id": "r",
            "prompt": "p",
            "model": "m",
            "messages": 1,
        }
        return Attempt(
            **{
                **about,
                "outcome": Outcome.ANSWERED,
                "started": datetime(2026, 1, 1, tzinfo=UTC),
                **zero,
                **values,
            }
        )

    return make


def test_rooms_whose_texts_the_prompt_shows_as_examples_are_left_out(suite) -> None:
    items = load_items(load_suite(suite))
    prompt = build_prompt(open_application())
    shown = items[0].row.model_copy(
        update={"input": items[0].row.input.model_copy(update={"text": "MINE!! a07 in size m"})}
    )
    kept = without_examples([as_item(shown), *items[1:]], prompt)
    assert items[0].room not in {item.room for item in kept}
    assert len(kept) > len(items) - 60


def test_a_replay_reads_its_store_a_fixed_number_of_times_a_batch(tmp_path, suite) -> None:
    """Where each reply were looked up for itself, or all of them for each, 20,000 would take
    minutes.
    """
    sample, store, reads = 200, tmp_path / "replies.db", []
    items = chosen(load_items(load_suite(suite)), {}, sample=sample, seed=SEED)
    prompt = build_prompt(open_application())
    asker = f"{prompt.identity}:{prompt.front.model.id}"
    keys = [
        prepare(
            Claim(Question("", "", "", item.message.sent_at, 0), item.message, 0, "", 1), asker
        ).key
        for item in items
    ]
    database = open_database(
        load_settings().model_copy(update={"database_url": sqlite_url(store)}), Access.CREATE
    )
    replies = RunReplies(SqlReplies(database))
    for repeat in ("", "repeat 1"):
        replies.begin(repeat)
        replies.keep(dict.fromkeys(keys, b'{"labels": [{"id": "m", "is": ["CH"]}], "slots": []}'))
    database.close()

    def count(_connection, _cursor, statement, *_more) -> None:
        reads.append(statement)

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", count)
    try:
        start(
            RunRequest(
                suite,
                tmp_path / "replay",
                by="llm",
                sample=sample,
                repeat=2,
                offline=True,
                store=store,
            )
        )
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", count)
    assert len(read_predictions(tmp_path / "replay" / PREDICTIONS)) == sample * 2
    batches = 2 * len({item.room for item in items})
    assert len(reads) < 12 * batches < 2 * sample


def test_decisions_of_an_llm_say_so(tmp_path, suite, server) -> None:
    start(asked_for(suite, tmp_path / "run"))
    assert {one.stage for one in read_predictions(tmp_path / "run" / PREDICTIONS)} == {
        DecidedBy.LLM.value
    }


def test_another_model_and_other_parameters_are_asked_for_and_stand_in_the_manifest(
    tmp_path, suite, server, monkeypatch
) -> None:
    plain = start(asked_for(suite, tmp_path / "plain"))
    asked = len(server.seen)
    other = start(
        asked_for(
            suite, tmp_path / "other", llm="gpt-4o-mini", parameters=(("temperature", "0.3"),)
        )
    )
    assert len(server.seen) > asked
    assert {(one.body["model"], one.body["temperature"]) for one in server.seen[asked:]} == {
        ("gpt-4o-mini", 0.3)
    }
    assert other.decider.llm == "gpt-4o-mini"
    assert other.decider.settings == {"temperature": "0.3"}
    assert other.decider.prompt != plain.decider.prompt
    assert other.decider.prompt_name == plain.decider.prompt_name


def test_another_server_is_asked_itself_and_a_run_says_what_came_from_the_store(
    tmp_path, suite, server, monkeypatch
) -> None:
    first = start(asked_for(suite, tmp_path / "first"))
    assert (first.replayed, first.decider.server) == (0, server.url)
    again = start(asked_for(suite, tmp_path / "again"))
    assert again.replayed == again.items == 40
    assert read_manifest(tmp_path / "again").replayed == 40
    with FakeLlmServer(taxonomy()) as other:
        monkeypatch.setenv("INTENT_LLM_BASE_URL", other.url)
        assert start(asked_for(suite, tmp_path / "other")).replayed == 0
        assert other.seen
    monkeypatch.delenv("INTENT_LLM_BASE_URL")
    with pytest.raises(OperatorError, match="name one of them with INTENT_LLM_BASE_URL"):
        start(asked_for(suite, tmp_path / "whose", offline=True))
