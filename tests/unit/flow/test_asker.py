"""The asker: what it does with answers, failures, outages, spent money, refusals, and orders to
leave.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from intent.classify.llm.breaker import BreakerPolicy, CallBreaker
from intent.flow.asker import Asker
from intent.flow.asking import AskPolicy
from intent.flow.flight import Flight
from intent.model.decision import Decision, Entry
from intent.model.errors import (
    BudgetSpent,
    LlmForbidden,
    LlmUnavailable,
    OperatorError,
    StoreUnavailable,
    TemplateError,
)
from intent.model.message import Message
from intent.model.question import Answer, Claim, Priority, Question
from intent.queues.memory_lane import MemoryLane
from intent.queues.memory_rows import MemoryTransaction, MemoryTransactions
from tests.conftest import MakeDecision, MakeMessage

Script = Callable[[Sequence[Claim], int], None]
"""Told the claims of a call and its number from 1; raises what the call is to raise."""


class FakeAnswerer:
    """Decides everything alike, unless its script raises; keeps what it was asked. It tells the
    breaker of every call, as the exchange does.
    """

    def __init__(self, decision: Decision, script: Script, breaker: CallBreaker) -> None:
        self.decision, self.script, self.breaker = decision, script, breaker
        self.calls: list[list[str]] = []
        self.before: list[list[str]] = []
        self.lock = threading.Lock()

    def answer(self, claims: Sequence[Claim], before: Sequence[Message]) -> list[Answer]:
        with self.lock:
            self.calls.append([claim.message.text for claim in claims])
            self.before.append([message.text for message in before])
            number = len(self.calls)
        self.call(claims, number)
        return [
            Answer(claim, None, "refused")
            if claim.message.text == "unspeakable"
            else Answer(claim, self.decision)
            for claim in claims
        ]

    def call(self, claims: Sequence[Claim], number: int) -> None:
        probe = self.breaker.enter()
        try:
            self.script(claims, number)
        except LlmUnavailable as error:
            self.breaker.leave(probe=probe, failed=error.wait is None, latency=0.0)
            self.breaker.hold(error)
            raise
        except Exception as error:
            self.breaker.abandon(probe=probe)
            if isinstance(error, BudgetSpent | LlmForbidden):
                self.breaker.hold(error)
            raise
        self.breaker.leave(probe=probe, failed=False, latency=0.0)


class FakeDecisions:
    """Keeps the revision and the decision that stand."""

    def __init__(self, first: Decision) -> None:
        self.first = first
        self.standing: dict[tuple[str, str], tuple[int, Decision]] = {}
        self.outages = 0

    def follow(self, transaction: MemoryTransaction, answers: Sequence[Answer]) -> list[Entry]:
        entries = []
        for answer in answers:
            revision, decision = self.standing.get(answer.claim.message.identity, (0, self.first))
            if answer.decision is not None and answer.claim.question.revision == revision:
                entries.append(
                    Entry(
                        answer.claim.message,
                        answer.decision,
                        revision + 1,
                        answer.claim.question.run,
                        decision,
                    )
                )
        return entries

    def save(self, transaction: MemoryTransaction, entries: Sequence[Entry]) -> list[Entry]:
        if self.outages:
            self.outages -= 1
            raise StoreUnavailable("the database is away")
        self.standing.update(
            {entry.message.identity: (entry.revision, entry.decision) for entry in entries}
        )
        return list(entries)


class FakeFeatures:
    """Counts what it was told."""

    def __init__(self) -> None:
        self.added: list[Entry] = []

    def add(self, transaction: MemoryTransaction, entries: Sequence[Entry]) -> None:
        self.added.extend(entries)


class FakeHistory:
    """Remembers one message before all others."""

    def __init__(self, message: Message) -> None:
        self.message = message

    def before(self, asked: Sequence[Message]) -> list[Message]:
        return [self.message]


class FakeFlight(Flight[Claim]):
    """Lets time pass instead of waiting, while nothing runs."""

    def __init__(self, passes: Callable[[float], None]) -> None:
        super().__init__()
        self.passes, self.patience = passes, 5.0

    def wait(self, seconds: float) -> None:
        if len(self):
            super().wait(self.patience)
        else:
            self.passes(seconds)


class FakeStop(threading.Event):
    """Lets time pass instead of waiting."""

    def __init__(self, passes: Callable[[float], None]) -> None:
        super().__init__()
        self.passes = passes

    def wait(self, timeout: float | None = None) -> bool:
        self.passes(timeout or 0.0)
        return self.is_set()


class Bench:
    """An asker among fakes, with a clock that moves when it waits and nothing runs."""

    def __init__(
        self, local: Decision, better: Decision, earlier: Message, script: Script, **policy: Any
    ) -> None:
        self.now = 0.0
        self.stop, self.empty = FakeStop(self.pass_time), threading.Event()
        self.flight = FakeFlight(self.pass_time)
        self.empty.set()
        self.messages: dict[tuple[str, str], Message] = {}
        self.lane = MemoryLane(
            lambda *identity: self.messages[identity], lease=120.0, clock=lambda: self.now
        )
        breaker = CallBreaker(BreakerPolicy(least=policy.pop("least", 1)), lambda: self.now)
        self.answerer = FakeAnswerer(better, script, breaker)
        self.answerers: Callable[[str], FakeAnswerer] = lambda run: self.answerer
        self.abandoned = 0
        self.decisions, self.features = FakeDecisions(local), FakeFeatures()
        self.asker = Asker(
            self.lane,
            FakeHistory(earlier),
            lambda run: self.answerers(run),
            MemoryTransactions(),
            self.decisions,
            self.features,
            breaker,
            policy=AskPolicy(**{"idle": 0.1, "gather": 0.0, "threads": 1, "leave": 0.0, **policy}),
            stop=self.stop,
            abandon=self._abandon,
            flight=self.flight,
            clock=lambda: self.now,
        )

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def _abandon(self) -> int:
        self.abandoned += 1
        return 0

    def put(self, *messages: Message, **values: Any) -> None:
        self.messages.update({message.identity: message for message in messages})
        with MemoryTransactions().begin() as transaction:
            self.lane.put(
                transaction,
                [
                    Question(
                        m.platform, m.message_id, m.room_id, m.sent_at, **{"revision": 0, **values}
                    )
                    for m in messages
                ],
            )


def until(holds: Callable[[], bool]) -> None:
    """Wait for another thread."""
    for _ in range(10_000):
        if holds():
            return
        threading.Event().wait(0.001)
    raise AssertionError("it never came")


MakeBench = Callable[..., Bench]


@pytest.fixture
def bench(make_decision: MakeDecision, make_message: MakeMessage) -> MakeBench:
    local, better = make_decision("chatter", degraded=True), make_decision("price_inquiry")
    return lambda script=lambda claims, number: None, **policy: Bench(
        local, better, make_message("earlier"), script, **policy
    )


def failing(error: Exception, times: int) -> Script:
    def script(claims: Sequence[Claim], number: int) -> None:
        if number <= times:
            raise error

    return script


def test_a_room_is_asked_together_and_answers_become_the_next_revision(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench()
    at.put(*(make_message(str(number)) for number in range(45)))
    report = at.asker.run(empty=at.empty)
    assert [len(call) for call in at.answerer.calls] == [20, 20, 5]
    assert at.answerer.before == [["earlier"]] * 3
    assert {revision for revision, _ in at.decisions.standing.values()} == {1}
    assert (report.asked, report.improved, report.batches, at.lane.waiting()) == (45, 45, 3, 0)


def test_features_get_the_decision_that_was_replaced(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench()
    at.put(make_message())
    at.asker.run(empty=at.empty)
    assert [(entry.previous, entry.decision) for entry in at.features.added] == [
        (at.decisions.first, at.answerer.decision)
    ]


def test_several_rooms_are_asked_at_a_time(bench: MakeBench, make_message: MakeMessage) -> None:
    together = threading.Barrier(4, timeout=10)
    at = bench(lambda claims, number: together.wait() and None, threads=4)
    at.put(*(make_message(room_id=str(room)) for room in range(4)))
    assert at.asker.run(empty=at.empty).improved == 4


def test_no_more_calls_run_than_threads_allow(bench: MakeBench, make_message: MakeMessage) -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    def script(claims: Sequence[Claim], number: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.002)
        with lock:
            running[0] -= 1

    at = bench(script, threads=3)
    at.put(*(make_message(room_id=str(room)) for room in range(30)))
    assert at.asker.run(empty=at.empty).improved == 30
    assert most[0] <= 3


def test_a_message_without_an_answer_keeps_its_local_decision(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench()
    at.put(make_message("unspeakable"), make_message("fine"))
    report = at.asker.run(empty=at.empty)
    assert (report.improved, report.unanswered, at.lane.waiting()) == (1, 1, 0)


def test_an_answer_to_an_overtaken_question_changes_nothing(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench()
    message = make_message()
    at.put(message)
    at.decisions.standing[message.identity] = (1, at.decisions.first)
    report = at.asker.run(empty=at.empty)
    assert (report.improved, report.overtaken, at.features.added, at.lane.waiting()) == (
        0,
        1,
        [],
        0,
    )


def test_an_outage_costs_no_attempt_and_loses_nothing(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench(failing(LlmUnavailable("the server is away"), 5), attempts=1, drain_patience=1000.0)
    at.put(*(make_message(room_id=str(room)) for room in range(3)))
    report = at.asker.run(empty=at.empty)
    assert (report.improved, report.failures, report.given_up, at.lane.waiting()) == (3, 5, 0, 0)


def test_during_an_outage_one_call_at_a_time_probes_with_growing_pauses(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    times: list[float] = []

    def script(claims: Sequence[Claim], number: int) -> None:
        times.append(at.now)
        if at.now < 300:
            raise LlmUnavailable("the server is away")

    at = bench(script, threads=8, drain_patience=1000.0)
    at.put(*(make_message(room_id=str(room)) for room in range(50)))
    assert at.asker.run(empty=at.empty).improved == 50
    probes = [moment for moment in times if 0 < moment < 300]
    assert len(probes) <= 20
    assert min(after - before for before, after in itertools.pairwise(probes)) >= 0.7


def test_a_server_that_names_a_time_is_left_alone_so_long(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench(failing(LlmUnavailable("slow down", wait=40.0), 1))
    at.put(make_message())
    at.asker.run(empty=at.empty)
    assert at.now >= 40.0


def test_a_batch_that_fails_while_others_are_answered_is_asked_one_by_one_and_given_up(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    poisoned: list[int] = []

    def script(claims: Sequence[Claim], number: int) -> None:
        texts = [claim.message.text for claim in claims]
        if "poison" in texts:
            poisoned.append(number)
            fellow = other if len(texts) > 1 else beside
            until(lambda: fellow.identity in at.decisions.standing)
            raise LlmUnavailable("the call took too long")
        until(lambda: len(poisoned) == (1 if texts == ["other"] else 2))
        at.now += 1

    at = bench(script, threads=2, attempts=2, least=5)
    beside = make_message("fellow")
    other = make_message("other", room_id="room-2")
    at.put(make_message("poison"), beside, other)
    report = at.asker.run(empty=at.empty)
    assert (report.improved, report.given_up, report.failures, at.lane.waiting()) == (2, 1, 0, 0)


def test_a_defect_met_by_one_text_does_not_keep_its_room_from_being_asked(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    def script(claims: Sequence[Claim], number: int) -> None:
        if any(claim.message.text == "poison" for claim in claims):
            raise ZeroDivisionError

    at = bench(script, attempts=3)
    at.put(*(make_message("poison" if number == 7 else str(number)) for number in range(20)))
    report = at.asker.run(empty=at.empty)
    assert (report.improved, report.given_up, at.lane.waiting()) == (19, 1, 0)
    assert at.answerer.calls.count(["poison"]) == 2


def test_a_spent_budget_leaves_questions_in_the_lane_and_is_said_once(
    bench: MakeBench, make_message: MakeMessage, capsys: pytest.CaptureFixture[str]
) -> None:
    at = bench(failing(BudgetSpent("the budget of this hour is spent", wait=1200.0), 10))
    at.put(*(make_message(room_id=str(room)) for room in range(3)))
    at.empty.clear()

    def leave_later(claims: Sequence[Claim], number: int) -> None:
        if number == 10:
            at.stop.set()
        raise BudgetSpent("the budget of this hour is spent", wait=1200.0)

    at.answerer.script = leave_later
    at.asker.run(empty=at.empty)
    assert (at.lane.waiting(), at.decisions.standing) == (3, {})
    assert "".join(capsys.readouterr()).count("the budget of this hour is spent") == 1
    assert at.now >= 9 * 30.0


def test_draining_ends_at_once_when_the_money_is_spent(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench(failing(BudgetSpent("spent", wait=1200.0), 100))
    at.put(make_message())
    with pytest.raises(BudgetSpent):
        at.asker.run(empty=at.empty)
    assert (len(at.answerer.calls), at.lane.waiting()) == (1, 1)


def test_draining_ends_when_the_llm_stays_away(bench: MakeBench, make_message: MakeMessage) -> None:
    at = bench(failing(LlmUnavailable("the server is away"), 100), drain_patience=60.0)
    at.put(make_message())
    with pytest.raises(LlmUnavailable):
        at.asker.run(empty=at.empty)
    assert (at.now < 200.0, at.lane.waiting()) == (True, 1)


def test_a_key_refused_at_first_stops_an_asker_that_insists(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench(failing(LlmForbidden("the key is refused"), 100))
    at.empty.clear()
    at.put(*(make_message(room_id=str(room)) for room in range(5)))
    with pytest.raises(LlmForbidden):
        at.asker.run(empty=at.empty, insists=True)
    assert (len(at.answerer.calls), at.lane.waiting()) == (1, 5)


def test_draining_ends_at_once_when_the_key_is_refused(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench(failing(LlmForbidden("the key is refused"), 100))
    at.put(*(make_message(room_id=str(room)) for room in range(5)))
    with pytest.raises(LlmForbidden):
        at.asker.run(empty=at.empty)
    assert (len(at.answerer.calls), at.lane.waiting()) == (1, 5)


@pytest.mark.parametrize(("insists", "first"), [(False, 0), (True, 1)])
def test_a_refused_key_is_tried_now_and_then_and_after_it_is_mended_all_goes_on(
    bench: MakeBench, make_message: MakeMessage, insists: bool, first: int
) -> None:
    times: list[float] = []

    def script(claims: Sequence[Claim], number: int) -> None:
        times.append(at.now)
        if number > first and at.now < 3600:
            raise LlmForbidden("the key is refused")
        if at.lane.waiting() == 1:
            at.stop.set()

    at = bench(script, threads=8, leave=5.0)
    at.empty.clear()
    at.put(*(make_message(room_id=str(room)) for room in range(20)))
    report = at.asker.run(empty=at.empty, insists=insists)
    assert (report.improved, report.given_up, at.lane.waiting()) == (20, 0, 0)
    refused = [moment for moment in times if moment < 3600]
    assert 5 <= len(refused) - first <= 8 + 16  # the first eight at once, then a probe now and then


def test_a_run_with_a_broken_prompt_does_not_keep_the_others_waiting(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench(leave=5.0)
    broken, sound = make_message("broken"), make_message("sound")

    def answerers(run: str) -> FakeAnswerer:
        if run == "candidate":
            raise TemplateError("prompts/candidate.prompty: unknown key")
        at.stop.set()
        return at.answerer

    at.answerers = answerers
    at.put(broken, run="candidate")
    at.put(sound, priority=Priority.BACKFILL)
    at.empty.clear()
    at.asker.run(empty=at.empty)
    assert list(at.decisions.standing) == [sound.identity]


def test_leaving_does_not_wait_for_a_running_call_and_its_answer_changes_nothing(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def script(claims: Sequence[Claim], number: int) -> None:
        begun.set()
        at.stop.set()
        assert go_on.wait(10)

    at = bench(script, leave=0.0)
    at.put(make_message())
    at.flight.patience = 0.01
    at.asker.run()
    assert begun.is_set()
    assert (at.lane.waiting(), at.abandoned) == (1, 1)
    assert [claim.attempts for claim in at.lane.take(20, 0.0)] == [1]
    calls = [thread for thread in threading.enumerate() if thread.name == "asking"]
    go_on.set()
    for call in calls:
        call.join(10)
    assert (at.decisions.standing, at.lane.waiting()) == ({}, 1)


def test_an_answer_waits_for_a_database_that_is_away(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench()
    at.decisions.outages = 3
    at.put(make_message())
    report = at.asker.run(empty=at.empty)
    assert (report.improved, len(at.answerer.calls)) == (1, 1)


def test_live_questions_that_are_too_old_are_dropped_with_a_count(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench(
        failing(LlmUnavailable("away"), 1000),
        live_age=600.0,
        tend_every=30.0,
        drain_patience=10_000.0,
    )
    at.put(make_message())
    report = at.asker.run(empty=at.empty)
    assert (report.dropped, at.lane.waiting(), at.decisions.standing) == (1, 0, {})


def test_draining_a_paused_lane_says_so_instead_of_waiting(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench()
    at.put(make_message())
    at.lane.pause()
    with pytest.raises(OperatorError, match="intent lane resume"):
        at.asker.run(empty=at.empty)
    assert (at.answerer.calls, at.lane.waiting()) == ([], 1)


def test_a_question_whose_askers_died_is_asked_all_the_same(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    at = bench(attempts=1)
    at.put(make_message())
    for _ in range(5):
        assert at.lane.take(20, 0.0)
        at.now += 121
    report = at.asker.run(empty=at.empty)
    assert (report.improved, report.given_up) == (1, 0)


def test_leaving_uses_the_replies_that_come_in_time(
    bench: MakeBench, make_message: MakeMessage
) -> None:
    def script(claims: Sequence[Claim], number: int) -> None:
        at.stop.set()  # told to leave while it runs

    at = bench(script, leave=5.0)
    at.put(make_message())
    report = at.asker.run()
    assert (report.improved, at.lane.waiting(), at.abandoned) == (1, 0, 0)
