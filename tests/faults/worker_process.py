"""A worker process with a classifier that does what a text tells it: the real worker, queue and
store, without the model's loading time.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from intent.bootstrap.application import open_application
from intent.bootstrap.deciding import build_worker
from intent.cli.screen import json_line
from intent.cli.stopping import stopping
from intent.model.decision import DecidedBy, Decision, Versions
from intent.model.errors import Undecidable
from intent.model.message import Message
from intent.telemetry import configure_logs


class ObedientClassifier:
    """Decides by the first word of the text: raise, segfault, eat memory, vanish,
    sleep, or a label."""

    def __init__(
        self, names: tuple[str, ...], leads: frozenset[str], seconds: float, *, gated: bool
    ) -> None:
        self._names, self._leads, self._seconds = names, leads, seconds
        self._gated = gated
        self.versions = Versions("test", "none", "obedient", "none")

    def classify(self, messages: Sequence[Message]) -> list[Decision]:
        if self._gated:
            print("at the gate", flush=True)
            if sys.stdin.readline():
                print("deciding", flush=True)
        time.sleep(self._seconds)
        return [self._decide(message) for message in messages]

    def _decide(self, message: Message) -> Decision:
        order, _, _ = message.text.partition(" ")
        if order == "raise":
            raise Undecidable("told to")
        if order == "segfault":
            ctypes.string_at(0)
        if order == "eat":
            raise MemoryError(bytearray(2**46))
        if order == "vanish":
            os.kill(os.getpid(), signal.SIGKILL)  # as the system does for want of memory
        if order == "sleep":
            os.kill(os.getpid(), signal.SIGSTOP)
        label = order if order in self._names else "chatter"
        is_lead = label in self._leads
        return Decision(
            {name: float(name == label) for name in self._names},
            (label,),
            float(is_lead),
            is_lead,
            DecidedBy.LOCAL,
            self.versions,
        )


def main() -> None:
    """Run: argument 1 is the seconds that a batch takes, argument 2 is drain or stay, argument 3 is
    gated or free: before every batch a gated one waits for a line on stdin, as long as it is open.
    """
    app = open_application()
    configure_logs("warning", as_json=True)
    taxonomy = app.taxonomy
    classifier = ObedientClassifier(
        taxonomy.names, taxonomy.leads, float(sys.argv[1]), gated=sys.argv[3] == "gated"
    )
    app.database.place  # noqa: B018  opened before the test is told
    with stopping() as stop:
        print("ready", flush=True)  # the test waits for it
        worker = build_worker(app, stop, lambda report: None, classifier=classifier)
        report = worker.run(drain=sys.argv[2] == "drain")
    json_line(asdict(report))


if __name__ == "__main__":
    main()
