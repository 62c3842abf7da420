"""A message as an LLM is shown it, contact details disguised, alone and with its setting."""

from __future__ import annotations

from collections.abc import Mapping

from intent.classify.llm.batch import prepare
from intent.model.message import Message
from intent.model.question import Claim, Question


def shown(message: Message) -> Mapping[str, str]:
    """Return what is shown of a message: its text, what is unusual about it, offer and item."""
    question = Question(
        message.platform, message.message_id, message.room_id, message.sent_at, revision=0
    )
    entry = prepare(Claim(question, message, 0, "", 1), "")
    setting = dict(zip(("offer", "item"), entry.setting, strict=True))
    return {**entry.shown, **{name: text for name, text in setting.items() if text}}
