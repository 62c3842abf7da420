"""Holds a world's rates beside published ones, and beside what was measured in real chats.

KuaiLive (arXiv 2508.05633) is the one public dataset of live rooms. Only users who clicked, wrote,
liked and gave gifts are in it, so its rates are too high for a platform as a whole. It has no
texts. Of real comments the local model that ships decided 1,500 under videos of 13 sellers, and all
3,136 of a live chat of five hours that its publisher does not call spam; its authors are the true
ones, and nothing is on sale there. Only figures are taken; no row of either is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eval.world.knobs import CLICKS_A_DAY
from eval.world.made import World
from eval.world.population import ROOMS_A_DAY
from eval.world.writers import writer_figures
from intent.features.definitions.events import Topics
from intent.store.schema import MILLION

NEAR = 0.2
"""How far a rate may lie from the published one, relative."""

_COMMENTS, _LIKES, _GIFTS = 0.040, 0.037, 0.015
"""Comments, likes and gifts for each click in KuaiLive: 196,526, 179,311 and 72,646 over
4,909,515.
"""


_SELLERS = "1,500 comments under videos of sellers"
_CHAT = "one live chat in which nothing is on sale"
_SELLERS_LEADS, _SELLERS_CHANCES = 0.241, 0.261
"""Of comments under videos of sellers, the share that the local model calls leads, and the mean of
its probabilities.
"""

_REST = "236 labelled comments under videos of sellers that are no leads"
_REST_LEADS = 0.089
"""The share of them that the local model calls leads: the judged half of the real dev set."""

_EACH, _ONCE, _TENTH = 2.08, 0.698, 0.431
"""Of a live chat in which nothing is on sale: comments of each of 1,510 writers, the share of them
who wrote one, and the share of the comments by the tenth who wrote most (``python -m eval
writers``).
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of the world, and the published or measured one if there is one; ``why`` says why one
    of them is missing, or how to read it.
    """

    name: str
    world: float | None
    published: float | None
    why: str = ""

    @property
    def near(self) -> bool | None:
        """Whether the world's rate is near the other; None where one is missing."""
        if self.world is None or self.published is None:
            return None
        return abs(self.world / self.published - 1) <= NEAR


def rates(world: World, topics: Topics) -> list[Rate]:
    """Return the rates of a world: what was done, and what was written."""
    return [*_done(world), *_written(world, topics)]


def _done(world: World) -> list[Rate]:
    shown, clicks = world.tables["impressions"], len(world.tables["clicks"])
    users, days = len(world.truth["users"]), world.knobs.days
    hosts = len(world.truth["creators"])
    messages = world.tables["messages"]
    words = _share(messages["author_role"], "viewer") * len(messages)
    conversions = world.tables["conversions"]
    orders = int(_share(conversions["status"], "paid") * len(conversions))
    truth = world.truth["impressions"]
    met = truth["needed"].to_numpy() & truth["ordered"].to_numpy()
    return [
        Rate("rooms of a host a day", len(world.truth["rooms"]) / hosts / days, ROOMS_A_DAY),
        Rate("clicks of a user a day", clicks / users / days, CLICKS_A_DAY),
        Rate("comments a click", words / clicks, _COMMENTS),
        Rate("likes a click", None, _LIKES, "nothing of ours reads likes, so there are none"),
        Rate("gifts a click", None, _GIFTS, "nothing of ours reads gifts, so there are none"),
        Rate("clicks an impression", clicks / len(shown), None, "no published figure"),
        Rate("orders a click", orders / clicks, None, "KuaiLive has no orders"),
        Rate(
            "orders of a need, of all orders",
            float(met.sum() / max(truth["ordered"].to_numpy().sum(), 1)),
            None,
            "the rest is bought anyway",
        ),
        Rate(
            "users who never write",
            float(np.mean(world.truth["users"]["silent"].to_numpy())),
            None,
            "everybody in KuaiLive writes",
        ),
    ]


def _written(world: World, topics: Topics) -> list[Rate]:
    messages, asks = world.tables["messages"], world.truth["messages"]["asks"].to_numpy()
    own = np.asarray(pa.compute.equal(messages["author_role"], "viewer"))
    if not own.any():
        return []
    facts = world.tables["facts"]
    first = facts.filter(pa.compute.equal(facts["revision"], 0))
    number = pa.compute.index_in(messages["message_id"], first["message_id"])
    first = first.take(number)
    called = first["mask"].to_numpy() >> topics.code["lead"] & 1 == 1
    chances = first["p_lead"].to_numpy() / MILLION
    pairs = pa.compute.binary_join_element_wise(messages["user_id"], messages["room_id"], "/")
    writer = np.asarray(pairs.combine_chunks().dictionary_encode().indices).astype(np.int64)
    found = writer_figures(writer[own])
    return [
        Rate("leads among comments, decided", float(called[own].mean()), _SELLERS_LEADS, _SELLERS),
        Rate("the same by probability", float(chances[own].mean()), _SELLERS_CHANCES, _SELLERS),
        Rate("leads in truth", float(asks[own].mean()), None, "asked for out of a need"),
        Rate("leads among the rest, decided", _mean(called[own & ~asks]), _REST_LEADS, _REST),
        Rate("comments of a writer in a room", found.each, _EACH, _CHAT),
        Rate("writers with one comment in a room", found.once, _ONCE, _CHAT),
        Rate("comments by the tenth who write most in a room", found.tenth, _TENTH, _CHAT),
    ]


def _mean(flags: NDArray[np.bool_]) -> float | None:
    return float(flags.mean()) if len(flags) else None


def _share(column: pa.ChunkedArray, value: str) -> float:
    share = pa.compute.mean(pa.compute.equal(column, value).cast(pa.float64())).as_py()
    return float(share or 0.0)
