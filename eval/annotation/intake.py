"""Takes people's own messages into a dataset, where they wait for labels; a suite lies beside
them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eval.data.dataset import (
    OPEN,
    SPLITS,
    DatasetFault,
    Entry,
    Metadata,
    WireMessage,
    load_entries,
    write_file,
)
from intent.model.errors import Malformed, OperatorError
from intent.model.message import Message, parse_message
from intent.sources.decoding import read_text

UNKNOWN_LANGUAGE = "und"
"""Of a message that does not say its language (ISO 639-3)."""

SUITE = "suite.yaml"

_SUITE_TEXT = """\
# The messages of this folder that people have labelled; what is still open is left out.
name: {name}
dataset: .
splits: [{split}]
by: local
clusters: room
slices: [lang, kind, length, author_role]
stream_lead_share: 0.05
alerts_per_1000: 20

# Margins: how much worse than the blessed run is tolerated. Limits hold by themselves.
gates:
  - {{metric: lead_f1, margin: 0.02}}
  - {{metric: macro_f1, margin: 0.03}}
  - {{metric: cost_per_1000, margin: 60}}
  - {{metric: invalid_rate, limit: 0.01}}
"""

Split = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many messages were added, and how many the dataset knew already."""

    added: int
    known: int


def read_messages(path: Path) -> tuple[list[Message], list[DatasetFault]]:
    """Read messages, each once: lines of JSON or a JSON array, as they come from a chat or stand in
    a queue; and every one that is none, with the reason.

    Raises:
        OperatorError: the file cannot be read, or holds no message.
    """
    try:
        text = read_text(path)
        items = list(_items(text))
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"the messages {path} cannot be read: {error}") from error
    except ValueError as error:
        raise OperatorError(f"{path} is no JSON: {error}") from error
    messages: dict[str, Message] = {}
    faults = []
    for where, payload in items:
        try:
            message = parse_message(payload)
            messages.setdefault(row_id(message), message)
        except Malformed as error:
            faults.append(DatasetFault(where, f"is no message: {error}"))
    if not messages:
        why = f"; {faults[0].where} {faults[0].what}" if faults else ""
        raise OperatorError(f"{path} holds no message{why}")
    return list(messages.values()), faults


def row_id(message: Message) -> str:
    """Return the id of a message's row: two platforms may give the same."""
    return f"{message.platform}:{message.message_id}"


def entry_of(message: Message, split: Split = "test") -> Entry:
    """Return a message as an entry that nobody has labelled."""
    fields = {name: getattr(message, name) for name in WireMessage.model_fields}
    return Entry(
        id=row_id(message),
        input=WireMessage.model_validate({**fields, "sent_at": message.sent_at.isoformat()}),
        metadata=Metadata(
            lang=message.lang or UNKNOWN_LANGUAGE,
            business=message.creator_id or message.room_id,
            hard=None,
            why=None,
            split=split,
        ),
    )


def add(folder: Path, messages: Sequence[Message], split: Split) -> TakenIn:
    """Add messages to what is open in a dataset, and make the dataset, with a suite, where there is
    none. A room stays in the split that it stands in already.

    Raises:
        OperatorError: the dataset cannot be read or written.
    """
    _make(folder, split)
    before = load_entries(folder)
    known = {entry.id for entry in before}
    home = {(entry.input.platform, entry.input.room_id): entry.metadata.split for entry in before}
    fresh = [
        entry_of(one, home.get((one.platform, one.room_id), split))
        for one in messages
        if row_id(one) not in known
    ]
    waiting = [entry for entry in before if entry.expected is None]
    write_file(folder / OPEN, [*waiting, *fresh])
    return TakenIn(len(fresh), len(messages) - len(fresh))


def _make(folder: Path, split: Split) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in SPLITS:
            (folder / f"{name}.jsonl").touch()
        if not (folder / SUITE).exists() and not (folder / "CARD.md").exists():
            name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_") or "own"
            text = _SUITE_TEXT.format(name=name, split=split)
            (folder / SUITE).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"the dataset {folder} cannot be made: {error.strerror}") from error


def _items(text: str) -> Iterator[tuple[str, bytes]]:
    if text.lstrip().startswith("["):
        for number, item in enumerate(json.loads(text), 1):
            yield f"item {number}", _bytes(_message_in(item))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"line {number}", _bytes(_parsed(line), line)


def _parsed(line: str) -> Any:
    try:
        return _message_in(json.loads(line))
    except ValueError:
        return None  # the door says what is wrong with it


def _message_in(value: Any) -> Any:
    """Return the message itself, also where it stands in a line of a queue."""
    is_queued = isinstance(value, dict) and isinstance(value.get("message"), dict)
    return value["message"] if is_queued else value


def _bytes(value: Any, line: str | None = None) -> bytes:
    if value is None and line is not None:
        return line.encode("utf-8", "surrogatepass")
    return json.dumps(value).encode()
