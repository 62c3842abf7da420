"""Whether to ask the LLM: what the local decision probably costs, against what asking costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from intent.model.datafile import read_data
from intent.model.decision import Decision
from intent.model.taxonomy import Taxonomy


class Assumed(BaseModel):
    """What nobody has measured yet, in words of the taxonomy's costs; replace it once an LLM's
    answers have been compared with labels.

    Attributes:
        repaired: share of the local decisions' cost that the LLM's answers take away.
        introduced: mean cost of the mistakes that an answer brings in.
        false_lead_dollars: what one false lead is worth, to weigh the price of a call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repaired: Annotated[float, Field(gt=0, le=1)]
    introduced: Annotated[float, Field(ge=0)]
    false_lead_dollars: Annotated[float, Field(gt=0)]


class Route(BaseModel):
    """Thresholds as data, written by ``python -m eval route``.

    Attributes:
        ask_above: a message is asked when its local decision's expected cost is above this, in
            units of one false lead.
        model: version of the local model that it was chosen for.
        data: what it was chosen on.
        share: share of those messages that it asks.
        assumed: what it rests on that is not measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ask_above: Annotated[float, Field(ge=0)]
    model: str
    data: str
    share: Annotated[float, Field(ge=0, le=1)]
    assumed: Assumed


def load_route(path: Path) -> Route:
    """Read the thresholds.

    Raises:
        TemplateError: the file is missing or wrong.
    """
    return read_data(Route, path, remedy="write it anew with: python -m eval route --data PATH")


def expected_cost(decision: Decision, taxonomy: Taxonomy) -> float:
    """Return what a decision probably costs if it stands, in units of one false lead, as far as its
    own probabilities know.

    A lead that is missed, or seen where there is none, costs so by the lead's own probability; a
    wrong label of the right kind counts by the chance that the chosen labels of that kind are not
    exactly right, with labels taken as independent given the kind.
    """
    costs, lead = taxonomy.costs, min(max(decision.lead_probability, 0.0), 1.0)
    if decision.is_lead:
        wrong = _chance_of_other(decision, taxonomy.leads, lead)
        return (1 - lead) * costs.false_lead + lead * wrong * costs.wrong_lead_intent
    wrong = _chance_of_other(decision, frozenset(taxonomy.names) - taxonomy.leads, 1 - lead)
    return lead * costs.missed_lead + (1 - lead) * wrong * costs.wrong_other_label


def actual_cost(chosen: Iterable[str], right: Iterable[str], taxonomy: Taxonomy) -> float:
    """Return what labels cost when others are right, in units of one false lead."""
    costs, chosen, right = taxonomy.costs, set(chosen), set(right)
    if chosen & taxonomy.leads:
        if not right & taxonomy.leads:
            return costs.false_lead
        return costs.wrong_lead_intent if chosen & taxonomy.leads != right & taxonomy.leads else 0.0
    if right & taxonomy.leads:
        return costs.missed_lead
    return costs.wrong_other_label if chosen != right else 0.0


def _chance_of_other(decision: Decision, kind: frozenset[str], of_kind: float) -> float:
    """Return the chance that the labels of a kind are not exactly the chosen ones, given that the
    message is of that kind.
    """
    right = 1.0
    for name in kind:
        given = _given(decision.probabilities, name, of_kind)
        right *= given if name in decision.labels else 1 - given
    return 1 - right


def _given(probabilities: Mapping[str, float], name: str, of_kind: float) -> float:
    return min(probabilities[name] / of_kind, 1.0) if of_kind > 0 else 1.0
