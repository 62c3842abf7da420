"""What people corrected in the service, as rows that are not agreed on: what the local model and
the LLM had said, beside what a person said then.
"""

from __future__ import annotations

import re

from eval.annotation.intake import entry_of
from eval.data.dataset import NAME_CHARACTERS, Annotation, Expected, Row
from eval.measure.contested import Contested, Voice, weighed
from intent.bootstrap.application import Application
from intent.model.decision import DecidedBy
from intent.store.corrections import Correction, read_corrections

_NO_NAME = re.compile(r"[^\w.+-]")


def corrected(app: Application) -> list[Contested]:
    """Return what people corrected in the service's database and the machine had said otherwise,
    the costliest first; what the person said is what is expected.

    Raises:
        OperatorError: there is no database.
        StoreUnavailable: the database is away.
    """
    with app.database.read() as connection:
        found = read_corrections(connection)
    told = [(_row(one), _voices(one)) for one in found]
    return weighed(told, app.taxonomy)


def _row(one: Correction) -> Row:
    entry, labels = entry_of(one.message), one.decided.labels
    given = Annotation(by=_name(one), labels=labels)
    known = {"expected": Expected(labels=labels, slots=()), "labels": (given,)}
    return Row(**{**dict(entry), **known})


def _voices(one: Correction) -> list[Voice]:
    told = []
    for said in one.machine:
        kind = DecidedBy.LOCAL if said.decided_by is DecidedBy.LOCAL else DecidedBy.LLM
        told.append(Voice(kind.value, kind.value, said.labels, 0.0))  # type: ignore[arg-type]
    return [*told, Voice(_name(one), "person", one.decided.labels, 0.0)]


def _name(one: Correction) -> str:
    """Return the name of who corrected it as annotators are named."""
    return _NO_NAME.sub("_", one.by)[:NAME_CHARACTERS]
