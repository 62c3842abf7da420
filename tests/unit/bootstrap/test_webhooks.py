"""Every webhook: let in or turned away, never an exception."""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intent.bootstrap.webhooks import (
    WebhookSecrets,
    answer_challenge,
    read_webhook,
    webhook_kinds,
    webhook_secrets,
)
from intent.model.batch import Batch
from intent.model.errors import OperatorError
from intent.sources.webhooks.incoming import MAX_BODY_BYTES, Because, Rejected
from tests.unit.sources.webhooks.signing import NOW, SCHEMES, Headers, Scheme

SIGNED_WITH = {
    "whatsapp": "X-Hub-Signature-256",
    "messenger": "X-Hub-Signature-256",
    "instagram": "X-Hub-Signature-256",
    "kick": "Kick-Event-Signature",
    "tiktok-shop": "Authorization",
    "telegram": "X-Telegram-Bot-Api-Secret-Token",
    "standard": "webhook-signature",
}

every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.platform)


def read(
    scheme: Scheme,
    headers: Headers,
    body: bytes | None = None,
    *,
    secrets: list[str] | None = None,
    minutes: float = 0,
) -> Batch | Rejected:
    return read_webhook(
        scheme.platform,
        headers,
        scheme.body if body is None else body,
        scheme.secrets[:1] if secrets is None else secrets,
        NOW + timedelta(minutes=minutes),
    )


def because(read: Batch | Rejected) -> Because | None:
    return read.because if isinstance(read, Rejected) else None


def test_every_webhook_is_tested() -> None:
    assert {scheme.platform for scheme in SCHEMES} == webhook_kinds().keys()


@every_scheme
def test_right(scheme: Scheme) -> None:
    for change in (str.lower, str.upper, str):
        headers = {change(name): value for name, value in scheme.sign(scheme.body, 0).items()}
        batch = read(scheme, headers)
        assert isinstance(batch, Batch), batch
        assert [one.user_id[:4] for one in batch.messages] in (["7702"], ["ID.1"])
        assert [one.text[:9] for one in batch.messages] == ["how much?"]


@every_scheme
def test_wrong(scheme: Scheme) -> None:
    assert because(read(scheme, scheme.sign(scheme.body, 1))) is Because.UNSIGNED
    if scheme.covers_body:
        changed = scheme.body.replace(b"how much?", b"I buy all")
        assert because(read(scheme, scheme.sign(scheme.body, 0), changed)) is Because.UNSIGNED


@every_scheme
def test_missing(scheme: Scheme) -> None:
    for name in scheme.sign(scheme.body, 0):
        headers = scheme.sign(scheme.body, 0)
        del headers[name]
        if name != "Kick-Event-Type":  # says what it is, and is not signed
            assert because(read(scheme, headers)) is Because.UNSIGNED
    assert because(read(scheme, {})) is Because.UNSIGNED


@every_scheme
@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "sha256=",
        "sha256=zz",
        "v1",
        "v1,",
        "v1,%%",
        "v2,AAAA",
        ",",
        "ä",
        "\udcff",
        "x" * 9999,
    ],
)
def test_malformed(scheme: Scheme, value: str) -> None:
    for name in scheme.sign(scheme.body, 0):
        if name != "Kick-Event-Type":
            headers = {**scheme.sign(scheme.body, 0), name: value}
            assert because(read(scheme, headers)) is Because.UNSIGNED


@every_scheme
def test_replayed(scheme: Scheme) -> None:
    headers = scheme.sign(scheme.body, 0)
    assert read(scheme, headers, minutes=4) == read(scheme, headers)
    for minutes in (-10, 10):
        again = read(scheme, headers, minutes=minutes)
        if scheme.timed:
            assert because(again) is Because.UNSIGNED
        else:
            # Nothing says of when it is; what it holds has the same ids, and so is known already.
            assert again == read(scheme, headers)


@every_scheme
def test_rotated(scheme: Scheme) -> None:
    first, second, third = scheme.secrets
    for number in (0, 1):
        headers = scheme.sign(scheme.body, number)
        assert isinstance(read(scheme, headers, secrets=[first, second]), Batch)
        assert isinstance(read(scheme, headers, secrets=[second, first, ""]), Batch)
        assert because(read(scheme, headers, secrets=[third])) is Because.UNSIGNED


@every_scheme
def test_not_utf8(scheme: Scheme) -> None:
    body = scheme.body.replace(b"how much?", b"how much\xff")
    told = because(read(scheme, scheme.sign(body, 0), body))
    assert told in (Because.MALFORMED, Because.UNSIGNED)


@every_scheme
@pytest.mark.parametrize(
    "secrets", [[], [""], ["", ""], ["no key"], ["whsec_%%"], ["whsec_"], ["\0"]]
)
def test_a_secret_that_is_none_lets_nothing_in(scheme: Scheme, secrets: list[str]) -> None:
    empty = dict.fromkeys(scheme.sign(scheme.body, 0), "")
    for headers in (scheme.sign(scheme.body, 0), empty):
        assert because(read(scheme, headers, secrets=secrets)) is Because.UNSIGNED


@every_scheme
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"7", b'"x"', b"[" * 100_000, b'{"a":' * 400 + b"1" + b"}" * 400],
    ids=lambda body: repr(body[:9]),
)
def test_a_signed_body_that_cannot_be_read(scheme: Scheme, body: bytes) -> None:
    told = read(scheme, scheme.sign(body, 0), body)
    if scheme.platform == "standard" and isinstance(told, Batch):
        assert [type(one).__name__ for one in told.refused] == ["Refused"]
    else:
        assert because(told) is Because.MALFORMED


