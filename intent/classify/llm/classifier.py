"""Asks an LLM about messages of one room, and turns its replies into decisions; implements
``Answerer``.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from intent.classify.llm.batch import Batch, Entry, Heard, compose, lots, prepare, shown_in
from intent.classify.llm.books import About
from intent.classify.llm.calibration import Calibration
from intent.classify.llm.canary import CANARY
from intent.classify.llm.exchange import Exchange
from intent.classify.llm.kept import KEPT, as_kept, from_kept, part_as_kept, part_from_kept
from intent.classify.llm.prompt import Prompt
from intent.classify.llm.reply import Asked, Reading, Verdict, read_reply
from intent.model.attempt import Outcome
from intent.model.completion import Completion, Request
from intent.model.decision import DecidedBy, Decision, Slot, Versions
from intent.model.errors import LlmForbidden
from intent.model.message import Message
from intent.model.question import Answer, Claim
from intent.model.taxonomy import Taxonomy
from intent.ports.asking import Replies
from intent.telemetry import logger

ANSWER_BASE = 60
"""Tokens that a reply needs beside those for its messages."""


@dataclass(frozen=True, slots=True)
class AnswererPolicy:
    """How much at once, how patient.

    Attributes:
        messages: messages in one request, at most.
        deadline: seconds for all requests of one call of :meth:`LlmAnswerer.answer`.
    """

    messages: int = 20
    deadline: float = 60.0


@dataclass(slots=True)
class _Round:
    """One call of :meth:`LlmAnswerer.answer`: what is known so far, by the entries' keys."""

    about: About
    before: Sequence[Message]
    deadline: float
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    proved: bool = False


