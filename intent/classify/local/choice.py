"""From calibrated probabilities to chosen labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intent.model.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Rule:
    """How labels are chosen.

    Attributes:
        labels: names in the order of the probabilities.
        leads: which of them are lead intents.
        alone: which of them forbid any other label beside them.
        thresholds: a label is chosen from this probability on, in the order of ``labels``.
        lead_threshold: *any lead intent* is chosen from this probability on; None where there is no
            lead head.
        exclusive: exactly one label is chosen.
    """

    labels: tuple[str, ...]
    leads: frozenset[str]
    alone: frozenset[str]
    thresholds: tuple[float, ...]
    lead_threshold: float | None
    exclusive: bool

    def choose(self, probabilities: Sequence[float], lead: float) -> tuple[str, ...]:
        """Return the chosen labels in order, at least one.

        The lead head decides between the two groups, the labels' own probabilities within a group:
        at least the likeliest of the group is chosen.
        """
        pairs = list(zip(self.labels, probabilities, self.thresholds, strict=True))
        if self.exclusive:
            return (max(pairs, key=lambda pair: pair[1])[0],)
        if self.lead_threshold is None:
            return self._within(pairs)
        if lead >= self.lead_threshold:
            leads = self._within([pair for pair in pairs if pair[0] in self.leads])
            beside = [
                name
                for name, share, least in pairs
                if name not in self.leads | self.alone and share >= least
            ]
            return self._in_order({*leads, *beside})
        return self._within([pair for pair in pairs if pair[0] not in self.leads])

    def _within(self, pairs: list[tuple[str, float, float]]) -> tuple[str, ...]:
        best = max(pairs, key=lambda pair: pair[1])[0]
        if best in self.alone:
            return (best,)
        return self._in_order(
            {
                best,
                *(
                    name
                    for name, share, least in pairs
                    if share >= least and name not in self.alone
                ),
            }
        )

    def _in_order(self, chosen: set[str]) -> tuple[str, ...]:
        return tuple(name for name in self.labels if name in chosen)


def rule_for(
    taxonomy: Taxonomy | None,
    labels: tuple[str, ...],
    thresholds: tuple[float, ...],
    lead_threshold: float | None,
    *,
    exclusive: bool,
) -> Rule:
    """Return the rule of a model of our taxonomy, or of labels that are nobody's."""
    leads, alone = (
        (taxonomy.leads, taxonomy.alone)
        if taxonomy is not None
        else (frozenset[str](), frozenset[str]())
    )
    return Rule(
        labels,
        leads,
        alone,
        thresholds,
        lead_threshold if taxonomy is not None else None,
        exclusive,
    )
