"""Tells a classifier that is broken from messages that cannot be decided."""

from __future__ import annotations

from datetime import UTC, datetime

from intent.model.errors import ClassifierUnavailable
from intent.model.message import Kind, Message
from intent.ports.deciding import Classifier

CANARY = Message(
    platform="canary",
    room_id="canary",
    message_id="canary",
    user_id="canary",
    kind=Kind.COMMENT,
    text="hello",
    sent_at=datetime(2026, 1, 1, tzinfo=UTC),
)
"""A message that any working classifier decides: when it fails too, the classifier is to blame and
no message.
"""


def prove_that_it_works(classifier: Classifier, error: Exception) -> None:
    """Decide a message that any classifier decides, after ``error`` came of others.

    Raises:
        ClassifierUnavailable: that fails too, so no message is to blame.
    """
    try:
        classifier.classify([CANARY])
    except Exception as second:
        raise ClassifierUnavailable(
            f"the classifier fails for every message: {type(error).__name__}"
        ) from second
