"""What a platform and a shop would tell of a world, as tables: outcomes in the columns that they
have in the store, messages in those of the wire, decisions as facts.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from eval.world import names
from eval.world.decided import MeasuredDecisions
from eval.world.names import BEGIN, PLATFORM
from eval.world.past import Past
from eval.world.population import MINUTE, SECOND, Integers
from eval.world.purchases import CANCELLED, PLACED, REFUNDED
from intent.features.definitions.events import Topics
from intent.features.definitions.told_beside import TOLD_COLUMNS
from intent.features.offline.facts import fact_columns

POLICIES = ("even_v1", "fame_v1")
SOURCE = "shop"

_LOGGED, _COUNTED = SECOND, 2 * SECOND
"""How long until an impression and a click are known."""


def seen_tables(past: Past, decisions: MeasuredDecisions, topics: Topics) -> dict[str, pa.Table]:
    """Return all tables that can be seen."""
    return {
        "impressions": _impressions(past),
        "clicks": _clicks(past),
        "messages": _messages(past, decisions),
        "facts": _facts(past, decisions, topics),
        "conversions": _conversions(past),
        "touches": _touches(past),
    }


def _where(past: Past, row: Integers) -> dict[str, pa.Array]:
    """Return platform, user and room of impressions."""
    happened = past.happened
    return {
        "platform": names.one(PLATFORM, len(row)),
        "user_id": names.of("u", happened.user[row]),
        "room_id": names.of("r", happened.room[row]),
    }


def _impressions(past: Past) -> pa.Table:
    happened = past.happened
    row = np.arange(len(happened.at))
    policy = pa.array(POLICIES).take(
        pa.array(np.where(past.there.explored[happened.request], 0, 1))
    )
    return pa.table(
        {
            "request_id": names.of("q", happened.request),
            **_where(past, row),
            "creator_id": names.of("c", past.there.room_host[happened.room]),
            "item_id": names.of("i", names.items(past.there, happened)),
            "category_id": _categories(past, row),
            "position": pa.array(happened.position, pa.int32()),
            "served_at": names.instants(happened.at),
            "policy": policy,
            "propensity": pa.array(happened.propensity),
            "variant": names.one("none", len(row)),
            "feature_set_digest": names.one("none", len(row)),
            "created_timestamp": names.instants(happened.at + _LOGGED),
        }
    )


def _clicks(past: Past) -> pa.Table:
    row = np.flatnonzero(past.happened.clicked)
    row = row[np.argsort(past.clicked_at[row], kind="stable")]
    at, watch = past.clicked_at[row], past.watch[row]
    return pa.table(
        {
            "request_id": names.of("q", past.happened.request[row]),
            **_where(past, row),
            "clicked_at": names.instants(at),
            "watch_seconds": pa.array(watch / SECOND),
            "created_timestamp": names.instants(at + watch + _COUNTED),
        }
    )


def _messages(past: Past, decisions: MeasuredDecisions) -> pa.Table:
    said = past.said
    texts = pa.array(decisions.texts).take(pa.array(said.decision))
    stamped = np.maximum(said.at - round(past.knobs.leak * MINUTE), 0)
    return pa.table(
        {
            "platform": names.one(PLATFORM, len(said.at)),
            "room_id": names.of("r", past.happened.room[said.row]),
            "message_id": names.of("m", np.arange(len(said.at))),
            "user_id": _authors(past),
            "kind": names.one("comment", len(said.at)),
            "text": texts,
            "sent_at": names.instants(stamped),
            "creator_id": names.of("c", past.there.room_host[past.happened.room[said.row]]),
            "item_id": names.of("i", names.items(past.there, past.happened)[said.row]),
            "category_id": _categories(past, said.row),
            "author_role": _roles(past),
            "reply_to": names.of("m", said.reply_to),
        }
    )


def _facts(past: Past, decisions: MeasuredDecisions, topics: Topics) -> pa.Table:
    """Return decisions in the columns of an export; ids go up with the time of knowing."""
    found, said = past.revisions, past.said
    message = found.message
    row = said.row[message]
    stamped = said.at[message] - round(past.knobs.leak * MINUTE)
    columns = {
        "id": pa.array(np.arange(1, len(message) + 1)),
        "platform": names.one(PLATFORM, len(message)),
        "message_id": names.of("m", message),
        "user_id": _authors(past).take(pa.array(message)),
        "creator_id": names.of("c", past.there.room_host[past.happened.room[row]]),
        "room_id": names.of("r", past.happened.room[row]),
        "item_id": names.of("i", names.items(past.there, past.happened)[row]),
        "category_id": _categories(past, row),
        "revision": pa.array(found.revision, pa.int32()),
        "author_role": _roles(past).take(pa.array(message)),
        "decided_by": pa.array(["local", "llm"]).take(pa.array(found.revision)),
        "event": pa.array(BEGIN + stamped),
        "known": pa.array(BEGIN + found.known),
        **_told(past, decisions, topics),
        **{
            f"p_{topic}": pa.array(found.probabilities[:, number], pa.int32())
            for number, topic in enumerate(topics.measured)
        },
    }
    return pa.table({name: columns[name] for name in fact_columns(topics)})


def _told(past: Past, decisions: MeasuredDecisions, topics: Topics) -> dict[str, pa.Array]:
    """Return masks with what each message tells beside its intents: the price that its text names,
    and how soon a host answered what the local model took for a lead.
    """
    found, said = past.revisions, past.said
    asked = said.reply_to
    answers = said.by_host & (asked >= 0)
    answers &= decisions.masks[said.decision[asked]] >> topics.code["lead"] & 1 == 1
    seconds = np.where(answers, (said.at - said.at[asked]) // SECOND, -1)
    of_text = said.decision[found.message]
    viewers = ~said.by_host[found.message]
    columns: list[list[int | None]] = [[], [], []]
    masks = []
    for mask, text, viewer, answer in zip(
        found.mask.tolist(),
        of_text.tolist(),
        viewers.tolist(),
        seconds[found.message].tolist(),
        strict=True,
    ):
        price, gap = (decisions.prices[text], decisions.gaps[text]) if viewer else (None, None)
        told = (price, gap, answer if answer >= 0 else None)
        masks.append(topics.with_told(mask, *told))
        for column, value in zip(columns, told, strict=True):
            column.append(value)
    kinds = (pa.int64(), pa.int32(), pa.int32())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return {"mask": pa.array(masks, pa.int64()), **dict(zip(TOLD_COLUMNS, arrays, strict=True))}


def _categories(past: Past, row: Integers) -> pa.Array:
    """Return the category of the rooms of impressions: what their hosts sell."""
    there = past.there
    return names.of("k", there.category[there.room_host[past.happened.room[row]]])


def _authors(past: Past) -> pa.Array:
    said, there = past.said, past.there
    viewers = names.of("u", past.happened.user[said.row])
    hosts = names.of("h", there.room_host[past.happened.room[said.row]])
    return pa.compute.if_else(pa.array(said.by_host), hosts, viewers)


def _roles(past: Past) -> pa.Array:
    return pa.array(["viewer", "host"]).take(pa.array(past.said.by_host.astype(np.int64)))


def _conversions(past: Past) -> pa.Table:
    """Return orders, and below each that was taken back its later revision."""
    orders = past.bought
    number = np.arange(len(orders.row))
    back = np.flatnonzero(orders.fate != PLACED)
    everything = np.concatenate([number, back])
    revision = np.repeat([0, 1], [len(number), len(back)])
    at = np.where(revision == 0, orders.at[everything], orders.fate_at[everything])
    known = np.where(revision == 0, orders.known[everything], at + MINUTE)
    status = np.where(revision == 0, PLACED, orders.fate[everything])
    order = np.argsort(known, kind="stable")
    everything, revision, status = everything[order], revision[order], status[order]
    row, lost = orders.row[everything], pa.array(orders.lost[everything])
    told = {
        **_where(past, row),
        "creator_id": names.of("c", past.there.room_host[past.happened.room[row]]),
        "item_id": names.of("i", names.items(past.there, past.happened)[row]),
    }
    keys = pa.compute.binary_join_element_wise('{"platform_user": "', told["user_id"], '"}', "")
    for name in ("user_id", "room_id", "item_id"):
        told[name] = pa.compute.if_else(lost, pa.scalar(None, pa.string()), told[name])
    events = pa.array([f"s_{one}_{of}" for one, of in zip(everything, revision, strict=True)])
    return pa.table(
        {
            "source": names.one(SOURCE, len(row)),
            "source_event_id": events.cast(pa.string()),
            "conversion_id": names.of("o", everything),
            "revision": pa.array(revision, pa.int32()),
            "kind": names.one("order", len(row)),
            "stage": names.one("order", len(row)),
            "status": _statuses().take(pa.array(status)),
            "value_micros": pa.array(orders.value[everything]),
            "currency": names.one("USD", len(row)),
            **told,
            "keys": pa.compute.if_else(lost, pa.scalar("{}"), keys),
            "event_timestamp": names.instants(at[order]),
            "created_timestamp": names.instants(known[order]),
        }
    )


def _statuses() -> pa.Array:
    by_fate = {PLACED: "paid", REFUNDED: "refunded", CANCELLED: "cancelled"}
    return pa.array([by_fate[fate] for fate in sorted(by_fate)])


def _touches(past: Past) -> pa.Table:
    """Return what was done about people, with what was withheld from them at random: replies to
    what they asked, and coupons.
    """
    said = past.said
    asks = np.flatnonzero(said.asks)
    replies = said.row[asks]
    sent = past.coupons
    row = np.concatenate([replies, sent.row])
    given = np.concatenate([past.happened.replied[replies], sent.sent])
    at = np.concatenate([said.at[asks] + 20 * SECOND, past.clicked_at[sent.row] + 20 * SECOND])
    kind = np.repeat([0, 1], [len(replies), len(sent.row)])
    message = np.concatenate([asks, np.full(len(sent.row), -1)])
    order = np.argsort(at, kind="stable")
    return pa.table(
        {
            "touch_kind": pa.array(["reply", "coupon"]).take(pa.array(kind[order])),
            "arm": pa.array(["withheld", "given"]).take(pa.array(given[order].astype(np.int64))),
            "request_id": names.of("q", past.happened.request[row[order]]),
            **_where(past, row[order]),
            "message_id": names.of("m", message[order]),
            "touched_at": names.instants(at[order]),
        }
    )