class LlmAnswerer:
    """Asks about the messages of a room with one prompt and one model; used by several threads at
    once.
    """

    def __init__(
        self,
        prompt: Prompt,
        exchange: Exchange,
        replies: Replies,
        taxonomy: Taxonomy,
        calibration: Calibration,
        *,
        secret: bytes,
        policy: AnswererPolicy = AnswererPolicy(),
        heard: Heard = lambda batch, completion: None,
    ) -> None:
        """Put together.

        Args:
            secret: what the messages' authors do not know and a restart does not change; ids and
                order in a request follow from it.
        """
        self._prompt, self._exchange = prompt, exchange
        self._replies, self._taxonomy = replies, taxonomy
        self._calibration, self._secret, self._policy = calibration, secret, policy
        self._log, self._heard = logger("llm"), heard
        self.versions = Versions(
            taxonomy.version, prompt.identity, exchange.model.id, calibration.version
        )

    def answer(self, claims: Sequence[Claim], before: Sequence[Message]) -> list[Answer]:
        """Return one answer for each claim, in order; see :class:`intent.ports.Answerer`.

        What was paid for is kept before it is used: when this raises half way, or the process dies,
        the next call finds it and goes on from there.

        Raises:
            LlmUnavailable: the server is away or asks us to wait.
            BudgetSpent: the next request would cost more than is left.
            LlmForbidden: quota, key or request are refused.
            Stopping: we were asked to leave.
        """
        if not claims:
            return []
        entries = [
            prepare(claim, f"{self._prompt.identity}:{self._exchange.model.id}") for claim in claims
        ]
        question = claims[0].question
        about = About(
            question.run, question.platform, question.room_id, self._prompt.identity, len(claims)
        )
        known = {claim.message.identity for claim in claims}
        round_ = _Round(
            about,
            [one for one in before if one.identity not in known],
            self._exchange.clock() + self._policy.deadline,
        )
        self._recall(entries, round_)
        unknown = [entry for entry in entries if entry.key not in round_.verdicts]
        waiting = deque(lots(unknown, self._policy.messages))
        while waiting:
            waiting.extendleft(reversed(self._ask(waiting.popleft(), round_)))
        return [self._answer(entry, round_) for entry in entries]

    def request(self, batch: Batch) -> Request:
        """Return the request for a batch."""
        return Request(
            self._exchange.model.id,
            tuple(self._prompt.chat(batch.room, batch.before, batch.messages)),
            self._prompt.schema,
            self._prompt.front.model.parameters,
            ANSWER_BASE + self._prompt.front.model.parameters.answer_tokens * len(batch.messages),
        )

    def _recall(self, entries: Sequence[Entry], round_: _Round) -> None:
        """Take over what was answered for these messages before."""
        kept = self._replies.find([entry.key for entry in entries])
        for entry in entries:
            if entry.key in kept:
                verdict = part_from_kept(kept[entry.key], entry.asked, self._taxonomy)
                if verdict is not None:
                    round_.verdicts[entry.key] = verdict
        if round_.verdicts:
            self._book_replay(
                hashlib.sha256("".join(sorted(round_.verdicts)).encode("ascii")).hexdigest(),
                round_,
                len(round_.verdicts),
            )

    def _ask(self, lot: list[Entry], round_: _Round) -> list[list[Entry]]:
        """Ask about a lot; return the smaller lots that have to be asked again."""
        batch = compose(lot, round_.before, self._secret)
        request = self.request(batch)
        completion = self._kept(request, round_, len(lot)) or self._send(
            request, batch, round_, len(lot)
        )
        self._heard(batch, completion)
        if completion.outcome is Outcome.ANSWERED:
            return self._read(batch, request, completion, round_)
        if completion.outcome is Outcome.BAD_REQUEST:
            self._prove_request(completion, round_)
        elif completion.outcome in KEPT:
            self._replies.keep(
                {request.digest: as_kept(completion)}, shown_in(batch, round_.before)
            )
        self._log.warning(
            "request without an answer",
            outcome=completion.outcome.value,
            reason=completion.reason,
            messages=len(lot),
        )
        return self._smaller(lot, completion.outcome.value, round_)

    def _send(self, request: Request, batch: Batch, round_: _Round, messages: int) -> Completion:
        """Send a request. When hardly a reply could be used of late, a harmless message is asked
        about first: its answer tells the breaker whether the messages are to blame or the server.
        """
        if self._exchange.breaker.is_doubtful:
            self._ask_canary(round_)
        return self._exchange.ask(
            request,
            _counting(round_.about, messages),
            round_.deadline,
            useful=lambda text: _says_anything(read_reply(text, batch.asked, self._taxonomy)),
        )

    def _read(
        self, batch: Batch, request: Request, completion: Completion, round_: _Round
    ) -> list[list[Entry]]:
        reading = read_reply(completion.text, batch.asked, self._taxonomy)
        assert reading is not None, "the exchange lets no other text through as an answer"
        verdicts = {
            entry.key: verdict
            for one, verdict in reading.verdicts.items()
            for entry in batch.entries[one].everybody
        }
        if verdicts:  # what says nothing of anybody is no answer, and is not kept as one
            parts = {key: part_as_kept(one, self._taxonomy) for key, one in verdicts.items()}
            self._replies.keep(
                {request.digest: as_kept(completion), **parts}, shown_in(batch, round_.before)
            )
        round_.verdicts.update(verdicts)
        faulty = [batch.entries[one] for one in reading.faults]
        if faulty or reading.unknown or reading.lost_slots:
            self._log.warning(
                "reply with faults",
                faults=_counted(reading.faults.values()),
                unknown=reading.unknown,
                lost_slots=reading.lost_slots,
            )
        if len(batch.entries) == 1 and faulty:
            return self._smaller(faulty, next(iter(reading.faults.values())), round_)
        return [[entry] for entry in faulty]

    def _smaller(self, lot: list[Entry], why: str, round_: _Round) -> list[list[Entry]]:
        half = len(lot) // 2
        if half:
            return [lot[:half], lot[half:]]
        round_.why.update({entry.key: why for entry in lot[0].everybody})
        return []

    def _kept(self, request: Request, round_: _Round, messages: int) -> Completion | None:
        """Return the reply to this very request, if it was paid for before."""
        found = self._replies.find([request.digest]).get(request.digest)
        if found is None:
            return None
        self._book_replay(request.digest, round_, messages)
        return from_kept(found)

    def _book_replay(self, request: str, round_: _Round, messages: int) -> None:
        about = _counting(round_.about, messages)
        self._exchange.books.replay(self._exchange.model, request, about)

    def _prove_request(self, refused: Completion, round_: _Round) -> None:
        """Find out who is to blame for a bad request: the messages in it, or everything that we
        send.

        Raises:
            LlmForbidden: the server refuses a harmless message too.
        """
        if round_.proved:
            return
        canary = self._ask_canary(round_)
        if canary.outcome is Outcome.BAD_REQUEST:
            # The server's own words are about a message of ours: they quote nobody.
            raise LlmForbidden(
                f"the LLM server refuses what we send ({refused.reason}: {canary.said}); check "
                "INTENT_LLM_MODEL and INTENT_LLM_BASE_URL, and the prompt with: intent prompts "
                "lint"
            )
        round_.proved = True

    def _ask_canary(self, round_: _Round) -> Completion:
        batch = compose([prepare(CANARY, self._prompt.identity)], (), self._secret)
        return self._exchange.ask(
            self.request(batch),
            _counting(round_.about, 0),
            round_.deadline,
            useful=lambda text: _says_anything(read_reply(text, batch.asked, self._taxonomy)),
        )

    def _answer(self, entry: Entry, round_: _Round) -> Answer:
        verdict = round_.verdicts.get(entry.key)
        if verdict is None:
            return Answer(entry.claim, None, round_.why.get(entry.key, "unanswered"))
        is_lead = not self._taxonomy.leads.isdisjoint(verdict.labels)
        decision = Decision(
            probabilities=self._calibration.probabilities(verdict.labels),
            labels=verdict.labels,
            lead_probability=self._calibration.lead_probability(named=is_lead),
            is_lead=is_lead,
            decided_by=DecidedBy.LLM,
            versions=self.versions,
            slots=_restored(verdict, entry.asked),
        )
        return Answer(entry.claim, decision)


def _says_anything(reading: Reading | None) -> bool:
    return reading is not None and bool(reading.verdicts)


def _restored(verdict: Verdict, asked: Asked) -> tuple[Slot, ...]:
    return tuple(Slot(slot.kind, asked.sent.restored(slot.text)) for slot in verdict.slots)


def _counting(about: About, messages: int) -> About:
    return About(about.run, about.platform, about.room_id, about.prompt, messages)


def _counted(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts
