"""A worker of the service in a process of its own, with a classifier that takes every message for a
hot lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eval.bench.constant import ConstantClassifier
from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_worker
from intent.cli.stopping import stopping
from intent.model.decision import Decision
from intent.model.message import Message
from intent.telemetry import configure_logs


class EverythingIsALead(ConstantClassifier):
    """Decides the same of every message."""

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        return [
            replace(one, labels=("purchase_intent",), lead_probability=0.9, is_lead=True)
            for one in super().classify(messages)
        ]


def main() -> None:
    """Work until told to stop."""
    app = open_application()
    configure_logs("error")
    with stopping() as stop:
        classifier = EverythingIsALead(app.taxonomy)
        build_worker(app, stop, lambda report: None, classifier=classifier).run()


if __name__ == "__main__":
    main()
