"""A classifier that says the same of every message, so that only the pipeline around it is
measured.
"""

from __future__ import annotations

from collections.abc import Sequence

from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.message import Message
from intent.model.taxonomy import Taxonomy


def constant_decision(taxonomy: Taxonomy) -> Decision:
    """Return a decision for chatter, with a probability for every label."""
    share = 1 / len(taxonomy.names)
    return Decision(
        dict.fromkeys(taxonomy.names, share),
        ("chatter",),
        0.01,
        False,
        DecidedBy.LOCAL,
        Versions(taxonomy.version, "none", "constant", "none"),
    )


class ConstantClassifier:
    """Decides nothing."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._decision = constant_decision(taxonomy)
        self.versions = self._decision.versions

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        return [self._decision] * len(messages)
