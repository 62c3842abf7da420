"""A labelled dataset as frozen values: one JSON object a line, read and checked in one place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from intent.model.errors import OperatorError
from intent.model.message import AuthorRole, Context, Key, Kind, Message, Reply, Text
from intent.sources.decoding import read_text

SPLITS = ("train", "dev", "test")
"""The splits, in the order in which a model meets them."""

OPEN = "open.jsonl"
"""Beside the splits: messages that wait for labels, or whose annotators disagree. No suite reads
it.
"""

AUTHOR, SECOND, ADJUDICATED = "author", "second", "adjudicated"
"""Who gave labels: whoever wrote the text, whoever labelled it again without seeing the first, and
the decision between them.
"""

NAME_CHARACTERS = 60
"""Longest name of an annotator."""

NAME = rf"^[\w.+-]{{1,{NAME_CHARACTERS}}}$"
"""What an annotator's name looks like."""

Labels = Annotated[tuple[str, ...], Field(min_length=1)]


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


AskedOfJudge = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], BeforeValidator(_several)
]
"""Questions of a judge, each to be answered by yes where all is right; one may stand alone."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedSlot(_Data):
    """A part of the text that says what, how many, how much, where, when or whom to reach."""

    kind: str
    text: Annotated[str, Field(min_length=1)]


class Expected(_Data):
    """What is right for the row: labels in the taxonomy's order, and slots."""

    labels: Labels
    slots: tuple[ExpectedSlot, ...]


class Annotation(_Data):
    """The labels that one annotator gave, and the version of the guideline that they followed;
    ``slots`` is None where they were not asked for slots.
    """

    by: Annotated[str, Field(pattern=NAME)]
    labels: Labels
    guideline: Annotated[int, Field(gt=0)] = 1
    slots: tuple[ExpectedSlot, ...] | None = None


class Metadata(_Data):
    """What is known about the row besides the message. ``hard`` names a kind of difficulty, ``why``
    the rule that decides, ``family`` the kind of attack that it is, or looks like.
    """

    lang: str
    business: str
    hard: str | None
    why: str | None
    split: Literal["train", "dev", "test"]
    family: str | None = None


class WireMessage(_Data):
    """The message as it would arrive; stricter than the door, so that no misspelt key is lost. It
    holds no ``lang``: the model must not be told.
    """

    platform: Key
    room_id: Key
    creator_id: Key | None
    message_id: Key
    user_id: Key
    kind: Kind
    text: Text
    sent_at: str
    author_role: AuthorRole
    context: Context | None
    item_id: Key | None = None
    reply_to: Reply | None = None


class MustNot(_Data):
    """What a decision may not hold: any of the labels, a lead where ``lead`` is True (no lead where
    it is False), any of the texts as a slot.
    """

    labels: tuple[str, ...] = ()
    lead: bool | None = None
    slots: tuple[str, ...] = ()


class Must(MustNot):
    """What a decision must hold, whatever else it says: all of the labels, a lead or none, all of
    the texts as slots; ``same_as`` names a row that must have got the same labels.
    """

    same_as: str | None = None


class Entry(_Data):
    """One message of a dataset with what annotators said of it; ``expected`` is None while nobody
    has labelled it, or their disagreement is open. ``must`` and ``must_not`` hold by themselves,
    whatever is expected; ``judge`` is asked of whatever is decided.
    """

    id: Annotated[str, Field(min_length=1)]
    input: WireMessage
    expected: Expected | None = None
    labels: tuple[Annotation, ...] = ()
    metadata: Metadata
    must: Must = Must()
    must_not: MustNot = MustNot()
    judge: AskedOfJudge = ()

    def by(self, annotator: str) -> tuple[str, ...] | None:
        """Return the labels of one annotator, or None where there are none."""
        return next((given.labels for given in self.labels if given.by == annotator), None)

    def message(self) -> Message:
        """Return the message as the service reads it.

        Raises:
            ValidationError: the service would refuse it.
        """
        return Message.model_validate_json(self.input.model_dump_json(exclude_none=True))


class Row(Entry):
    """One line of a split: an entry that is settled."""

    expected: Expected
    labels: Annotated[tuple[Annotation, ...], Field(min_length=1)]


