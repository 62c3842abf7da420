"""Labels for training: what an entity says from a row's time on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from intent.features.definitions.definitions import SECOND, Definitions
from intent.features.definitions.events import Topics
from intent.features.offline.formulas import has
from intent.features.offline.plan import Dialect, Step, moment_steps, same
from intent.model.errors import OperatorError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM = re.compile(
    r"(?P<name>\w+)=(?P<view>\w+):(?P<topic>\w+):(?P<number>[0-9]{1,9})(?P<unit>[smhd])"
)
LONGEST = 36_500 * 86_400
"""Seconds of the longest window: a hundred years."""


@dataclass(frozen=True, slots=True)
class Label:
    """How many messages with ``topic`` the entity says from the row's time on, for ``seconds``; by
    the newest revisions, whenever they came.
    """

    name: str
    view: str
    topic: str
    seconds: int


def parse_label(text: str, definitions: Definitions) -> Label:
    """Read ``bought=user_creator:purchase_intent:1h``.

    Raises:
        OperatorError: the text has another form, names an entity or topic that is not there, or
            counts for no time or for more than a hundred years.
    """
    found = _FORM.fullmatch(text)
    known = ("message", *definitions.intents, *definitions.groups)
    if found is None or found["view"] not in definitions.views or found["topic"] not in known:
        raise OperatorError(
            f"{text!r} is no label; write NAME=ENTITY:TOPIC:WINDOW, such as "
            "bought=user_creator:purchase_intent:1h, "
            f"with one of {', '.join(definitions.views)} and an intent or group"
        )
    seconds = int(found["number"]) * _UNITS[found["unit"]]
    if not 0 < seconds <= LONGEST:
        raise OperatorError(
            f"the label {text!r} counts for {seconds:,} seconds; its window must be longer than "
            "none, and at most 36500d"
        )
    return Label(found["name"], found["view"], found["topic"], seconds)


def label_steps(
    number: int, label: Label, definitions: Definitions, topics: Topics, dialect: Dialect
) -> Iterator[Step]:
    """Yield the steps that make table ``label_{number}`` with ``_row`` and ``n``: a message counts
    from the first moment whose window reaches it.
    """
    name, keys = f"label_{number}", definitions.views[label.view].keys
    yield from moment_steps(name, keys, dialect)
    said = (
        f"FROM facts f JOIN {name}_keys e ON {same(keys, 'f')} WHERE f.until IS NULL AND "
        f"{has(topics, label.topic)}"
    )
    ends = [(f"f.event - {label.seconds * SECOND - 1}", 1), ("f.event + 1", -1)]
    changes = " UNION ALL ".join(
        f"SELECT e.k, {at} AS at, CAST({sign} AS DOUBLE) AS sign {said}" for at, sign in ends
    )
    handed = dialect.handed(f"({changes})", "at", f"{name}_moments", ["k", "sign"])
    yield (
        f"{name}_changes",
        f"SELECT k, met AS moment, sum(sign) AS n FROM ({handed}) GROUP BY k, met",
    )
    joined = f"{name}_moments m LEFT JOIN {name}_changes c ON c.k = m.k AND c.moment = m.moment"
    running = (
        f"SELECT m.k, m.moment, sum(coalesce(n, 0)) OVER (PARTITION BY m.k ORDER BY "
        f"m.moment ROWS UNBOUNDED PRECEDING) AS n FROM {joined}"
    )
    yield (
        name,
        f"SELECT r._row, v.n FROM {name}_rows r JOIN ({running}) v ON v.k = r.k AND v.moment = "
        "r.moment",
    )
