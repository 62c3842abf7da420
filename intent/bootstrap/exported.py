"""Remembers where facts, logs, built rows and served vectors lie, so that whoever is forgotten
goes from these files, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from intent.bootstrap.application import Application
from intent.model.data_subject import DataSubject, SubjectKind
from intent.model.errors import IntentError, OperatorError
from intent.telemetry import logger


class ExportKind(StrEnum):
    """What was written."""

    FACTS = "facts"
    SERVED = "served"
    LOG = "log"
    BUILT = "built"


@dataclass(frozen=True, slots=True)
class SiftedExports:
    """What became of files that were written.

    Attributes:
        removed: facts, rows of logs and served vectors that were taken out.
        left: files that only whoever built them can build again, and folders that could not be
            rewritten.
    """

    removed: int = 0
    left: tuple[str, ...] = ()


def remember_export(app: Application, kind: ExportKind, path: Path) -> None:
    """Remember a file or folder, on this machine alone; what cannot be remembered is said.

    Rows are built from a folder of facts where no database is, too.
    """
    line = f"{kind.value}\t{path.absolute()}"
    try:
        file = _file(app)
        if file is None:
            return
        if line not in _lines(file):
            descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as listed:
                listed.write(f"{line}\n")
    except (OSError, IntentError) as error:
        logger("exports").warning("an erasure will not find it", path=str(path), error=str(error))


def sift_exports(app: Application) -> SiftedExports:
    """Take out of every file that was written what is of somebody forgotten.

    Facts whose decisions are gone are written again without them; served vectors and rows of logs
    that name a forgotten person, room or order are dropped.
    """
    removed, left = 0, []
    for kind, path in _listed(app):
        try:
            if kind is ExportKind.FACTS:
                removed += _renew(app, path)
            elif kind is ExportKind.SERVED:
                removed += _sift_served(app, path)
            elif kind is ExportKind.LOG:
                removed += _sift_log(app, path)
            else:
                left.append(str(path))
        except (ImportError, OSError, OperatorError) as error:
            logger("exports").warning("cannot be rewritten", path=str(path), error=str(error))
            left.append(str(path))
    return SiftedExports(removed, tuple(left))


def _renew(app: Application, folder: Path) -> int:
    from intent.features.definitions.events import Topics
    from intent.features.offline.facts import renew_facts

    return renew_facts(app.database, folder, Topics(app.taxonomy.members)).removed


def _sift_served(app: Application, log: Path) -> int:
    from intent.features.online.served import sift_served

    return sift_served(log, _keep(app))


def _sift_log(app: Application, folder: Path) -> int:
    from intent.ranking.log_folder import sift_log

    return sift_log(folder, _keep(app))


def _keep(app: Application) -> Callable[[list[dict[str, Any]]], list[bool]]:
    def keep(many: list[dict[str, Any]]) -> list[bool]:
        subjects = [_subjects(keys) for keys in many]
        with app.database.read() as connection:
            gone = app.tombstones.buried(connection, {one for some in subjects for one in some})
        return [not gone.intersection(some) for some in subjects]

    return keep


def _subjects(keys: dict[str, Any]) -> list[DataSubject]:
    platform = keys.get("platform", "")
    ids = ((SubjectKind.USER, "user_id"), (SubjectKind.ROOM, "room_id"))
    named = [DataSubject(kind, platform, keys[name]) for kind, name in ids if name in keys]
    if "conversion_id" in keys:
        order = DataSubject(SubjectKind.CONVERSION, keys["source"], keys["conversion_id"])
        named.append(order)
    return named


def _listed(app: Application) -> list[tuple[ExportKind, Path]]:
    file = _file(app)
    parts = [line.split("\t", 1) for line in (_lines(file) if file is not None else ())]
    found = [(ExportKind(kind), Path(path)) for kind, path in parts]
    return [(kind, path) for kind, path in found if path.exists()]


def _file(app: Application) -> Path | None:
    """Return where they are listed: beside the database, or beside the key file of a server's."""
    beside = app.database.file or app.settings.key_file
    return None if beside is None else beside.with_name(f"{beside.name}.exports{app.of_shard}")


def _lines(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [line for line in lines if line.partition("\t")[0] in set(ExportKind)]
