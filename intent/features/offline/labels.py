"""Labels for training: what an entity says, or orders, from a row's time on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from intent.features.definitions.definitions import SECOND, Definitions
from intent.features.definitions.events import Topics
from intent.features.offline.plan import topic_bits
from intent.features.offline.templates import Step, steps
from intent.model.errors import OperatorError
from intent.model.outcomes import ConversionKind

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM = re.compile(
    r"(?P<name>\w+)=(?P<view>\w+):(?:(?P<of>conversion):)?(?P<topic>\w+):"
    r"(?P<number>[0-9]{1,9})(?P<unit>[smhd])"
)
UNKNOWN_TO_SHOPS = "category_id"
"""A key that conversions lack."""

LONGEST = 36_500 * 86_400
"""Seconds of the longest window: a hundred years."""


@dataclass(frozen=True, slots=True)
class TrainingLabel:
    """How many messages with ``topic`` the entity says from the row's time on, for ``seconds``; by
    the newest revisions, whenever they came.

    Attributes:
        conversion: it counts conversions that stand, of the kind ``topic``, in place of messages;
            by the last revisions that were known when the labels are made.
    """

    name: str
    view: str
    topic: str
    seconds: int
    conversion: bool = False


def parse_label(text: str, definitions: Definitions) -> TrainingLabel:
    """Read ``bought=user_creator:purchase_intent:1h``, or
    ``ordered=user_creator:conversion:order:24h``.

    Raises:
        OperatorError: the text has another form, names an entity or topic that is not there, or
            counts for no time or for more than a hundred years, or conversions by category.
    """
    found = _FORM.fullmatch(text)
    known: Collection[str] = ("message", *definitions.intents, *definitions.groups)
    if found is not None and found["of"]:
        known = tuple(ConversionKind)
    if found is None or found["view"] not in definitions.views or found["topic"] not in known:
        raise OperatorError(
            f"{text!r} is no label; write NAME=ENTITY:TOPIC:WINDOW, such as "
            "bought=user_creator:purchase_intent:1h, "
            f"with one of {', '.join(definitions.views)} and an intent or group; or "
            "ordered=user_creator:conversion:order:24h, with one of "
            f"{', '.join(ConversionKind)}"
        )
    if found["of"] and UNKNOWN_TO_SHOPS in definitions.views[found["view"]].keys:
        raise OperatorError(
            f"the label {text!r} counts conversions by category, of which shops say nothing; count "
            "by user, creator, room or item"
        )
    seconds = int(found["number"]) * _UNITS[found["unit"]]
    if not 0 < seconds <= LONGEST:
        raise OperatorError(
            f"the label {text!r} counts for {seconds:,} seconds; its window must be longer than "
            "none, and at most 36500d"
        )
    return TrainingLabel(
        found["name"], found["view"], found["topic"], seconds, found["of"] is not None
    )


def label_steps(
    number: int,
    label: TrainingLabel,
    definitions: Definitions,
    topics: Topics,
    dialect: str,
    facts_end: str,
) -> Iterator[Step]:
    """Yield the steps that make table ``label_{number}`` (``sql/label.sql``): ``_row``, ``n``.

    Args:
        facts_end: SQL of the instant in microseconds up to which the facts go, or conversions were
            known, NULL if there are none; a window that ends later has no label.
    """
    return steps(
        "label",
        dialect=dialect,
        name=f"label_{number}",
        keys=list(definitions.views[label.view].keys),
        topic=label.topic,
        conversion=label.conversion,
        microseconds=label.seconds * SECOND,
        bits=topic_bits(topics),
        facts_end=facts_end,
    )
