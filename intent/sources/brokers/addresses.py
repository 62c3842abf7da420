"""Addresses of streams and topics, as people write them: the name alone, or with its servers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from intent.model.errors import WrongUse

_SERVER = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A stream or a topic.

    Attributes:
        servers: ``host:port`` of each; none where the environment says it.
        name: of the stream or topic.
        path: what stands between the two, such as the number of a database.
    """

    servers: tuple[str, ...]
    name: str
    path: str = ""


def read_broker_address(scheme: str, target: str, example: str) -> BrokerAddress:
    """Read what stands behind ``scheme:``, such as ``comments`` or ``//host:6379/0/comments``.

    Raises:
        WrongUse: it is no address, or holds a password: those belong in the environment.
    """
    if not target.startswith("//"):
        return BrokerAddress((), target)
    servers, _, rest = target[2:].partition("/")
    path, _, name = rest.rpartition("/")
    if "@" in servers:
        raise WrongUse(
            f"{scheme}: a user or password in an address is seen by others; give it in the "
            f"environment (docs/sources.md), and write {example}"
        )
    split = tuple(server.strip() for server in servers.split(","))
    if not name or not all(_SERVER.fullmatch(server) for server in split):
        raise WrongUse(f"{scheme}:{target} is no address; write it like {example}")
    return BrokerAddress(split, name, path)
