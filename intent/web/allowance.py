"""How much one key may ask, and how often one address may show a wrong one."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

_REMEMBERED = 10_000
"""Keys or addresses that are remembered; the one that was not seen for longest is let go."""


class TokenBuckets:
    """A bucket of tokens for each name, which fills at one pace (token bucket); of one process,
    and of its event loop.
    """

    def __init__(
        self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Fill all buckets.

        Args:
            per_minute: tokens that come in a minute.
            burst: tokens that a bucket holds.
        """
        self._pace, self._burst, self._clock = per_minute / 60, float(burst), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str) -> float:
        """Return the seconds until there is a token; 0 if there is one."""
        return max(0.0, (1 - self._left(name)) / self._pace)

    def take(self, name: str) -> None:
        """Take a token, if there is one."""
        self._buckets[name] = (max(0.0, self._left(name) - 1), self._clock())
        self._buckets.move_to_end(name)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)

    def _left(self, name: str) -> float:
        left, since = self._buckets.get(name, (self._burst, self._clock()))
        return min(self._burst, left + (self._clock() - since) * self._pace)


def neighbourhood(address: str) -> str:
    """Return what one client can choose among: of IPv6 the network of 64 bits, else the address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address
