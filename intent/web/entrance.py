"""Who is let in without a key, and under which names the service is reached."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

OF_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who is let in.

    Attributes:
        open_while_keyless: whoever reaches us may do everything as long as no key exists; for
            addresses that only this machine reaches.
        hosts: names in the Host header that are ours, in lower case and without a port; None takes
            any.
    """

    open_while_keyless: bool = True
    hosts: frozenset[str] | None = OF_THIS_MACHINE


def entrance_for(address: str, names: str | None) -> Entrance:
    """Return who is let in by a server.

    Args:
        address: the address that it listens to.
        names: the names under which it is reached, separated by commas; None for the usual ones.
    """
    alone = ipaddress.ip_address(address).is_loopback
    hosts = OF_THIS_MACHINE if alone else None
    if names is not None:
        given = {name.strip().lower() for name in names.split(",")}
        hosts = frozenset(given - {""}) | (hosts or frozenset())
    return Entrance(open_while_keyless=alone, hosts=hosts)
