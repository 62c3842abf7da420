"""Does with hooks what a person asks for, in all shards; with one database, in that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from intent.bootstrap.application import Application
from intent.bootstrap.hooks import build_deliverer
from intent.bootstrap.shards import open_shards
from intent.telemetry import logger

if TYPE_CHECKING:
    from intent.flow.deliver import Deliverer, DeliverReport
    from intent.model.hook import HookFigures
    from intent.queues.hook_history import PushedBefore
    from intent.store.engine import Database

T = TypeVar("T")


@contextmanager
def hooks_of_all(app: Application, *, states: bool = False) -> Iterator[Application]:
    """Yield the first shard, in which hooks are said; the others follow at the end.

    Raises:
        StoreUnavailable: a shard is away.
    """
    from intent.operations.shared_hooks import share_hooks

    found = open_shards(app)
    yield found[0]
    if len(found) > 1:
        share_hooks([one.database for one in found], states=states)


def figures_of_all(app: Application) -> list[HookFigures]:
    """Return all hooks with what became of what was pushed to them, over all shards."""
    from intent.operations.hooks import hook_figures
    from intent.operations.shared_hooks import figures_together

    return figures_together([hook_figures(one.database) for one in open_shards(app)])


def deliveries_of_all(
    app: Application, read: Callable[[Database], list[PushedBefore]], limit: int
) -> list[PushedBefore]:
    """Return the newest deliveries of a hook, over all shards."""
    found = [read(one.database) for one in open_shards(app)]
    if len(found) == 1:
        return found[0]
    together = [push for some in found for push in some]
    return sorted(together, key=lambda push: push.created, reverse=True)[:limit]


class AllDeliverers:
    """One deliverer a shard, as one."""

    def __init__(self, deliverers: list[Deliverer]) -> None:
        self._deliverers = deliverers

    def run(self, *, drain: bool = False) -> None:
        """Tell receivers until told to stop, or with ``drain`` until nothing is ready any more."""
        first, *others = self._deliverers
        if drain:
            for one in self._deliverers:
                one.run(drain=True)
            return
        threads = [Thread(target=self._run, args=(one,), daemon=True) for one in others]
        for thread in threads:
            thread.start()
        first.run()
        for thread in threads:
            thread.join()

    def _run(self, deliverer: Deliverer) -> None:
        try:
            deliverer.run()
        except Exception as error:
            logger("hooks").error("receivers of a shard are told nothing more", error=str(error))
            raise

    @property
    def report(self) -> DeliverReport:
        """What all of them did."""
        from dataclasses import fields

        from intent.flow.deliver import DeliverReport

        reports = [one.report for one in self._deliverers]
        names = [one.name for one in fields(DeliverReport)]
        return DeliverReport(*(sum(getattr(one, name) for one in reports) for name in names))


def build_deliverers(
    app: Application, stop: Event, progress: Callable[[DeliverReport], None]
) -> AllDeliverers:
    """Build the loops that tell receivers of the leads of all shards; nothing is sent yet.

    Raises:
        OperatorError: a lease would end while its post is running.
    """
    with hooks_of_all(app):
        pass
    deliverers: list[Deliverer] = []
    together = AllDeliverers(deliverers)

    def told(_report: DeliverReport) -> None:
        progress(together.report)

    deliverers += [build_deliverer(one, stop, told) for one in open_shards(app)]
    return together
