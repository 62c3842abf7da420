"""Fakes and shorthands for tests of asking the LLM."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intent.classify.llm.breaker import BreakerPolicy, CallBreaker
from intent.classify.llm.calibration import load_calibration
from intent.classify.llm.classifier import AnswererPolicy, LlmAnswerer
from intent.classify.llm.client import ChatClient
from intent.classify.llm.exchange import Exchange, RetryPolicy
from intent.classify.llm.limits import RateLimits
from intent.classify.llm.models import load_models
from intent.classify.llm.prompt import load_alias
from intent.model.attempt import Attempt
from intent.model.message import Message
from intent.model.question import Answer, Claim, Question
from intent.model.taxonomy import load_taxonomy
from intent.ports.asking import Chat, Replies

PROMPTS = Path(__file__).resolve().parents[4] / "prompts"
TAXONOMY = load_taxonomy(PROMPTS / "taxonomy.yaml")
PROMPT = load_alias(PROMPTS, "production", TAXONOMY)
MODEL = load_models(PROMPTS / "models.yaml")["gpt-6-luna"]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class MemoryLedger:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []

    def book(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def spent(self, since: datetime) -> int:
        return sum(attempt.nanodollars for attempt in self.attempts if attempt.started >= since)

    @property
    def outcomes(self) -> list[str]:
        return [attempt.outcome.value for attempt in self.attempts]


class MemoryReplies:
    """A store of replies in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def find(self, keys: Sequence[str]) -> dict[str, bytes]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def keep(
        self, replies: Mapping[str, bytes], _about: Collection[tuple[str, str]] = (), /
    ) -> None:
        self.kept = {**replies, **self.kept}


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def message(text: str, number: int = 1, **more: Any) -> Message:
    return Message(
        **{
            "platform": "test",
            "room_id": "r1",
            "message_id": f"m{number}",
            "user_id": "u1",
            "kind": "comment",
            "text": text,
            "sent_at": NOON,
        }
        | more
    )


def claims(*texts: str, **more: Any) -> list[Claim]:
    made = [message(text, number, **more) for number, text in enumerate(texts, 1)]
    return [claim(one, number) for number, one in enumerate(made, 1)]


def claim(one: Message, receipt: int = 1) -> Claim:
    return Claim(
        Question(one.platform, one.message_id, one.room_id, one.sent_at, 0),
        one,
        receipt,
        "token",
        1,
    )


def exchange(
    chat: Chat, ledger: MemoryLedger | None = None, *, clock: Clock | None = None, **more: Any
) -> Exchange:
    times: dict[str, Any] = {} if clock is None else {"clock": clock, "sleep": clock.sleep}
    settings: dict[str, Any] = {"retries": RetryPolicy(call=1.0, pause=0.01), **times, **more}
    waiting: dict[str, Any] = (
        {}
        if clock is None
        else {"clock": clock, "wait": lambda condition, seconds: clock.sleep(seconds)}
    )
    limits = settings.pop("limits", None) or RateLimits(None, None, **waiting)
    breaker = settings.pop("breaker", None) or CallBreaker(BreakerPolicy(least=1000, useless=1000))
    return Exchange(chat, MODEL, ledger or MemoryLedger(), limits, breaker, **settings)


def answerer(
    chat: Chat | str,
    ledger: MemoryLedger | None = None,
    replies: Replies | None = None,
    **more: Any,
) -> LlmAnswerer:
    policy = AnswererPolicy(messages=more.pop("messages", 20), deadline=more.pop("deadline", 10.0))
    calibration = load_calibration(
        PROMPTS / "calibration.yaml", TAXONOMY, prompt=PROMPT.identity, model=MODEL.id
    )
    line = exchange(ChatClient(chat, "test-key") if isinstance(chat, str) else chat, ledger, **more)
    return LlmAnswerer(
        PROMPT,
        line,
        replies or MemoryReplies(),
        TAXONOMY,
        calibration,
        secret=b"secret",
        policy=policy,
    )


def labels(answers: Sequence[Answer]) -> list[str]:
    return [
        "+".join(one.decision.labels) if one.decision else f"local: {one.why}" for one in answers
    ]
