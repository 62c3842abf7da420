"""Fills a database with messages that are decided, as years of streams would: in bulk, by few
statements.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    Connection,
    Select,
    case,
    insert,
    literal,
    select,
    text,
)

from intent.model.taxonomy import Taxonomy
from intent.store.engine import Database
from intent.store.schema import (
    INTENTS,
    MILLION,
    decision_labels,
    decisions,
    leads,
    messages,
)

AT_ONCE = 20_000
A_ROOM = 1_000
"""Messages of a room; a room for each stream."""

_LEADS = {
    # text: label of its lead; every twelfth message, the hot ones more rarely
    "how much is the blue one, and do you ship north?": "price_inquiry",
    "I take two of the red ones please": "purchase_intent",
}
_CHATTER = "hello from the north, so pretty today"


def fill_store(
    database: Database, taxonomy: Taxonomy, count: int, say: Callable[[str], None]
) -> None:
    """Store decided messages, one a second up to now, a thousand a room; every twelfth is a lead,
    every sixtieth a hot one, and every fourth of the leads is done.
    """
    began = datetime.now(UTC) - timedelta(seconds=count)
    for first in range(0, count, AT_ONCE):
        rows = [_message(number, began) for number in range(first, min(first + AT_ONCE, count))]
        with database.begin(patient=True) as transaction:
            transaction.execute(messages.insert(), rows)
    say(f"{count:,} messages are stored")
    with database.begin(patient=True) as transaction:
        for said, label in {_CHATTER: "chatter", **_LEADS}.items():
            _decide(transaction, taxonomy, said, label)
        _shelve(transaction)
        transaction.execute(text("ANALYZE"))
    say("and decided")


def _message(number: int, began: datetime) -> dict[str, object]:
    ask, hot = list(_LEADS)
    return {
        "platform": "tiktok",
        "room_id": f"live-{number // A_ROOM}",
        "message_id": f"m-{number}",
        "creator_id": f"c-{number // A_ROOM % 50}",
        "user_id": f"u-{number % 50_000}",
        "kind": "comment",
        "author_role": "viewer",
        "text": hot if number % 60 == 0 else ask if number % 12 == 0 else _CHATTER,
        "sent_at": began + timedelta(seconds=number),
    }


def _decide(transaction: Connection, taxonomy: Taxonomy, said: str, label: str) -> None:
    """Decide all messages of a text, each with one label, almost certainly."""
    m, is_lead = messages.c, label in taxonomy.leads
    constant = {
        "revision": 0,
        "run": "production",
        "visible": True,
        "author_role": "viewer",
        "decided_by": "local",
        "from_cache": False,
        "degraded": False,
        "is_lead": is_lead,
        "lead_probability": round(0.9 * MILLION) if is_lead else 0,
        **{f"p_{name}": round(0.9 * MILLION) if name == label else 0 for name in INTENTS},
        "taxonomy_version": taxonomy.version,
        "prompt_version": "none",
        "model_version": "bench",
        "calibration_version": "none",
    }
    copied = ("platform", "message_id", "room_id", "creator_id", "user_id")
    typed = [literal(value, decisions.c[name].type) for name, value in constant.items()]
    made: Select[tuple[object, ...]] = select(
        *(m[name] for name in copied),
        m.sent_at,
        literal([label], JSON),
        literal([], JSON),
        *typed,
    ).where(m.text == said)
    names = [*copied, "event_timestamp", "labels", "slots", *constant]
    transaction.execute(insert(decisions).from_select(names, made))


def _shelve(transaction: Connection) -> None:
    """Put the leads on the shelf, and label them."""
    d = decisions.c
    hot = d.p_purchase_intent > 0
    done = case((d.id % 4 == 0, "done"), else_="open")
    names = ("platform", "message_id", "room_id", "user_id", "event_timestamp", "lead_probability")
    shelved = select(
        *(d[name] for name in names), d.id, hot, literal(True), done, literal(0)
    ).where(d.is_lead)
    into = [*names, "decision_id", "hot", "stands", "state", "version"]
    transaction.execute(insert(leads).from_select(into, shelved))
    label = case(
        (d.p_purchase_intent > 0, "purchase_intent"),
        (d.p_price_inquiry > 0, "price_inquiry"),
        else_="chatter",
    )
    labelled = select(d.id, label, d.event_timestamp)
    columns = ["decision_id", "label", "event_timestamp"]
    transaction.execute(insert(decision_labels).from_select(columns, labelled))
