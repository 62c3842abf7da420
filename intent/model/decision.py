"""What was decided for one message, and the versions that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from intent.model.message import AuthorRole, Message

UNMEASURED = "unmeasured"
"""Calibration version of decisions whose probabilities are only the answer's word, since no eval
has measured them; expected counts leave them out.
"""


class DecidedBy(StrEnum):
    """Who decided."""

    LOCAL = "local"
    LLM = "llm"
    HUMAN = "human"
    PLATFORM = "platform"
    """Nobody judged it: the platform or the author took the message back."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A verbatim substring of the message: ``kind`` is one of the taxonomy's slots."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Versions:
    """Everything that has to be equal for two decisions to be comparable; each is a content hash or
    ``none``.

    Attributes:
        model: of a local decision the hash of the model's files, ``+``, and the version of the
            rules beside it (folding, n-grams, slots …); of an LLM's decision the model's id.
    """

    taxonomy: str
    prompt: str
    model: str
    calibration: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision holds no message id, so that a cached one can serve another message.

    Attributes:
        probabilities: one calibrated probability in [0, 1] for each intent of the taxonomy.
        labels: the chosen intents, in the taxonomy's order; at least one, unless it was taken
            back.
        lead_probability: probability in [0, 1] of at least one lead intent, from a calibrated head
            of its own.
        is_lead: whether a lead intent was chosen.
        degraded: the LLM was wanted, and this local decision stands meanwhile.
        question_type: what a reply has to answer first, by ``prompts/questions.yaml``; None where
            nothing is asked or nobody said. It is shown and not stored.
        stated_price: the price that the message names, in hundredths of whatever currency it is in;
            this and the next two are found when it is saved, and None where there is none.
        price_gap: how far that price is above the one on screen, in millionths of an octave (a
            doubling), below zero where it is less.
        answer_seconds: of a host's or moderator's first answer to a lead, how long after it.
    """

    probabilities: Mapping[str, float]
    labels: tuple[str, ...]
    lead_probability: float
    is_lead: bool
    decided_by: DecidedBy
    versions: Versions
    slots: tuple[Slot, ...] = field(default=())
    from_cache: bool = False
    degraded: bool = False
    question_type: str | None = None
    stated_price: int | None = None
    price_gap: int | None = None
    answer_seconds: int | None = None

    @property
    def retracted(self) -> bool:
        """Whether the message was taken back: it counts for nothing from then on."""
        return self.decided_by is DecidedBy.PLATFORM


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision on its way into the store.

    Attributes:
        revision: its number if it is inserted; 0 is the first decision of a message.
        run: name of the run that made it.
        previous: the decision that it replaces for readers, if any.
        visible: readers see it; what an unpromoted run decides is kept beside, and is no concern of
            features.
    """

    message: Message
    decision: Decision
    revision: int = 0
    run: str = "production"
    previous: Decision | None = None
    visible: bool = True

    @property
    def is_lead(self) -> bool:
        """Whether it is a lead: what host and moderators write is none, whatever is decided."""
        return self.decision.is_lead and self.message.author_role is AuthorRole.VIEWER
