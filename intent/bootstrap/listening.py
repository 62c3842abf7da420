"""Builds what listens: sources with their secrets and positions, and the supervisor over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

from intent.bootstrap.shards import build_inlet, first_of
from intent.bootstrap.source_file import NamedSource
from intent.bootstrap.sources import SourceRequest
from intent.flow.listen import Listened, Listener
from intent.model.batch import Accepted, Batch, Gap, Position
from intent.model.listening import SourceNews
from intent.ports.ingestion import Source
from intent.sources.in_category import InCategory

if TYPE_CHECKING:
    from intent.bootstrap.application import Application

JOINED = 200
"""Batches that waited while the database was away and are put together, at most."""


def as_listened(
    named: NamedSource,
    *,
    environment: Mapping[str, str],
    stop: Event,
    state_dir: Path,
    stored: Callable[[str], Position | None] | None = None,
) -> Listened:
    """Return a source as the supervisor wants it: it builds it again whenever it was lost.

    Args:
        named: the source.
        environment: where secrets are.
        stop: set to leave.
        state_dir: a folder for what must outlive the process.
        stored: returns where a part of it stood; without it this is a trial, and nothing is
            acknowledged.
    """

    def build(position: Position | None) -> Source:
        request = SourceRequest(
            name=named.name,
            target=named.target,
            options=named.options,
            environment=environment,
            position=position,
            stop=stop,
            state_dir=state_dir,
            stored=stored or (lambda name: None),
            trial=stored is None,
        )
        source = named.kind.build(request)
        return source if named.category is None else InCategory(source, named.category)

    declared = named.kind.declaration
    return Listened(named.name, declared.scheme, build, waits=declared.waits)


def stored_positions(app: Application) -> Callable[[str], Position | None]:
    """Return what looks up a position in the database, which is opened with the first one."""

    def stored(name: str) -> Position | None:
        from intent.store.positions import SqlPositions

        return SqlPositions(first_of(app).database).position(name)

    return stored


@contextmanager
def build_listener(
    app: Application, sources: Sequence[Listened], stop: Event
) -> Iterator[Listener]:
    """Yield the supervisor of these sources, with a spool that it closes.

    Raises:
        OperatorError: nothing can be written into the folder of the spool.
    """
    from intent.queues.spool import FileSpool
    from intent.store.listened import SqlListenedSources
    from intent.store.positions import SqlPositions

    # The key of the spool is the same for all shards.
    first = first_of(app)
    spool = FileSpool(
        app.settings.spool_dir,
        limit=app.settings.spool_bytes,
        together=JOINED,
        sealing=first.line_seal,
    )
    try:
        yield Listener(
            sources,
            build_inlet(app).put_all,
            SqlPositions(first.database),
            spool,
            stop=stop,
            told=SqlListenedSources(first.database),
        )
    finally:
        spool.close()


@contextmanager
def build_trial(
    sources: Sequence[Listened], put: Callable[[Batch], object], stop: Event
) -> Iterator[Listener]:
    """Yield a supervisor that stores nothing: every source begins as for the first time, and what
    it reads goes to ``put`` alone.
    """
    from intent.queues.spool import FileSpool

    def put_all(batches: Sequence[Batch]) -> Sequence[Accepted]:
        for batch in batches:
            put(batch)
        return [Accepted(new=0, repeated=0)] * len(batches)

    with TemporaryDirectory() as folder:
        spool = FileSpool(Path(folder), limit=1)
        try:
            yield Listener(sources, put_all, _Nowhere(), spool, stop=stop, told=_Nowhere())
        finally:
            spool.close()


class _Nowhere:
    """Remembers nothing."""

    def position(self, source: str) -> Position | None:  # noqa: ARG002
        """Return None: it stands nowhere."""
        return None

    def gaps(self) -> list[Gap]:
        """Return none."""
        return []

    def tell(self, news: Sequence[SourceNews]) -> None:
        """Forget it."""
