"""What was said of each message, one JSON object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intent.model.decision import Decision, Slot
from intent.model.errors import OperatorError

DIGITS = 6
"""Digits that are kept of a probability."""

Status = Literal["answered", "invalid", "refused", "truncated", "filtered", "unavailable"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Guess(_Data):
    """What the local model would have said beside another's answer."""

    labels: tuple[str, ...]
    lead_probability: float
    probabilities: tuple[float, ...]


class Call(_Data):
    """One request in which a message was asked about, and what came back of it.

    Attributes:
        outcome: ``answered``, or why the reply was no use for this message.
        sent: the message as it was sent, contact details disguised.
        reply: what the LLM wrote about it, as it wrote it; the beginning of all that it wrote where
            nothing of it can be read.
        messages: how many were asked about at once; tokens are those of the whole request.
        invented: slots that do not stand in the message.
    """

    outcome: str
    sent: str
    reply: str
    messages: int
    input_tokens: int = 0
    output_tokens: int = 0
    invented: int = 0


class Prediction(_Data):
    """One decision, or the reason why there is none.

    Attributes:
        id: of the row; ``repeat`` counts from 0.
        seen: hash of the message as it was shown to the decider.
        status: what became of the reply; ``answered`` for every local decision.
        labels: chosen labels; none where the reply could not be used.
        probabilities: in the taxonomy's order; none where there is no decision.
        reply: what the LLM said of this message, as it was read.
        calls: every request about it, in order, with what came back as it came.
        nanodollars, input_tokens, cached_tokens, output_tokens: this message's part of its
            requests.
        latency: seconds until the batch that the message was in was decided.
    """

    id: str
    repeat: int = 0
    seen: str
    status: Status = "answered"
    why: str = ""
    labels: tuple[str, ...] = ()
    lead_probability: float | None = None
    probabilities: tuple[float, ...] = ()
    slots: tuple[tuple[str, str], ...] = ()
    stage: Literal["cache", "gate", "local", "llm"]
    reply: str | None = None
    calls: tuple[Call, ...] = ()
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    nanodollars: int = 0
    latency: float = Field(0.0, ge=0)
    local: Guess | None = None

    @property
    def key(self) -> tuple[int, str]:
        """What makes it the same prediction: repeat and id."""
        return self.repeat, self.id


def decided(decision: Decision, **known: Any) -> Prediction:
    """Return a decision as a prediction; ``known`` are its other fields."""
    return Prediction(
        labels=decision.labels,
        lead_probability=round(decision.lead_probability, DIGITS),
        probabilities=tuple(round(value, DIGITS) for value in decision.probabilities.values()),
        slots=tuple((slot.kind, slot.text) for slot in decision.slots),
        **known,
    )


def guess(decision: Decision) -> Guess:
    """Return a decision as an opinion beside another's."""
    rounded = tuple(round(value, DIGITS) for value in decision.probabilities.values())
    return Guess(
        labels=decision.labels,
        lead_probability=round(decision.lead_probability, DIGITS),
        probabilities=rounded,
    )


def slots_of(prediction: Prediction) -> frozenset[Slot]:
    """Return the slots that were found, each once."""
    return frozenset(Slot(kind, text) for kind, text in prediction.slots)


def read_predictions(path: Path, *, torn: bool = False) -> list[Prediction]:
    """Read predictions; with ``torn`` a last line that a crash cut short is left out.

    Raises:
        OperatorError: the file cannot be read, or a line is no prediction.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        if torn:
            return []
        raise OperatorError(
            f"{path} is missing: the run was not finished; go on with: python -m eval run --resume"
        ) from None
    except OSError as error:
        raise OperatorError(f"the predictions {path} cannot be read: {error.strerror}") from error
    if torn:
        lines = lines[:-1]
    found = []
    for number, line in enumerate(lines, 1):
        if line:
            try:
                found.append(Prediction.model_validate_json(line))
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                raise OperatorError(
                    f"{path}:{number} is no prediction: {'.'.join(map(str, first['loc']))}: "
                    f"{first['msg']}"
                ) from None
    return found


def lines_of(predictions: Iterable[Prediction]) -> bytes:
    """Return predictions as JSON lines; what is as it always is stays out."""
    told = (one.model_dump(mode="json", exclude_defaults=True) for one in predictions)
    return b"".join(
        json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for one in told
    )


def append(path: Path, predictions: Sequence[Prediction]) -> None:
    """Add predictions at the end in one write: safe from a crash of this process; what a crash of
    the machine takes is decided again.
    """
    with path.open("ab") as file:
        file.write(lines_of(predictions))


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
