"""What was decided for one message, and the versions that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class DecidedBy(StrEnum):
    """Who decided."""

    LOCAL = "local"
    LLM = "llm"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Slot:
    """A verbatim substring of the message: ``kind`` is one of the taxonomy's slots."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Versions:
    """Everything that has to be equal for two decisions to be comparable; each is a content hash or ``none``."""

    taxonomy: str
    prompt: str
    model: str
    calibration: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision holds no message id, so that a cached one can serve another message.

    Attributes:
        probabilities: one calibrated probability in [0, 1] for each intent of the taxonomy.
        labels: the chosen intents, in the taxonomy's order; at least one.
        lead_probability: probability in [0, 1] of at least one lead intent, from a calibrated head of its own.
        is_lead: whether a lead intent was chosen.
        degraded: the LLM was wanted, and this local decision stands meanwhile.
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
