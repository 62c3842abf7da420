"""Checks a dataset against the taxonomy and the annotation guideline, without a model."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime

from eval.data.dataset import ADJUDICATED, AUTHOR, DatasetFault, Entry, Row
from eval.data.settling import disagreements
from intent.classify.folding import fold
from intent.model.message import AuthorRole
from intent.model.taxonomy import Taxonomy

HARD = frozenset(
    [
        "negation",
        "third_person",
        "joke",
        "haggle",
        "bare_detail",
        "wish",
        "host",
        "code_mix",
        "typo",
        "teencode",
        "sarcasm",
        "injection",
        "lookalike",
        "obfuscated",
        "multi",
        "aftersale",
        "precedence",
    ]
)
"""Kinds of difficulty that a row may carry."""

LANGUAGES = ("en", "zh", "idms", "es", "vi", "th")
"""Languages of the dataset; ``idms`` is Indonesian and Malay, which the texts often mix."""

FURTHER_LANGUAGES = ("de", "fr", "pt", "ko", "ja", "hi", "ar", "tl")
"""Further languages of such rooms; ``hi`` and ``tl`` also hold Hinglish and Taglish."""


def comparable(text: str) -> str:
    """Return what is left of a text when case, spaces, punctuation and emoji are taken away; the
    folded text itself where nothing is left.
    """
    folded = fold(text)
    return (
        "".join(character for character in folded if unicodedata.category(character)[0] in "LNM")
        or folded
    )


def lint(rows: Sequence[Row], taxonomy: Taxonomy) -> list[DatasetFault]:
    """Return everything that is wrong with the rows of all splits together, in their order."""
    faults = [DatasetFault(row.id, what) for row in rows for what in _row_faults(row, taxonomy)]
    return [*faults, *_repeated(rows), *_torn_rooms(rows), *_disordered(rows)]


def _row_faults(row: Row, taxonomy: Taxonomy) -> Iterator[str]:
    for who, labels in (
        ("expected", row.expected.labels),
        *((given.by, given.labels) for given in row.labels),
    ):
        for what in label_faults(labels, taxonomy):
            yield f"{who}: {what}"
    for slot in row.expected.slots:
        if slot.kind not in taxonomy.slots:
            yield f"the slot kind {slot.kind!r} is not in the taxonomy"
        if slot.text not in row.input.text:
            yield f"the slot {slot.kind} is no part of the text"
    if row.input.author_role is not AuthorRole.VIEWER and row.expected.labels != ("chatter",):
        yield f"a {row.input.author_role} is chatter"
    if row.metadata.hard is not None and row.metadata.hard not in HARD:
        yield f"the hard kind {row.metadata.hard!r} is unknown"
    if _was_written(row) and row.metadata.lang not in (*LANGUAGES, *FURTHER_LANGUAGES):
        yield f"the language {row.metadata.lang!r} is unknown"
    if not row.input.text.strip():
        yield "the text is empty"
    yield from _assertion_faults(row, taxonomy)
    yield from _history_faults(row)


def _assertion_faults(row: Row, taxonomy: Taxonomy) -> Iterator[str]:
    for name in (*row.must.labels, *row.must_not.labels):
        if name not in taxonomy.names:
            yield f"an assertion names the label {name!r}, which is not in the taxonomy"
    for text in row.must.slots:
        if text not in row.input.text:
            yield f"the slot {text!r} that it must have is no part of the text"
    for question in row.judge:
        if not question.strip().endswith(("?", "？")):
            yield f"{question!r} is no question for a judge: it must end with a question mark"


def open_faults(entries: Sequence[Entry]) -> list[DatasetFault]:
    """Return the disagreements that nobody has settled; what nobody has labelled yet is no
    fault.
    """
    return [DatasetFault(entry.id, what) for entry in entries for what in disagreements(entry)]


def label_faults(labels: Sequence[str], taxonomy: Taxonomy) -> Iterator[str]:
    """Yield what is wrong with a row's labels: unknown, repeated, out of order, or beside one that
    stands alone.
    """
    unknown = sorted(set(labels) - set(taxonomy.names))
    if unknown:
        yield f"labels that are not in the taxonomy: {', '.join(unknown)}"
    elif tuple(labels) != taxonomy.in_order(labels):
        yield "labels are repeated or not in the taxonomy's order"
    for label in sorted(set(labels) & taxonomy.alone):
        if len(labels) > 1:
            yield f"{label} stands alone"


def _history_faults(row: Row) -> Iterator[str]:
    author, adjudicated = row.by(AUTHOR), row.by(ADJUDICATED)
    if len({given.by for given in row.labels}) != len(row.labels):
        yield "an annotator stands twice"
    yield from disagreements(row)
    if row.expected.labels != (adjudicated or author or row.labels[0].labels):
        yield (
            "the expected labels are not the adjudicated ones, nor the author's where nothing "
            "was adjudicated"
        )


def _was_written(row: Row) -> bool:
    """Tell a message that was written for the dataset from one that people have sent."""
    return row.by(AUTHOR) is not None


def _repeated(rows: Sequence[Row]) -> Iterator[DatasetFault]:
    ids: dict[str, str] = {}
    messages: dict[tuple[str, str], str] = {}
    texts: dict[str, str] = {}
    for row in rows:
        if row.id in ids:
            yield DatasetFault(row.id, "the id stands twice")
        elif (row.input.platform, row.input.message_id) in messages:
            yield DatasetFault(
                row.id, f"the same message as {messages[row.input.platform, row.input.message_id]}"
            )
        elif (
            _was_written(row)
            # What must be decided as another row is, may be the same text in other company.
            and texts.get(comparable(row.input.text), row.must.same_as) != row.must.same_as
        ):
            yield DatasetFault(row.id, f"the same text as {texts[comparable(row.input.text)]}")
        ids[row.id] = messages[row.input.platform, row.input.message_id] = texts[
            comparable(row.input.text)
        ] = row.id


def _torn_rooms(rows: Sequence[Row]) -> Iterator[DatasetFault]:
    home: dict[tuple[str, str], str] = {}
    for row in rows:
        room = (row.input.platform, row.input.room_id)
        if home.setdefault(room, row.metadata.split) != row.metadata.split:
            yield DatasetFault(
                row.id,
                f"its room {row.input.room_id} stands in {home[room]} and in {row.metadata.split}",
            )


def _disordered(rows: Sequence[Row]) -> Iterator[DatasetFault]:
    latest: dict[str, datetime] = {}
    for row in rows:
        at = datetime.fromisoformat(row.input.sent_at)
        before = latest.get(row.input.room_id, at)
        # People write in the same second; whoever writes a dataset says what came first.
        same = row.input.room_id in latest and at == before and _was_written(row)
        if at < before or same:
            yield DatasetFault(row.id, "was sent no later than the message before it in the room")
        latest[row.input.room_id] = at
