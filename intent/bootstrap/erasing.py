"""Forgets in the database and in spools that wait, and writes down what a restore needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application
from intent.bootstrap.exported import sift_exports
from intent.bootstrap.keyfile import forgotten_file, key_file
from intent.bootstrap.shards import open_shards
from intent.bootstrap.subject_keys import renew_copy
from intent.operations.forget import Forgotten, forget, forget_again, together
from intent.operations.forget_links import conversions_of, drop_dangling
from intent.operations.shared_hooks import agree_on_rooms

if TYPE_CHECKING:
    from intent.model.batch import Batch
    from intent.model.data_subject import DataSubject
    from intent.store.engine import Database


def forget_everywhere(
    app: Application, subject: DataSubject, *, stop: Event, anyway: bool
) -> Forgotten:
    """Forget a person, a message or a room in all shards; whom one knows is buried in all, for what
    comes later may come to any.
    """
    shards = open_shards(app)
    if len(shards) == 1:
        return forget_subject(app, subject, stop=stop, anyway=anyway)
    databases = [one.database for one in shards]
    # First what links of other shards say is theirs: these go with the messages.
    linked = [
        forget_subject(shards[place], one, stop=stop, anyway=True)
        for place, one in conversions_of(databases, subject)
    ]
    found = [forget_subject(one, subject, stop=stop, anyway=anyway) for one in shards]
    if linked or any(one.buried for one in found):
        for number, one in enumerate(found):
            if not one.buried:
                found[number] = forget_subject(shards[number], subject, stop=stop, anyway=True)
    _agree(databases)
    return together([*found, *linked])


def forget_everything_again(app: Application, *, stop: Event) -> Forgotten:
    """Forget once more, in all shards, whatever was ever forgotten, as after a restore."""
    shards = open_shards(app)
    report = together([forget_all_again(one, stop=stop) for one in shards])
    if len(shards) > 1:
        _agree([one.database for one in shards])
    return report


def drop_loose_links(app: Application) -> None:
    """Delete links in all shards whose conversion was deleted in one; where there is one database,
    they have gone with it.
    """
    shards = open_shards(app)
    if len(shards) > 1:
        drop_dangling([one.database for one in shards])


def _agree(databases: Sequence[Database]) -> None:
    """Let what shards know of each other follow what was deleted in one of them."""
    drop_dangling(databases)
    agree_on_rooms(databases)


def forget_subject(
    app: Application, subject: DataSubject, *, stop: Event, anyway: bool
) -> Forgotten:
    """Forget a person, a message or a room; see :func:`intent.operations.forget.forget`.

    Its tombstone is written down beside the key file, too: a database that is restored from a
    backup does not know whom it has forgotten since.
    """
    from intent.store.erasure import SqlErasure

    database = app.database
    erasure = SqlErasure(app.tombstones)
    report = forget(
        subject,
        erasure,
        app.features,
        database,
        stop=stop,
        anyway=anyway,
        cut_log=database.cut_log,
    )
    if report.buried:
        _write_down(app, [subject, *erasure.payloads])
        renew_copy(app)
        _sift_files(app, report)
    return report


def forget_all_again(app: Application, *, stop: Event) -> Forgotten:
    """Forget once more whatever was ever forgotten, as after a restore."""
    from intent.store.erasure import SqlErasure

    database = app.database
    with database.begin() as transaction:
        app.tombstones.bury_digests(transaction, _written_down(app))
    report = forget_again(
        SqlErasure(app.tombstones), app.features, database, stop=stop, cut_log=database.cut_log
    )
    _sift_files(app, report)
    return report


def _sift_files(app: Application, report: Forgotten) -> None:
    report.spools_held = _sift_spools(app)
    exports = sift_exports(app)
    report.exported, report.exports_left = exports.removed, exports.left


def _write_down(app: Application, subjects: Iterable[DataSubject]) -> None:
    import os

    path, known = _file(app), set(_written_down(app))
    digests = sorted({app.tombstones.digest(one) for one in subjects} - known)
    if not digests:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, "".join(f"{one}\n" for one in digests).encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file(app: Application) -> Path:
    return forgotten_file(key_file(app.settings, app.database))


def _written_down(app: Application) -> list[str]:
    path = _file(app)
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [line for line in lines if len(line) == 64]


def _sift_spools(app: Application) -> int:
    from intent.queues.spool import sift_spools

    def sift(batch: Batch) -> Batch:
        with app.database.read() as connection:
            return app.tombstones.sift(connection, [batch])[0][0]

    return sift_spools(app.settings.spool_dir, sift, app.line_seal)
