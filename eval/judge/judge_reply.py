"""Reads a judge's reply: one object with the id that was asked and yes, no or unsure; everything
else is a failure, and never an answer.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from eval.judge.judge_case import JudgeCase
from intent.classify.llm.shape import find_one
from intent.classify.placeholders import disguise
from intent.model.attempt import Outcome
from intent.model.completion import Completion

MOST_CHARACTERS = 300
"""How much of a reason is kept."""

Said = Literal["yes", "no", "unsure", "failed"]


class JudgeAnswer(BaseModel):
    """What a judge said of one case; ``failed`` where nothing that it wrote could be used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    said: Said
    why: str = ""


def _plain(value: object) -> object:
    return value.strip().casefold() if isinstance(value, str) else value


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    id: str
    answer: Annotated[Literal["yes", "no", "unsure"], BeforeValidator(_plain)]
    why: str = ""


def is_judge_reply(text: str) -> bool:
    """Say whether a text has the shape of a judge's reply."""
    return find_one(text, _read) is not None


def read_judge_reply(case: JudgeCase, completion: Completion) -> JudgeAnswer:
    """Return what was said of a case; a reason is disguised, for it may quote what it should
    not.
    """
    if completion.outcome is not Outcome.ANSWERED:
        return JudgeAnswer(said="failed", why=completion.outcome.value)
    found = find_one(completion.text, _read)
    if found is None:
        return JudgeAnswer(said="failed", why="no answer, or more than one")
    if found.id != case.id:
        return JudgeAnswer(said="failed", why="the answer is about another case")
    return JudgeAnswer(
        said=found.answer, why=disguise(" ".join(found.why.split())).text[:MOST_CHARACTERS]
    )


def _read(value: Any) -> _Reply | None:
    try:
        return _Reply.model_validate(value)
    except ValidationError:
        return None
