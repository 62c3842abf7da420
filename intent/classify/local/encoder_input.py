"""What the local model reads of a message: the folded text, and of its situation what a bare detail
needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from intent.classify.folding import fold
from intent.classify.local.ngrams import SHORT
from intent.classify.local.offers import sells_nothing
from intent.classify.local.styling import MANY, styled_letters
from intent.model.message import AuthorRole, Kind, Message


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """A message as the model reads it.

    Attributes:
        text: folded.
        encoded: what the encoder is given; empty where the text has neither letters nor digits.
    """

    text: str
    encoded: str


def encoder_input(message: Message) -> EncoderInput:
    """Read one message.

    Who writes and where stands before the text only where it is not the usual viewer under a
    stream that sells. What the room shows is added to brief texts alone: they may be bare details,
    and for longer ones it would double the work of the encoder.
    """
    text = fold(message.text)
    if not any(sign.isalnum() for sign in text):
        # Emoji and signs: n-grams alone decide.
        return EncoderInput(text, "")
    parts = [text]
    if styled_letters(message.text) >= MANY:
        parts.insert(0, "styled:")
    if message.kind is Kind.CHAT:
        parts.insert(0, "chat:")
    if message.author_role is not AuthorRole.VIEWER:
        parts.insert(0, "host:")
    if sells_nothing(message):
        parts.insert(0, "nothing sold:")
    if message.reply_to is not None and message.reply_to.text:
        parts.append(f"/ re {fold(message.reply_to.text)}")
    if len(text) <= SHORT and message.context is not None and message.context.item:
        parts.append(f"/ {fold(message.context.item)}")
    return EncoderInput(text, " ".join(parts))
