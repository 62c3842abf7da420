"""A suite: which labelled messages, who decides them, in which slices they are looked at, and what
a candidate must keep to.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eval.data.dataset import SPLITS
from intent.model.datafile import read_data

DIMENSIONS = ("lang", "kind", "business", "length", "hard", "author_role", "family")
"""What messages can be sliced and filtered by."""

Dimension = Literal["lang", "kind", "business", "length", "hard", "author_role", "family"]
LEAST_KAPPA = 0.6
"""From this lower end of kappa's interval on a judge counts: what J. R. Landis and G. G. Koch,
1977, call substantial.
"""

By = Literal["local", "llm", "cascade"]
Share = Annotated[float, Field(gt=0, lt=1)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gate(_Data):
    """One thing that a candidate must keep to.

    Attributes:
        metric: its name; ``f1:*`` is the F1 of every label, each checked.
        margin: how much worse than the baseline is tolerated, in the metric's unit.
        over: a dimension; every one of its values is checked.
        limit: the value itself may not be worse than this, with or without a baseline; with
            ``over`` it fails where more than chance is shown.
    """

    metric: str
    margin: Annotated[float, Field(gt=0)] | None = None
    over: Dimension | None = None
    limit: float | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Gate:
        if (self.margin is None) == (self.limit is None):
            raise ValueError("a gate has either a margin or a limit")
        if self.metric == "judged" and self.limit is None:
            raise ValueError("judged has a limit: judges of two runs may be two")
        return self


class SuiteQuestion(_Data):
    """A question that a judge is asked about every decision of the suite whose message passes all
    ``filters``, such as ``label=spam``; the right answer is yes.
    """

    ask: Annotated[str, Field(min_length=1, max_length=500)]
    filters: tuple[str, ...] = ()


class SuiteJudge(_Data):
    """What a suite says of its judge, beside the questions that its rows carry.

    Attributes:
        model: id of the LLM that judges; None for INTENT_LLM_MODEL, or what its prompt names.
        examples: labelled examples on which its agreement with people is measured, relative to the
            suite's file; None for those that ship.
        least_kappa: its answers count where the lower end of kappa's interval is no less.
    """

    questions: tuple[SuiteQuestion, ...] = ()
    model: str | None = None
    examples: Path | None = None
    least_kappa: Annotated[float, Field(ge=0, lt=1)] = LEAST_KAPPA


class Suite(_Data):
    """What stands in a file of ``eval/suites/``.

    Attributes:
        dataset: folder, relative to the suite's file.
        by: who decides.
        prompt: the one that is asked with, and that a gate holds.
        prompts, llms: what ``run`` puts side by side where nobody names a prompt or an LLM: every
            prompt with every LLM; a gate holds ``prompt`` alone.
        without_examples: leave out the rooms from which the prompt's few-shot examples were taken.
        stream_lead_share: share of leads in a real stream, for metrics as an operator will see
            them.
        alerts_per_1000: how many messages of a thousand a host can be alerted to.
        usd_per_false_lead: what the unit of the taxonomy's costs is worth, to set the price of
            calls against mistakes.
        clusters: ``room``, or ``none`` where every message is independent.
        must_pass: ids of messages that must be decided right, whatever the rest does.
        judge: what is asked of a judge, and when its answers count.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    dataset: Path
    splits: tuple[Literal["train", "dev", "test"], ...] = Field(min_length=1)
    by: By
    prompt: str = "production"
    prompts: tuple[str, ...] = ()
    llms: tuple[str, ...] = ()
    without_examples: bool = False
    clusters: Literal["room", "none"] = "room"
    slices: tuple[Dimension, ...] = ()
    stream_lead_share: Share = 0.05
    alerts_per_1000: Annotated[int, Field(gt=0, le=1000)] = 20
    usd_per_false_lead: Annotated[float, Field(gt=0)] = 0.01
    gates: tuple[Gate, ...] = ()
    must_pass: tuple[str, ...] = ()
    judge: SuiteJudge = SuiteJudge()

    @model_validator(mode="after")
    def _each_once(self) -> Suite:
        if len(set(self.splits)) != len(self.splits) or len(set(self.slices)) != len(self.slices):
            raise ValueError("a split or slice stands twice")
        if self.by == "local" and (self.prompts or self.llms):
            raise ValueError("prompts and llms are for suites that an LLM decides")
        return self.model_copy(
            update={"splits": tuple(split for split in SPLITS if split in self.splits)}
        )


def load_suite(path: Path) -> Suite:
    """Read a suite; its dataset becomes a path from here.

    Raises:
        TemplateError: the file is missing, is no YAML, or holds an unknown key or a wrong value.
    """
    suite = read_data(Suite, path)
    judge = suite.judge
    if judge.examples is not None:
        judge = judge.model_copy(update={"examples": path.parent / judge.examples})
    return suite.model_copy(update={"dataset": path.parent / suite.dataset, "judge": judge})


def digest(*contents: bytes) -> str:
    """Return twelve hexadecimal digits of the SHA-256 of the contents, one after the other."""
    found = hashlib.sha256()
    for content in contents:
        found.update(len(content).to_bytes(8, "big") + content)
    return found.hexdigest()[:12]
