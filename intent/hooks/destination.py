"""Says where a hook may send to: public addresses over TLS, unless it was allowed more.

A hook's address is typed by a person and may name whatever this machine can reach: the cloud's
metadata, a database, the router. A name is resolved at every try, only its public addresses are
kept, and the connection is made to exactly these (no second look-up can give another answer).
What is public is decided by Python's list of special addresses (:mod:`ipaddress`, after the
registries of IANA); an IPv6 address that carries an IPv4 one is judged by that.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from intent.model.errors import WrongUse

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host, best first."""

LONGEST = 2_000
"""Characters of an address."""

NAT64 = IPv6Network("64:ff9b::/96")
"""A network's own translator takes these to the IPv4 address in their last 32 bits (RFC 6052)."""


class NotPublic(Exception):
    """A host has no address that may be connected to."""


def check_destination(url: str, *, allow_private: bool) -> None:
    """Check what was typed; nothing is looked up.

    Raises:
        WrongUse: it is no address of a receiver, or one that may not be sent to.
    """
    shape = "write it like https://HOST/PATH, without a user name, a password or a #"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise WrongUse(f"this is no address; {shape}") from None
    visible = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST
    if parts.scheme not in {"http", "https"} or not host or not visible:
        raise WrongUse(f"this is no address of a receiver; {shape}")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise WrongUse(f"an address may hold neither a user nor a part behind #; {shape}")
    if allow_private:
        return
    if parts.scheme == "http":
        raise WrongUse(
            "without TLS everybody on the way reads what people wrote; use https://, or "
            "--allow-private for a receiver in your own network"
        )
    if host == "localhost" or host.endswith(".localhost") or not _may_be_public(host):
        raise WrongUse(f"{host} is no public address; for one of your own network: --allow-private")


def public_addresses(
    host: str, port: int, *, allow_private: bool, resolve: Resolve | None = None
) -> Sequence[str]:
    """Return the addresses of a host that may be connected to.

    Raises:
        NotPublic: it has addresses, and none of them is public.
        OSError: it has none.
    """
    found = (resolve or resolved)(host, port)
    kept = [one for one in found if allow_private or is_public(one)]
    if not kept:
        raise NotPublic
    return kept


def resolved(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host.

    Raises:
        OSError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("no name of a host") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Say whether an address is one of the open internet."""
    read = ip_address(address.partition("%")[0])
    inner = _carried(read) if isinstance(read, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    return read.is_global and not read.is_multicast and not read.is_reserved


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return True  # a name: its addresses are looked at when something is sent
