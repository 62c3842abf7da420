"""Holds a world's rates beside published ones: those of KuaiLive, the one public dataset of live
rooms.

Source: arXiv 2508.05633. Only users who clicked, wrote, liked and gave gifts are in it, so its
rates are too high for a platform as a whole. Only figures are taken; no row of it is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from eval.world.knobs import CLICKS_A_DAY
from eval.world.made import World
from eval.world.population import ROOMS_A_DAY
from eval.world.spoken import WANTED

NEAR = 0.2
"""How far a rate may lie from the published one, relative."""

_COMMENTS, _LIKES, _GIFTS = 0.040, 0.037, 0.015
"""Comments, likes and gifts for each click in KuaiLive: 196,526, 179,311 and 72,646 over
4,909,515.
"""


_ASKED = (
    "no published figure; the local model calls 20 % of comments under sellers' videos leads, "
    "and by its probabilities they are 24 %"
)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of the world, and the published one if there is one; ``why`` says why one of them is
    missing, or how to read it.
    """

    name: str
    world: float | None
    published: float | None
    why: str = ""

    @property
    def near(self) -> bool | None:
        """Whether the world's rate is near the published one; None where one is missing."""
        if self.world is None or self.published is None:
            return None
        return abs(self.world / self.published - 1) <= NEAR


def rates(world: World) -> list[Rate]:
    """Return the rates of a world, those with a published figure first."""
    shown, clicks = world.tables["impressions"], len(world.tables["clicks"])
    users, days = len(world.truth["users"]), world.knobs.days
    hosts = len(world.truth["creators"])
    messages = world.tables["messages"]
    words = _share(messages["author_role"], "viewer") * len(messages)
    said = world.truth["messages"]["says"]
    leads = sum(_share(said, name) for name in WANTED) * len(messages)
    conversions = world.tables["conversions"]
    orders = int(_share(conversions["status"], "paid") * len(conversions))
    truth = world.truth["impressions"]
    met = truth["needed"].to_numpy() & truth["ordered"].to_numpy()
    return [
        Rate("rooms of a host a day", len(world.truth["rooms"]) / hosts / days, ROOMS_A_DAY),
        Rate("clicks of a user a day", clicks / users / days, CLICKS_A_DAY),
        Rate("comments a click", words / clicks, _COMMENTS),
        Rate("leads among comments", leads / max(words, 1), None, _ASKED),
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


def _share(column: pa.ChunkedArray, value: str) -> float:
    return float(pa.compute.mean(pa.compute.equal(column, value).cast(pa.float64())).as_py())
