"""What the local model reads of a message: the folded text, its words in English, and of its
situation what a bare detail needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from intent.classify.folding import fold
from intent.classify.local.ngrams import SHORT
from intent.classify.local.styling import MANY, styled_letters
from intent.classify.local.translate import Glossary
from intent.model.message import AuthorRole, Kind, Message


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """A message as the model reads it.

    Attributes:
        text: folded.
        english: the folded text with known words in English.
        encoded: what the encoder is given; empty when nothing of the text could be told to it.
    """

    text: str
    english: str
    encoded: str


def encoder_input(message: Message, glossary: Glossary) -> EncoderInput:
    """Read one message.

    Who writes and where stands before the text only where it is not the usual viewer under a
    stream. What the room shows is added to brief texts alone: they may be bare details, and for
    longer ones it would double the work of the encoder.
    """
    text = fold(message.text)
    english = glossary.translate(text)
    if not any(sign.isalnum() for sign in english):
        # Emoji and signs, or words of an unspaced script that the glossary does not know: n-grams
        # alone decide.
        return EncoderInput(text, english, "")
    parts = [english]
    if styled_letters(message.text) >= MANY:
        parts.insert(0, "styled:")
    if message.kind is Kind.CHAT:
        parts.insert(0, "chat:")
    if message.author_role is not AuthorRole.VIEWER:
        parts.insert(0, "host:")
    if message.reply_to is not None and message.reply_to.text:
        parts.append(f"/ re {glossary.translate(fold(message.reply_to.text))}")
    if len(text) <= SHORT and message.context is not None and message.context.item:
        parts.append(f"/ {glossary.translate(fold(message.context.item))}")
    return EncoderInput(text, english, " ".join(parts))
