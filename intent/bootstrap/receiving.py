"""Builds what takes messages over HTTP: one writer that joins puts, and when to come again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from intent.bootstrap.failpoint import failpoint
from intent.bootstrap.shards import build_inlet
from intent.bootstrap.webhooks import WebhookSecrets, webhook_secrets
from intent.flow.backpressure import Backpressure, BackpressurePolicy
from intent.flow.joined import JoinedPuts
from intent.model.batch import Accepted, Batch

if TYPE_CHECKING:
    from intent.bootstrap.application import Application

LEAVE = 1.5
"""Seconds that leaving gives the writer to put what waits; whoever waited was answered before."""


class Receiving:
    """What a process that serves HTTP has one of. The database is opened by the first put, in the
    writer's thread.
    """

    def __init__(self, app: Application) -> None:
        """Begin to put what comes."""
        settings = app.settings
        policy = BackpressurePolicy(
            waiting=settings.serve_waiting_most, oldest=settings.serve_age_most
        )
        inlet = cache(lambda: build_inlet(app))
        self.backpressure = Backpressure(lambda most: inlet().backlog(most), policy=policy)
        step = failpoint(settings.failpoint)

        def put_all(batches: Sequence[Batch]) -> list[Accepted]:
            accepted = inlet().put_all(batches)
            step("put")
            return accepted

        self.puts = JoinedPuts(put_all)
        self.puts.start()

    def secrets(self, platform: str) -> WebhookSecrets:
        """Return what a webhook is checked with; the environment alone holds it."""
        return webhook_secrets(platform, os.environ)

    def close(self) -> None:
        """Put what waits, and take no more."""
        self.puts.leave(LEAVE)
