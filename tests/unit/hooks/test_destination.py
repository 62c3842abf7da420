"""A hook sends to the open internet over TLS, and nowhere else unless it was allowed."""

from __future__ import annotations

import pytest

from intent.hooks.destination import NotPublic, check_destination, is_public, public_addresses
from intent.model.errors import WrongUse


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),  # shared by carriers
        ("169.254.169.254", False),  # metadata of clouds
        ("192.0.2.1", False),  # documentation
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("2001:0:0:0:0:0:80ff:fffe", False),  # Teredo, of 127.0.0.1
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/leads",
        "https://shop.example:8443/leads?a=b",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/x",
    ],
)
def test_public_addresses_over_tls_are_taken(url: str) -> None:
    check_destination(url, allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/leads",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://a.localhost/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
    ],
)
def test_what_is_private_or_without_tls_must_be_allowed(url: str) -> None:
    with pytest.raises(WrongUse, match="--allow-private"):
        check_destination(url, allow_private=False)
    check_destination(url, allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://user:secret@shop.example/",
        "https://user@shop.example/",
        "https://shop.example/#x",
        "https://shop.example/a b",
        "https://shop.example/\r\nx: y",
        "https://shop.example:99999/",
        "https://[::1/",
        "https://tokö.example/",
        "https://shop.example/" + "a" * 2_000,
    ],
)
def test_what_is_no_address_is_refused_either_way(url: str) -> None:
    for allowed in (False, True):
        with pytest.raises(WrongUse) as refused:
            check_destination(url, allow_private=allowed)
        assert "secret" not in str(refused.value)


def test_only_the_public_addresses_of_a_name_are_connected_to() -> None:
    def found(host: str, port: int) -> list[str]:
        return ["10.0.0.1", "8.8.8.8", "::1"]

    assert public_addresses("x", 443, allow_private=False, resolve=found) == ["8.8.8.8"]
    assert len(public_addresses("x", 443, allow_private=True, resolve=found)) == 3
    with pytest.raises(NotPublic):
        public_addresses("x", 443, allow_private=False, resolve=lambda host, port: ["10.0.0.1"])
