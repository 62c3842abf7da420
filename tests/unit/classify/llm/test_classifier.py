"""Answers come out exactly for what was asked, whatever the server does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import COUNTS, FAULTS, Fault
from intent.classify.llm.breaker import BreakerPolicy, CallBreaker
from intent.classify.llm.limits import RateLimits
from intent.model.errors import BudgetSpent, LlmForbidden, LlmUnavailable
from intent.telemetry import configure_logs
from tests.unit.classify.llm.asking import (
    TAXONOMY,
    Clock,
    MemoryLedger,
    MemoryReplies,
    answerer,
    claims,
    labels,
)

TEXTS = (
    "how much for 2?",
    "hi from Perth",
    "mine L",
    "love it",
    "is it fake?",
    "do you ship to Cebu",
)
RIGHT = ["price_inquiry", "chatter", "purchase_intent", "chatter", "objection", "shipping_inquiry"]

RETRIED = [
    "rate limited",
    "rate limited, milliseconds",
    "rate limited, past date",
    "rate limited, nonsense",
    "rate limited, negative",
    "server error",
]
RETRIED += ["bad gateway", "reset", "cut", "flood", "code is an object"]
INSIDE = [
    "rate limited inside",
    "server error inside",
    "error in words inside",
    "error in the choice",
    "error object",
    "page",
    "half a body",
    "no json",
    "no completion",
    "deep json",
]
HALVED = [
    "too long",
    "too long, in words",
    "too long, as 500",
    "filtered before",
    "null",
    "thoughts only",
    "prose",
    "half a reply",
    "empty",
    "other shape",
    "twice",
    "refusal",
]
HALVED += ["truncated", "filtered"]
SINGLY = {
    "missing": 1,
    "duplicate": 1,
    "wrong label": 1,
    "chatter and more": 1,
    "no label": 1,
    "none": 6,
}
HARMLESS = ["extra", "reordered", "odd items", "invented slots", "fenced", "parts"]
HARMLESS += ["thoughts first", "prose around", "end token", "more keys", "one string"]
HARMLESS += ["small letters", "a list of it"]
PROVED = ["bad request", "no such model", "redirect", "bad request, code is an object"]
STOPPING = ["quota", "payment", "bad key", "forbidden", "payment inside", "bad key inside"]
PATIENCE = ["rate limited, date", "rate limited, an hour"]
SLOW = ["hang", "drip", "unavailable", "rate limited, seconds"]


@pytest.fixture
def server() -> Iterator[FakeLlmServer]:
    with FakeLlmServer(TAXONOMY) as standin:
        yield standin


def test_every_trouble_has_its_place_in_these_tests() -> None:
    assert set(FAULTS) == {
        *RETRIED,
        *INSIDE,
        *HALVED,
        *SINGLY,
        *HARMLESS,
        *PROVED,
        *STOPPING,
        *PATIENCE,
        *SLOW,
    }


def test_twenty_messages_are_one_request(server: FakeLlmServer) -> None:
    answers = answerer(server.url).answer(
        claims(*[f"how much is number {number}" for number in range(20)]), []
    )
    assert labels(answers) == ["price_inquiry"] * 20
    assert len(server.seen) == 1


def asked_in(server: FakeLlmServer) -> list[int]:
    """How many messages each request asked about."""
    return [one.body["messages"][1]["content"].count('"id"') for one in server.seen]


def test_equal_texts_of_a_room_are_asked_about_once_and_all_are_answered(
    server: FakeLlmServer,
) -> None:
    ledger, replies = MemoryLedger(), MemoryReplies()
    flood = claims(*["how much for 2?"] * 300, *TEXTS[1:])
    answers = answerer(server.url, ledger, replies).answer(flood, [])
    assert labels(answers) == ["price_inquiry"] * 300 + RIGHT[1:]
    assert asked_in(server) == [len(TEXTS)]
    assert [attempt.messages for attempt in ledger.attempts] == [len(TEXTS)]
    # after a crash any part of them is answered from what was paid for
    again = answerer(server.url, replies=replies).answer(flood[200:250], [])
    assert (labels(again), len(server.seen)) == (["price_inquiry"] * 50, 1)


def test_what_the_model_could_tell_apart_is_asked_about_by_itself(server: FakeLlmServer) -> None:
    chats = claims("how much for 2?", kind="chat")
    items = claims("how much for 2?", context={"offer": None, "item": "soap"})
    replies = claims("how much for 2?", reply_to={"text": "only 5 left"})
    plain = claims("how much for 2?", "how much for 3?", "how much for 2?")
    answerer(server.url).answer([*plain, *chats, *items, *replies], [])
    assert asked_in(server) == [5]


def test_each_of_equal_texts_keeps_its_own_contact_details(server: FakeLlmServer) -> None:
    def with_slot(reply: dict[str, Any]) -> dict[str, Any]:
        slot = {"id": reply["labels"][0]["id"], "kind": "contact", "text": "[phone]"}
        return {**reply, "slots": [slot]}

    server.always = Fault(bend=with_slot)
    numbers = ["0812 3456 7811", "0812 3456 7822"]
    answers = answerer(server.url).answer(claims(*(f"how much? wa {one}" for one in numbers)), [])
    assert asked_in(server) == [1]
    assert [answer.decision.slots[0].text for answer in answers if answer.decision] == numbers


def test_equal_texts_without_an_answer_all_keep_their_local_decision(
    server: FakeLlmServer,
) -> None:
    server.always = FAULTS["refusal"]
    answers = answerer(server.url).answer(claims(*["how much?"] * 4), [])
    assert labels(answers) == ["local: refused"] * 4
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", [*RETRIED, *INSIDE])
def test_passing_trouble_is_waited_out(server: FakeLlmServer, fault: str) -> None:
    ledger = MemoryLedger()
    server.then(FAULTS[fault])
    assert labels(answerer(server.url, ledger).answer(claims(*TEXTS), [])) == RIGHT
    assert len(server.seen) == 2
    assert ledger.outcomes[1:] == ["answered"]


@pytest.mark.parametrize("fault", [*INSIDE, "empty", "null", "thoughts only", "prose"])
def test_what_is_no_answer_is_never_kept(server: FakeLlmServer, fault: str) -> None:
    replies = MemoryReplies()
    server.always = FAULTS[fault]
    for _ in range(2):
        with suppress(LlmUnavailable):
            answerer(server.url, replies=replies, deadline=1.0).answer(claims("how much?"), [])
    assert replies.kept == {}
    server.always = None
    assert labels(answerer(server.url, replies=replies).answer(claims("how much?"), [])) == [
        "price_inquiry"
    ]


def test_trouble_inside_an_answer_costs_nothing_and_says_when_to_come_again(
    server: FakeLlmServer,
) -> None:
    ledger, clock = MemoryLedger(), Clock()
    server.then(FAULTS["rate limited inside"])
    before = clock.now
    answerer(server.url, ledger, clock=clock).answer(claims("how much?"), [])
    assert ledger.outcomes == ["rate_limited", "answered"]
    assert ledger.attempts[0].nanodollars == 0
    assert clock.now - before >= 0.2


def test_how_an_unreadable_reply_begins_is_in_the_debug_log_alone(
    server: FakeLlmServer, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {}
    for level in ("info", "debug"):
        server.then(FAULTS["prose"])
        configure_logs(level)
        answerer(server.url).answer(claims("how much?"), [])
        said[level] = capsys.readouterr().err
    assert "not in the shape" in said["info"]
    assert "Sure! Here are the labels" not in said["info"]
    assert "Sure! Here are the labels" in said["debug"]


@pytest.mark.parametrize("fault", ["cut", "half a body", "flood"])
def test_a_reply_that_broke_off_is_not_free(server: FakeLlmServer, fault: str) -> None:
    ledger = MemoryLedger()
    server.then(FAULTS[fault])
    answerer(server.url, ledger).answer(claims("how much?"), [])
    assert ledger.outcomes == ["connection", "answered"]
    assert ledger.attempts[0].nanodollars > ledger.attempts[1].nanodollars


def test_a_connection_that_broke_before_an_answer_is_free(server: FakeLlmServer) -> None:
    ledger = MemoryLedger()
    server.then(FAULTS["reset"])
    answerer(server.url, ledger).answer(claims("how much?"), [])
    assert [one.nanodollars > 0 for one in ledger.attempts] == [False, True]


@pytest.mark.parametrize("count", COUNTS)
def test_without_a_count_a_call_is_booked_at_what_it_probably_cost(
    server: FakeLlmServer, count: str
) -> None:
    counted, uncounted = MemoryLedger(), MemoryLedger()
    answerer(server.url, counted).answer(claims(*TEXTS), [])
    server.always = COUNTS[count]
    limits = RateLimits(None, 5_000)
    answerer(server.url, uncounted, limits=limits).answer(claims(*TEXTS), [])
    right, booked = counted.attempts[0], uncounted.attempts[0]
    assert booked.input_tokens == pytest.approx(right.input_tokens, rel=0.2)
    assert booked.output_tokens == pytest.approx(right.output_tokens, rel=0.2)
    assert booked.nanodollars > 0
    with pytest.raises(LlmUnavailable):  # what was reserved is not given back for no count
        limits.reserve(5_000 - right.input_tokens, deadline=0.0)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1000, "completion_tokens": 50},
        {"input_tokens": 1000, "output_tokens": 50},
        {"prompt_tokens": 1000.0, "completion_tokens": 50.0},
        {"prompt_tokens": "1000", "completion_tokens": "50"},
    ],
)
def test_a_count_is_read_however_it_is_written(server: FakeLlmServer, usage: Any) -> None:
    ledger = MemoryLedger()
    server.always = Fault(answer=lambda answer: {**answer, "usage": usage})
    answerer(server.url, ledger).answer(claims(*TEXTS), [])
    assert (ledger.attempts[0].input_tokens, ledger.attempts[0].output_tokens) == (1000, 50)


def test_a_cached_part_is_never_more_than_the_whole(server: FakeLlmServer) -> None:
    ledger = MemoryLedger()
    usage = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 10**400}}
    server.always = Fault(answer=lambda answer: {**answer, "usage": usage})
    answerer(server.url, ledger).answer(claims(*TEXTS), [])
    assert ledger.attempts[0].cached_tokens <= 10


@pytest.mark.slow
@pytest.mark.parametrize("fault", SLOW)
def test_a_server_that_drags_is_cut_off_and_asked_again(server: FakeLlmServer, fault: str) -> None:
    server.then(FAULTS[fault])
    assert labels(answerer(server.url).answer(claims(*TEXTS), [])) == RIGHT
    assert len(server.seen) == 2


@pytest.mark.parametrize("fault", HALVED)
def test_a_batch_without_an_answer_is_halved(server: FakeLlmServer, fault: str) -> None:
    server.then(FAULTS[fault])
    assert labels(answerer(server.url).answer(claims(*TEXTS), [])) == RIGHT
    assert [len(one.body["messages"][1]["content"].split('"id"')) - 1 for one in server.seen] == [
        6,
        3,
        3,
    ]


@pytest.mark.parametrize("fault", SINGLY)
def test_what_is_missing_or_wrong_is_asked_again_singly(server: FakeLlmServer, fault: str) -> None:
    server.then(FAULTS[fault])
    assert labels(answerer(server.url).answer(claims(*TEXTS), [])) == RIGHT
    assert [len(one.body["messages"][1]["content"].split('"id"')) - 1 for one in server.seen] == [
        6
    ] + [1] * SINGLY[fault]


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_nobody_asked_about_decides_nothing(server: FakeLlmServer, fault: str) -> None:
    server.then(FAULTS[fault])
    answers = answerer(server.url).answer(claims(*TEXTS), [])
    assert labels(answers) == RIGHT
    assert all(answer.decision is not None and answer.decision.slots == () for answer in answers)
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", PROVED)
def test_a_bad_request_is_the_messages_fault_only_if_a_harmless_one_is_taken(
    server: FakeLlmServer, fault: str
) -> None:
    server.then(FAULTS[fault])
    assert labels(answerer(server.url).answer(claims(*TEXTS), [])) == RIGHT
    server.always = FAULTS[fault]
    with pytest.raises(LlmForbidden, match="refuses what we send"):
        answerer(server.url).answer(claims(*TEXTS), [])


@pytest.mark.parametrize("fault", STOPPING)
def test_quota_and_key_stop_asking_at_once(server: FakeLlmServer, fault: str) -> None:
    server.always = FAULTS[fault]
    with pytest.raises(LlmForbidden, match="then ask again"):
        answerer(server.url).answer(claims(*TEXTS), [])
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", PATIENCE)
def test_a_wait_beyond_the_deadline_is_handed_on(server: FakeLlmServer, fault: str) -> None:
    server.always = FAULTS[fault]
    with pytest.raises(LlmUnavailable) as caught:
        answerer(server.url).answer(claims(*TEXTS), [])
    assert caught.value.wait == pytest.approx(3600.0)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "fault", ["refusal", "truncated", "filtered", "prose", "missing", "wrong label", "too long"]
)
def test_a_message_that_never_gets_an_answer_keeps_its_local_decision(
    server: FakeLlmServer, fault: str
) -> None:
    server.always = FAULTS[fault]
    answers = answerer(server.url).answer(claims("how much?"), [])
    assert answers[0].decision is None
    assert answers[0].why
    assert len(server.seen) <= 2


def test_a_reply_is_paid_for_once_also_when_the_messages_come_again_in_another_company(
    server: FakeLlmServer,
) -> None:
    ledger, replies = MemoryLedger(), MemoryReplies()
    assert labels(answerer(server.url, ledger, replies).answer(claims(*TEXTS), [])) == RIGHT
    again = answerer(server.url, ledger, replies)
    assert labels(again.answer(claims(*TEXTS), [])) == RIGHT
    assert labels(again.answer(claims(*TEXTS, "got XL?"), [])) == [*RIGHT, "availability_inquiry"]
    assert len(server.seen) == 2
    assert ledger.outcomes == ["answered", "replayed", "replayed", "answered"]


def test_what_was_answered_before_an_outage_is_not_asked_again_after_it(
    server: FakeLlmServer,
) -> None:
    replies = MemoryReplies()
    server.then(FAULTS["missing"], [FAULTS["rate limited, an hour"]])
    with pytest.raises(LlmUnavailable):
        answerer(server.url, replies=replies).answer(claims(*TEXTS), [])
    assert labels(answerer(server.url, replies=replies).answer(claims(*TEXTS), [])) == RIGHT
    assert [one.status for one in server.seen] == [200, 429, 200]
    assert len(server.seen[2].body["messages"][1]["content"].split('"id"')) == 2


def test_a_refusal_is_not_paid_for_twice_either(server: FakeLlmServer) -> None:
    replies = MemoryReplies()
    server.always = FAULTS["refusal"]
    for _ in range(2):
        assert labels(answerer(server.url, replies=replies).answer(claims("how much?"), [])) == [
            "local: refused"
        ]
    assert len(server.seen) == 1


def test_the_same_messages_make_the_same_request_after_a_restart_and_another_secret_another(
    server: FakeLlmServer,
) -> None:
    answerer(server.url).answer(claims(*TEXTS), [])
    answerer(server.url).answer(claims(*TEXTS), [])
    assert server.seen[0].raw == server.seen[1].raw


def test_the_prefix_is_byte_identical_in_every_request(server: FakeLlmServer) -> None:
    one = answerer(server.url)
    one.answer(claims(*TEXTS), [])
    one.answer(claims("hello", room_id="r2", context={"offer": "tea"}), claims("earlier")[0:0])
    assert len({one.raw.split(b'{\\"room\\"')[0] for one in server.seen}) == 1


def test_every_attempt_is_in_the_ledger_with_its_price(server: FakeLlmServer) -> None:
    ledger = MemoryLedger()
    server.then(FAULTS["server error"], FAULTS["refusal"])
    answerer(server.url, ledger).answer(claims(*TEXTS), [])
    assert ledger.outcomes == ["server_error", "refused", "answered", "answered"]
    assert [attempt.messages for attempt in ledger.attempts] == [6, 6, 3, 3]
    assert ledger.attempts[0].nanodollars == 0
    first, last = ledger.attempts[1], ledger.attempts[3]
    assert first.nanodollars == 100 * first.input_tokens + 500 * first.output_tokens
    assert (
        last.nanodollars
        == 10 * last.cached_tokens
        + 100 * (last.input_tokens - last.cached_tokens)
        + 500 * last.output_tokens
    )
    assert last.cached_tokens >= 1024


def test_a_spent_budget_stops_before_the_call(server: FakeLlmServer) -> None:
    def spent(nanodollars: int) -> None:
        raise BudgetSpent(f"{nanodollars} are too much", wait=60.0)

    with pytest.raises(BudgetSpent):
        answerer(server.url, allow=spent).answer(claims(*TEXTS), [])
    assert server.seen == []


def test_until_measured_decisions_say_so(server: FakeLlmServer) -> None:
    decision = answerer(server.url).answer(claims("how much?"), [])[0].decision
    assert decision is not None
    assert decision.versions.calibration == "unmeasured"
    assert (decision.is_lead, decision.decided_by.value) == (True, "llm")
    assert tuple(decision.probabilities) == TAXONOMY.names


@pytest.mark.parametrize("fault", ["none", "truncated", "prose", "thoughts only", "too long"])
def test_a_server_of_which_nothing_can_be_used_is_left_alone_before_a_batch_is_lost(
    server: FakeLlmServer, fault: str
) -> None:
    server.always = FAULTS[fault]
    breaker = CallBreaker(BreakerPolicy())
    asking = answerer(server.url, breaker=breaker)
    with pytest.raises(LlmUnavailable, match="nearly nothing that can be used"):
        asking.answer(claims(*[f"how much is number {number}" for number in range(20)]), [])
    assert len(server.seen) == BreakerPolicy().useless
    server.always = None
    assert breaker.places(8) == 0


def test_messages_of_which_nothing_can_be_used_are_not_held_against_a_server_that_answers_well(
    server: FakeLlmServer,
) -> None:
    def only_the_harmless(reply: dict[str, Any]) -> dict[str, Any] | str:
        return reply if server.seen[-1].raw.count(b"attack") == 0 else "I would rather not."

    server.always = Fault(bend=only_the_harmless)
    breaker = CallBreaker(BreakerPolicy())
    texts = [f"attack number {number}" for number in range(20)]
    answers = answerer(server.url, breaker=breaker).answer(claims(*texts), [])
    assert labels(answers) == ["local: invalid"] * 20
    for room in range(3):
        made = claims(*texts, room_id=f"r{room}", user_id=f"u{room}")
        answerer(server.url, breaker=breaker).answer(made, [])
    assert breaker.places(8) == 8
