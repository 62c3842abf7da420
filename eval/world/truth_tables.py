"""What nobody can see outside of a simulation: what people need, what is relevant to them, what
would have been, and who is behind a conversion that names nobody.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from eval.world import names
from eval.world.names import PLATFORM
from eval.world.past import Past
from eval.world.population import Integers
from intent.store.schema import INTENTS


def truth_tables(past: Past) -> dict[str, pa.Table]:
    """Return all tables of the truth."""
    return {
        "users": _users(past),
        "creators": _creators(past),
        "rooms": _rooms(past),
        "needs": _needs(past),
        "impressions": _impressions(past),
        "messages": _messages(past),
        "conversions": _conversions(past),
        "touches": _touches(past),
    }


def _users(past: Past) -> pa.Table:
    there, size = past.there, len(past.there.tempted)
    return pa.table(
        {
            "platform": names.one(PLATFORM, size),
            "user_id": names.of("u", np.arange(size)),
            "buying": pa.array(there.buying),
            "talking": pa.array(there.talking),
            "silent": pa.array(there.talking == 0),
        }
    )


def _creators(past: Past) -> pa.Table:
    there, size = past.there, len(past.there.category)
    return pa.table(
        {
            "platform": names.one(PLATFORM, size),
            "creator_id": names.of("c", np.arange(size)),
            "category": pa.array(there.category),
            "fame": pa.array(there.fame),
            "offer": pa.array(there.offer),
        }
    )


def _rooms(past: Past) -> pa.Table:
    there, size = past.there, len(past.there.room_host)
    return pa.table(
        {
            "platform": names.one(PLATFORM, size),
            "room_id": names.of("r", np.arange(size)),
            "creator_id": names.of("c", there.room_host),
            "begins_at": names.instants(there.room_begin),
            "ends_at": names.instants(there.room_end),
        }
    )


def _needs(past: Past) -> pa.Table:
    """Return needs; of those that began before the world did, the begin is missing."""
    there = past.there
    met = np.full(len(there.need_user), -1, dtype=np.int64)
    happened = past.happened
    rows = np.flatnonzero(happened.ordered & (happened.need >= 0))
    met[happened.need[rows]] = happened.at[rows]
    return pa.table(
        {
            "platform": names.one(PLATFORM, len(met)),
            "user_id": names.of("u", there.need_user),
            "category": pa.array(there.need_category),
            "begins_at": names.instants(there.need_begin),
            "ends_at": names.instants(there.need_end),
            "met_at": names.instants(met),
        }
    )


def _impressions(past: Past) -> pa.Table:
    """Return the truth of each impression, row by row beside those that were logged."""
    happened = past.happened
    return pa.table(
        {
            "relevance": pa.array(happened.relevance),
            "looked": pa.array(happened.looked),
            "clicked": pa.array(happened.clicked),
            "needed": pa.array(happened.match),
            "order_chance": pa.array(happened.order_chance),
            "ordered": pa.array(happened.ordered),
            "order_if_withheld": pa.array(happened.ordered_without),
            "order_if_replied": pa.array(happened.ordered_with),
        }
    )


def _messages(past: Past) -> pa.Table:
    said = past.said
    return pa.table(
        {
            "message_id": names.of("m", np.arange(len(said.at))),
            "said_at": names.instants(said.at),
            "wants": _labels(said.wanted),
            "says": _labels(said.label),
            "asks": pa.array(said.asks),
            "impression": pa.array(said.row),
        }
    )


def _conversions(past: Past) -> pa.Table:
    """Return who is behind each conversion; ``caused`` is whether a reply made it."""
    orders, happened = past.bought, past.happened
    row = orders.row
    caused = happened.replied[row] & ~happened.ordered_without[row]
    return pa.table(
        {
            "conversion_id": names.of("o", np.arange(len(row))),
            "user_id": names.of("u", happened.user[row]),
            "room_id": names.of("r", happened.room[row]),
            "impression": pa.array(row),
            "message_id": names.of("m", _question_of(past)[row]),
            "lost": pa.array(orders.lost),
            "caused": pa.array(caused),
        }
    )


def _touches(past: Past) -> pa.Table:
    """Return what each touch causes: the order if it is given, and if it is withheld; a coupon
    changes nothing.
    """
    said, happened = past.said, past.happened
    asks = np.flatnonzero(said.asks)
    replies, sent = said.row[asks], past.coupons.row
    row = np.concatenate([replies, sent])
    anyway = happened.willing[sent]
    kinds = pa.array(["reply", "coupon"])
    return pa.table(
        {
            "touch_kind": kinds.take(pa.array(np.repeat([0, 1], [len(replies), len(sent)]))),
            "message_id": names.of("m", np.concatenate([asks, np.full(len(sent), -1)])),
            "impression": pa.array(row),
            "order_if_given": pa.array(np.concatenate([happened.ordered_with[replies], anyway])),
            "order_if_withheld": pa.array(
                np.concatenate([happened.ordered_without[replies], anyway])
            ),
        }
    )


def _question_of(past: Past) -> Integers:
    """Return the number of the message in which somebody asked, of each impression; else -1."""
    found = np.full(len(past.happened.at), -1, dtype=np.int64)
    asks = np.flatnonzero(past.said.asks)
    found[past.said.row[asks]] = asks
    return found


def _labels(numbers: Integers) -> pa.Array:
    return pa.array(INTENTS).take(pa.array(numbers))
