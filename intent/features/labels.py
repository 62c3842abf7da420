"""Labels for training: what an entity says from a row's time on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from intent.errors import OperatorError
from intent.features.definitions import SECOND, Definitions
from intent.features.events import Topics
from intent.features.plan import Dialect, Step, has, running_sum

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM = re.compile(r"(?P<name>\w+)=(?P<view>\w+):(?P<topic>\w+):(?P<number>\d+)(?P<unit>[smhd])")


@dataclass(frozen=True, slots=True)
class Label:
    """How many messages with ``topic`` the entity says from the row's time on, for ``seconds``; by the newest revisions, whenever they came."""

    name: str
    view: str
    topic: str
    seconds: int


def parse_label(text: str, definitions: Definitions) -> Label:
    """Read ``bought=user_creator:purchase_intent:1h``.

    Raises:
        OperatorError: the text has another form, or names an entity or topic that is not there.
    """
    found = _FORM.fullmatch(text)
    known = ("message", *definitions.intents, *definitions.groups)
    if found is None or found["view"] not in definitions.views or found["topic"] not in known:
        raise OperatorError(
            f"{text!r} is no label; write NAME=ENTITY:TOPIC:WINDOW, such as bought=user_creator:purchase_intent:1h, "
            f"with one of {', '.join(definitions.views)} and an intent or group"
        )
    return Label(found["name"], found["view"], found["topic"], int(found["number"]) * _UNITS[found["unit"]])


def label_steps(number: int, label: Label, definitions: Definitions, topics: Topics, dialect: Dialect) -> Iterator[Step]:
    """Yield the steps that make table ``label_{number}`` with ``_row`` and ``n``."""
    name, keys = f"label_{number}", definitions.views[label.view].keys
    columns = ", ".join(keys)
    same = " AND ".join(f"s.{key} = e.{key}" for key in keys)
    yield f"{name}_keys", f"SELECT {columns}, {dialect.numbered(keys)} AS k FROM (SELECT DISTINCT {columns} FROM spine)"
    stands = f"s.until IS NULL AND {has(topics, label.topic)}"
    said = f"SELECT e.k, s.event AS moment, CAST(1 AS DOUBLE) AS n FROM facts s JOIN {name}_keys e ON {same} WHERE {stands}"
    yield f"{name}_running", running_sum(said, ["n"], "k")
    for side, offset in (("from", -1), ("to", label.seconds * SECOND - 1)):
        yield f"{name}_rows_{side}", f"SELECT s._row, e.k, s._at + {offset} AS moment FROM spine s JOIN {name}_keys e ON {same}"
        yield f"{name}_{side}", dialect.as_of(f"{name}_rows_{side}", f"{name}_running", ("k",), [f"n AS n_{side}"])
    yield name, f"SELECT t._row, n_to - coalesce(n_from, 0) AS n FROM {name}_to t LEFT JOIN {name}_from f ON f._row = t._row"
