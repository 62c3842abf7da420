"""Reads messages in our wire shape that a program of one's own pushes by Standard Webhooks."""

from __future__ import annotations

from collections.abc import Iterator

from intent.model.batch import Refused, Retraction
from intent.model.message import Message
from intent.sources.declaration import Declaration, Secret
from intent.sources.door import Door
from intent.sources.payloads import items_of, keys_of, read_json
from intent.sources.webhooks.incoming import Incoming

DECLARATION = Declaration(
    scheme="standard",
    title="Any platform, by Standard Webhooks",
    example="/v1/webhooks/standard",
    needs=(
        "A program that signs by Standard Webhooks; there are libraries for most languages",
        "A body that is a message in the wire shape, a list of such, or either as *data*",
    ),
    secrets=(Secret("STANDARD_WEBHOOK_SECRET", "whsec_ and a key in Base64"),),
    keeps=(
        "Only what was signed within five minutes is let in, with the old secret and the new one "
        "while they change",
    ),
    cannot=(
        "Ids must be text: a number of 2^53 or more is refused, because many programs round it",
    ),
)


def read_wire(request: Incoming, door: Door) -> Iterator[Message | Refused | Retraction]:
    """Yield the messages of a request in the wire shape.

    Raises:
        Malformed: it is no JSON.
    """
    read = read_json(request.body)
    data = keys_of(read).get("data", read)
    for number, one in enumerate(items_of(data) if isinstance(data, list) else [data], start=1):
        yield door.message(keys_of(one), f"item {number}")