Kept = TypeVar("Kept", bound=Entry)


@dataclass(frozen=True, slots=True)
class DatasetFault:
    """One thing that is wrong. ``where`` is a row's id, or file and line."""

    where: str
    what: str


def read_file(path: Path) -> tuple[list[Row], list[DatasetFault]]:
    """Read one JSONL file; a line that is no row becomes a fault with its number and reason.

    Raises:
        OperatorError: the file cannot be read.
    """
    return _read_lines(path, Row)


def read_open(folder: Path) -> tuple[list[Entry], list[DatasetFault]]:
    """Read what waits for labels, or for somebody to settle a disagreement; nothing where there is
    no such file.

    Raises:
        OperatorError: the file cannot be read.
    """
    path = folder / OPEN
    return _read_lines(path, Entry) if path.exists() else ([], [])


def _read_lines(path: Path, kind: type[Kept]) -> tuple[list[Kept], list[DatasetFault]]:
    try:
        lines = read_text(path).split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"the dataset {path} cannot be read: {error}") from error
    rows: list[Kept] = []
    faults: list[DatasetFault] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = kind.model_validate_json(line)
            row.message()
            rows.append(row)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            faults.append(
                DatasetFault(
                    f"{path.name}:{number}", f"{where}: {first['msg']}" if where else first["msg"]
                )
            )
    return rows, faults


def write_file(path: Path, rows: Sequence[Entry]) -> None:
    """Write one JSONL file whole or not at all; what is as it always is stays out.

    Raises:
        OperatorError: the file cannot be written.
    """
    lines = "".join(
        json.dumps(row.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False) + "\n"
        for row in rows
    )
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.write_text(lines, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise OperatorError(
            f"the dataset {path} cannot be written: {error.strerror}; make its folder writable"
        ) from error


def read_dataset(folder: Path, parts: Sequence[str] = ()) -> tuple[list[Row], list[DatasetFault]]:
    """Read the three splits of a folder; a row that names another split than its file is a
    fault.

    Args:
        parts: further parts that are read only when asked for, each from ``{split}_{part}.jsonl``
            for the splits that it has.

    Raises:
        OperatorError: a split cannot be read, or a part has no file.
    """
    rows, faults = [], []
    for path, split in _files(folder, parts):
        read, broken = read_file(path)
        rows += read
        faults += broken
        faults += [
            DatasetFault(row.id, f"stands in {path.name} but names the split {row.metadata.split}")
            for row in read
            if row.metadata.split != split
        ]
    return rows, faults


def _files(folder: Path, parts: Sequence[str]) -> list[tuple[Path, str]]:
    files = [(folder / f"{split}.jsonl", split) for split in SPLITS]
    for part in parts:
        held = [(folder / f"{split}_{part}.jsonl", split) for split in SPLITS]
        found = [(path, split) for path, split in held if path.exists()]
        if not found:
            raise OperatorError(f"the dataset {folder} has no part {part!r}; see its card")
        files += found
    return files


def load_entries(folder: Path, parts: Sequence[str] = ()) -> list[Entry]:
    """Read the splits of a folder, the parts that are asked for, and what is open beside them.

    Raises:
        OperatorError: a file or a line cannot be read; the first such line is named.
    """
    waiting, faults = read_open(folder)
    if faults:
        raise OperatorError(f"the dataset {folder} is wrong at {faults[0].where}: {faults[0].what}")
    return [*load_dataset(folder, parts), *waiting]


def load_dataset(folder: Path, parts: Sequence[str] = ()) -> list[Row]:
    """Read the three splits of a folder, and the parts that are asked for.

    Raises:
        OperatorError: a file or a line cannot be read; the first such line is named.
    """
    rows, faults = read_dataset(folder, parts)
    if faults:
        raise OperatorError(f"the dataset {folder} is wrong at {faults[0].where}: {faults[0].what}")
    return rows


def of_split(rows: Sequence[Row], *splits: str) -> list[Row]:
    """Return the rows of the named splits, in order."""
    return [row for row in rows if row.metadata.split in splits]
