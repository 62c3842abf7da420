"""What people say of a run, kept in its folder: tags, and notes with their time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.run.manifest import read_manifest
from eval.run.predictions import replace
from intent.model.errors import OperatorError

REMARKS = "remarks.json"


class Note(BaseModel):
    """One note."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    text: str


class Remarks(BaseModel):
    """The notes of a run, oldest first, and its tags, sorted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def read_remarks(folder: Path) -> Remarks:
    """Read what was said of a run; nothing where nobody said anything.

    Raises:
        OperatorError: the file is damaged.
    """
    path = folder / REMARKS
    try:
        return Remarks.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Remarks()
    except (OSError, ValidationError) as error:
        raise OperatorError(
            f"{path} cannot be read; mend it, or delete it to forget notes and tags"
        ) from error


def remark(
    folder: Path,
    *,
    text: str | None = None,
    tags: Iterable[str] = (),
    dropped: Iterable[str] = (),
    now: datetime,
) -> Remarks:
    """Add a note and tags to a run, and take tags away.

    Raises:
        OperatorError: the folder is no run, or what was said of it is damaged.
    """
    read_manifest(folder)
    before = read_remarks(folder)
    after = Remarks(
        tags=tuple(sorted({*before.tags, *tags} - set(dropped))),
        notes=(*before.notes, Note(at=now, text=text)) if text else before.notes,
    )
    replace(folder / REMARKS, (after.model_dump_json(indent=1) + "\n").encode())
    return after