@every_scheme
@pytest.mark.parametrize("body", [b"{}", b'{"entry": {}}', b'{"entry": [null, 5, {"changes": 7}]}'])
def test_what_is_not_used_is_an_empty_batch(scheme: Scheme, body: bytes) -> None:
    headers = scheme.sign(body, 0)
    headers.pop("Kick-Event-Type", None)
    told = read(scheme, headers, body)
    assert isinstance(told, Batch)
    assert scheme.platform == "standard" or not told


@every_scheme
def test_a_body_of_ten_megabytes_is_not_looked_at(scheme: Scheme) -> None:
    body = b'{"entry": [' + b" " * MAX_BODY_BYTES * 2 + b"]}"
    told = read(scheme, scheme.sign(body, 0), body)
    assert (because(told), told.status) == (Because.TOO_LARGE, 413)  # type: ignore[union-attr]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    scheme=st.sampled_from(SCHEMES),
    name=st.none() | st.text(max_size=12),
    header=st.text(max_size=40),
    body=st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()),
)
def test_whatever_comes_is_let_in_or_turned_away(
    scheme: Scheme, name: str | None, header: str, body: bytes
) -> None:
    headers = {**scheme.sign(body, 0), name or SIGNED_WITH[scheme.platform]: header}
    assert isinstance(read(scheme, headers, body), Batch | Rejected)
    assert isinstance(read(scheme, scheme.sign(body, 0), body), Batch | Rejected)


def _changed(value: object, path: list[int], new: object) -> object:
    """Return a value in which one part, found by a path of numbers, is another."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    if isinstance(value, list):
        index = path[0] % len(value)
        return [
            _changed(one, path[1:], new) if number == index else one
            for number, one in enumerate(value)
        ]
    chosen = sorted(value)[path[0] % len(value)]
    return {
        key: _changed(one, path[1:], new) if key == chosen else one for key, one in value.items()
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    scheme=st.sampled_from(SCHEMES),
    path=st.lists(st.integers(0, 9), min_size=1, max_size=9),
    new=values,
)
def test_whatever_a_signed_request_holds_is_read_or_refused(
    scheme: Scheme, path: list[int], new: object
) -> None:
    body = json.dumps(_changed(scheme.example, path, new)).encode()
    assert isinstance(read(scheme, scheme.sign(body, 0), body), Batch | Rejected)


def test_a_webhook_that_does_not_exist_is_not_found() -> None:
    told = read_webhook("nobody", {}, b"{}", ["x"], NOW)
    assert isinstance(told, Rejected)
    assert told.status == 404


@pytest.mark.parametrize("platform", ["whatsapp", "messenger", "instagram"])
def test_meta_hears_its_challenge_when_it_knows_the_word(platform: str) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "word", "hub.challenge": "1158201444"}
    assert answer_challenge(platform, asked, ["other", "word"]) == "1158201444"
    for change in (
        {"hub.verify_token": "wörd"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "<script>"},
        {"hub.challenge": ""},
    ):
        told = answer_challenge(platform, {**asked, **change}, ["word", ""])
        assert isinstance(told, Rejected)
    assert isinstance(answer_challenge(platform, {}, []), Rejected)


@pytest.mark.parametrize("platform", ["kick", "telegram", "nobody"])
def test_nobody_else_asks(platform: str) -> None:
    assert isinstance(answer_challenge(platform, {}, ["word"]), Rejected)


@pytest.mark.parametrize(
    ("platform", "module", "package"),
    [
        ("kick", "kick_signature", "cryptography"),
        ("standard", "standard_signature", "standardwebhooks"),
    ],
)
def test_a_package_that_is_missing_is_named(
    platform: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"intent.sources.webhooks.{module}", raising=False)
    loaded = [name for name in sys.modules if name.split(".")[0] == package]
    for name in {package, *loaded}:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OperatorError, match=rf"needs {package}.*lead-intent\[webhooks\]"):
        read_webhook(platform, {}, b"{}", ["x"], NOW)


def test_secrets_are_those_that_the_webhook_declares_and_the_ones_before_them() -> None:
    environment = {
        "META_APP_SECRET": "new",
        "META_APP_SECRET_OLD": "old",
        "META_VERIFY_TOKEN": "word",
        "KICK_PUBLIC_KEY": "-----BEGIN-----\\nabc\\n-----END-----",
        "TELEGRAM_WEBHOOK_SECRET": " ",
    }
    assert webhook_secrets("whatsapp", environment) == WebhookSecrets(["new", "old"], ["word"])
    assert webhook_secrets("kick", environment).signing == ["-----BEGIN-----\nabc\n-----END-----"]
    assert webhook_secrets("telegram", environment) == WebhookSecrets([], [])
    assert webhook_secrets("nobody", environment) == WebhookSecrets()


def test_the_word_that_is_repeated_signs_nothing() -> None:
    for kind in webhook_kinds().values():
        every = {one.variable: one.variable for one in kind.declaration.secrets}
        found = webhook_secrets(kind.declaration.scheme, every)
        assert "META_VERIFY_TOKEN" not in found.signing
        assert len(found.signing) == 1
