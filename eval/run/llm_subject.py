"""The LLM as a subject: asked exactly as the asker asks, room by room, with the few messages
before; replies come from the response store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from eval.run.hearing import Hearing
from eval.run.items import Item
from eval.run.manifest import Decider
from eval.run.predictions import Call, Guess, Prediction, Status, decided, guess
from eval.run.replies import PACE, MessageCost, RunLedger, RunReplies, reply_text, shares
from intent.model.decision import Decision
from intent.model.message import Message
from intent.model.question import Answer, Claim, Question
from intent.ports.asking import Answerer
from intent.ports.deciding import Classifier

BEFORE = 5
"""How many earlier messages of the room are handed over, as the asker does; the prompt shows the
last few of them.
"""

_STATUS: dict[str, Status] = {
    "refused": "refused",
    "truncated": "truncated",
    "too_long": "truncated",
    "filtered": "filtered",
}


class LlmSubject:
    """The LLM alone: every message is asked."""

    def __init__(
        self,
        answerer: Answerer,
        replies: RunReplies,
        ledger: RunLedger,
        decider: Decider,
        *,
        key: Callable[[Claim], str],
        history: Mapping[tuple[str, str], Sequence[Message]],
        local: Classifier | None = None,
        batch: int = 20,
        salt: str = "",
        whole_rooms: bool = False,
        pace: str = "",
        hearing: Hearing | None = None,
    ) -> None:
        """Put together.

        Args:
            key: under which the response store keeps what was said of one message.
            history: all messages of each room, in order of time, to take the messages before from.
            local: gives its opinion beside every answer; None for none.
            salt: makes all keys other ones, to ask afresh.
            whole_rooms: batches are those of the whole rooms, with what is not asked about left
                out, so that a selection sees of a room what a run of all would.
            pace: kind of note under which is written down how long one batch took, for estimates.
            hearing: hears the answerer's calls; None where nobody does.
        """
        self._hearing, self._whole_rooms, self._pace = hearing, whole_rooms, pace
        self._answerer, self._replies, self._ledger, self._decider = (
            answerer,
            replies,
            ledger,
            decider,
        )
        self._key, self._history, self._local, self._batch, self._salt = (
            key,
            history,
            local,
            batch,
            salt,
        )

    @property
    def decider(self) -> Decider:
        """What it is made of."""
        return self._decider

    @property
    def replayed(self) -> int:
        """How many messages were answered from the response store."""
        return self._replies.replayed

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """Return the messages of each room in order of time, so many at once as one request
        takes.
        """
        ordered = (
            sorted(room, key=lambda item: (item.message.sent_at, item.message.message_id))
            for room in by_room(items)
        )
        return [part for room in ordered for part in self._parts(room)]

    def _parts(self, room: list[Item]) -> list[list[Item]]:
        places: Mapping[str, int] = {}
        if self._whole_rooms:
            told = self._history.get(room[0].room, ())
            places = {one.message_id: place for place, one in enumerate(told)}
        parts: dict[int, list[Item]] = {}
        for number, item in enumerate(room):
            place = places.get(item.message.message_id, number)
            parts.setdefault(place // self._batch, []).append(item)
        return list(parts.values())

    def decide(self, batch: Sequence[Item], repeat: int) -> list[Prediction]:
        """Ask about one room's messages."""
        self._begin(repeat)
        return self._ask(batch, repeat, self._opinions(batch))

    def ask(
        self, batch: Sequence[Item], repeat: int, opinions: Sequence[Decision]
    ) -> list[Prediction]:
        """Ask about messages of one room that the local model has decided already.

        Raises:
            LlmUnavailable, LlmForbidden, OperatorError: nothing of the batch is decided; what was
                paid for is in the response store.
        """
        self._begin(repeat)
        return self._ask(batch, repeat, [guess(one) for one in opinions])

    def _begin(self, repeat: int) -> None:
        self._replies.begin(
            " ".join(part for part in (self._salt, f"repeat {repeat}" if repeat else "") if part)
        )
        self._ledger.begin()
        if self._hearing is not None:
            self._hearing.begin()

    def _ask(
        self, batch: Sequence[Item], repeat: int, opinions: Sequence[Guess | None]
    ) -> list[Prediction]:
        claims = [_claim(item, number) for number, item in enumerate(batch)]
        began = time.perf_counter()
        answers = self._answerer.answer(claims, self._before(batch))
        latency = round(time.perf_counter() - began, 6)
        keys = [self._key(claim) for claim in claims]
        self._replies.count(keys, asked=bool(self._ledger.booked()))
        told = self._replies.told()
        loose = [reply for key, reply in told.items() if key not in set(keys)]
        replies = [told.get(key, loose[-1] if loose else b"") for key in keys]
        calls: list[tuple[Call, ...]] = [()] * len(keys)
        if self._hearing is not None:
            calls = self._hearing.calls(keys, self._replies)
        costs = self._costs(keys, latency)
        parts = zip(batch, answers, replies, costs, opinions, calls, strict=True)
        return [
            _prediction(item, repeat, answer, reply, cost, local).model_copy(
                update={"calls": asked}
            )
            for item, answer, reply, cost, local, asked in parts
        ]

    def _before(self, batch: Sequence[Item]) -> list[Message]:
        oldest, asked = (
            min(item.message.sent_at for item in batch),
            {item.message.message_id for item in batch},
        )
        return [
            one
            for one in self._history.get(batch[0].room, ())
            if one.sent_at <= oldest and one.message_id not in asked
        ][-BEFORE:]

    def _opinions(self, batch: Sequence[Item]) -> list[Guess | None]:
        """Return what the local model says; it is written down, so that a replay need not ask it
        again.
        """
        if self._local is None:
            return [None] * len(batch)
        kind = f"local {self._local.versions.model}"
        notes = self._replies.notes(kind, [item.seen for item in batch], shared=True)
        known = {seen: Guess.model_validate_json(note) for seen, note in notes.items()}
        fresh = [item for item in batch if item.seen not in known]
        if fresh:
            said = {
                item.seen: guess(one)
                for item, one in zip(
                    fresh, self._local.classify([item.message for item in fresh]), strict=True
                )
            }
            self._replies.note(
                kind,
                {seen: one.model_dump_json().encode() for seen, one in said.items()},
                shared=True,
            )
            known |= said
        return [known[item.seen] for item in batch]

    def _costs(self, keys: Sequence[str], latency: float) -> list[MessageCost]:
        """Share out what was paid just now over the messages that were not paid for before."""
        known = {
            key: MessageCost.model_validate_json(note)
            for key, note in self._replies.notes("cost", keys).items()
        }
        fresh = [key for key in keys if key not in known]
        if fresh:
            paid = dict(zip(fresh, shares(self._ledger.booked(), len(fresh), latency), strict=True))
            self._replies.note(
                "cost", {key: cost.model_dump_json().encode() for key, cost in paid.items()}
            )
            if self._pace and any(one.latency for one in self._ledger.booked()):
                first = next(iter(paid.values())).model_dump_json().encode()
                self._replies.note(self._pace, {PACE: first}, shared=True)
            known |= paid
        return [known[key] for key in keys]


def _claim(item: Item, number: int) -> Claim:
    message = item.message
    question = Question(
        message.platform,
        message.message_id,
        message.room_id,
        message.sent_at,
        revision=0,
        run="eval",
    )
    return Claim(question, message, receipt=number, token="", attempts=1)


def _prediction(
    item: Item, repeat: int, answer: Answer, reply: bytes, cost: MessageCost, local: Guess | None
) -> Prediction:
    common = {
        "id": item.row.id,
        "repeat": repeat,
        "seen": item.seen,
        "stage": "llm",
        "reply": reply_text(reply),
        "local": local,
        **cost.model_dump(),
    }
    if answer.decision is not None:
        return decided(answer.decision, **common)
    return Prediction(status=_STATUS.get(answer.why, "invalid"), why=answer.why, **common)


def by_room(items: Sequence[Item]) -> list[list[Item]]:
    """Return the items of each room, in their old order."""
    rooms: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        rooms.setdefault(item.room, []).append(item)
    return list(rooms.values())
