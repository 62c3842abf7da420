"""Sources are built by their scheme, from what they declare."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event

import pytest

from intent.bootstrap.sources import SourceRequest, source_kinds, split_source
from intent.model.errors import OperatorError, SourceLost, WrongUse
from intent.sources import process
from intent.sources.declaration import Declaration, Option

KIND = Declaration(
    scheme="kind",
    title="A kind",
    example="kind:room",
    options=(
        Option("url", "where it is", "https://example.com"),
        Option("pause", "seconds", 3.0),
        Option("pages", "at once", 5),
        Option("second", "opens another connection", False),
    ),
)
LINE = (
    '{"platform": "shop", "room_id": "r", "message_id": "%s", "user_id": "u", "kind": "comment", '
    '"text": "how much", "sent_at": "2026-11-20T18:00:00Z"}'
)


def request(target: str, environment: Mapping[str, str] | None = None) -> SourceRequest:
    return SourceRequest(
        name="shop",
        target=target,
        options=process.DECLARATION.checked({}),
        environment=environment or dict(os.environ),
        position=None,
        stop=Event(),
        state_dir=Path("state"),
    )


def test_a_program_is_read_to_its_end() -> None:
    lines = "\n".join([LINE % 1, "no json", LINE % 2])
    kind, target = split_source(f"exec:{sys.executable} -c {shlex.quote(f'print({lines!r})')}")
    read = list(kind.build(request(target)).read())
    assert [one.message_id for batch in read for one in batch.messages] == ["1", "2"]
    assert [one.position for batch in read for one in batch.refused] == ["shop line 2"]


def test_a_program_that_fails_is_lost_and_may_be_run_again() -> None:
    kind, target = split_source(f"exec:{sys.executable} -c 'raise SystemExit(3)'")
    with pytest.raises(SourceLost, match="exit code 3"):
        list(kind.build(request(target)).read())


def test_a_program_that_is_not_there_is_for_the_operator() -> None:
    kind, target = split_source("exec:./no-such-program")
    with pytest.raises(OperatorError, match=r"\./no-such-program cannot be run"):
        list(kind.build(request(target)).read())


@pytest.mark.parametrize("source", ["no scheme", "exec", "exec: ", ":x", "exce:./room"])
def test_what_is_no_source_is_refused_with_an_example(source: str) -> None:
    with pytest.raises(WrongUse, match="write it like exec:"):
        split_source(source)


def test_every_kind_says_what_it_is() -> None:
    for scheme, kind in source_kinds().items():
        declared = kind.declaration
        assert declared.example.startswith(f"{scheme}:")
        assert declared.title
        assert declared.start
        assert declared.keeps
        assert declared.cannot


def test_options_are_those_that_were_declared_and_of_their_type() -> None:
    assert KIND.checked({"pause": 2, "second": True}) == {
        "url": "https://example.com",
        "pause": 2.0,
        "pages": 5,
        "second": True,
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pages": 1.5}, "'pages' must be a whole number"),
        ({"pages": True}, "'pages' must be a whole number"),
        ({"url": 7}, "'url' must be text"),
        ({"second": "yes"}, "'second' must be true or false"),
        ({"pause": [1]}, "'pause' must be a number"),
        ({"pauze": 1}, "no option 'pauze'; it has: url, pause, pages, second"),
    ],
)
def test_another_option_is_refused(given: Mapping[str, object], said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        KIND.checked(given)


def test_a_missing_secret_is_named() -> None:
    assert request("x", {"SHOP_KEY": "k"}).secret("SHOP_KEY") == "k"
    with pytest.raises(OperatorError, match="SHOP_KEY is missing"):
        request("x").secret("SHOP_KEY")
