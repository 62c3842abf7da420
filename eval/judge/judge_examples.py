"""Labelled examples for a judge: cases whose right answer is known, one JSON object a line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.data.dataset import ExpectedSlot, Labels, WireMessage
from eval.judge.judge_case import JudgeCase, judge_case
from intent.model.errors import OperatorError
from intent.model.message import Message
from intent.model.taxonomy import Taxonomy
from intent.sources.decoding import read_text

EXAMPLES = Path(__file__).resolve().parents[1] / "datasets" / "judge" / "examples.jsonl"
"""Those that ship; see the card beside them."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JudgeExample(_Data):
    """A question about a decision, and what is right.

    Attributes:
        labels, slots: the decision that is asked about, whether it is right or not.
        right: what people answer.
        hostile: the message tells whoever reads it what to answer.
    """

    id: Annotated[str, Field(min_length=1)]
    lang: str
    input: WireMessage
    question: Annotated[str, Field(min_length=1, max_length=500)]
    labels: Labels
    slots: tuple[ExpectedSlot, ...] = ()
    right: Literal["yes", "no"]
    by: str
    hostile: bool = False

    def case(self, taxonomy: Taxonomy) -> JudgeCase:
        """Return what a judge is asked.

        Raises:
            ValidationError: the service would refuse the message.
        """
        message = Message.model_validate_json(self.input.model_dump_json(exclude_none=True))
        slots = [(slot.kind, slot.text) for slot in self.slots]
        return judge_case(message, self.question, self.labels, slots, taxonomy)


def load_examples(path: Path, taxonomy: Taxonomy) -> list[JudgeExample]:
    """Read labelled examples.

    Raises:
        OperatorError: the file cannot be read, holds none, or a line is no example, names a label
            that the taxonomy lacks, or stands twice; the first such line is named.
    """
    try:
        lines = read_text(path).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"the judge's examples {path} cannot be read: {error}") from error
    found: dict[str, JudgeExample] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        what, one = _example(line, taxonomy)
        if one is not None and one.id in found:
            what = f"the id {one.id} stands twice"
        if what or one is None:
            raise OperatorError(f"{path}:{number} is no example for a judge: {what}")
        found[one.id] = one
    if not found:
        raise OperatorError(f"{path} holds no examples for a judge")
    return list(found.values())


def _example(line: str, taxonomy: Taxonomy) -> tuple[str, JudgeExample | None]:
    try:
        one = JudgeExample.model_validate_json(line)
        one.case(taxonomy)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}", None
    unknown = sorted(set(one.labels) - set(taxonomy.names))
    return (f"the label {unknown[0]!r} is not in the taxonomy" if unknown else ""), one
