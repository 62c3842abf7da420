"""Twitch sources are built from what people write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Event

import pytest

from intent.bootstrap.sources import SourceRequest, split_source
from intent.model.errors import OperatorError, WrongUse
from intent.ports.ingestion import Source

SECRETS = {"TWITCH_CLIENT_ID": "client", "TWITCH_ACCESS_TOKEN": "token"}


def built(
    source: str, environment: Mapping[str, str] = SECRETS, **options: str | int | float
) -> Source:
    kind, target = split_source(source)
    return kind.build(
        SourceRequest(
            name=source,
            target=target,
            options=kind.declaration.checked(options),
            environment=environment,
            position=None,
            stop=Event(),
            state_dir=Path("state"),
        )
    )


def test_a_chat_needs_nothing_but_its_name() -> None:
    assert built("twitch:#toko,#warung", shared="keep", connections=2)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"shared": "both"}, "'shared' is skip or keep"), ({"connections": 3}, "is 1 or 2")],
)
def test_an_option_out_of_range_is_refused(options: dict[str, str | int], said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        built("twitch:#toko", **options)


def test_what_is_no_channel_is_refused() -> None:
    with pytest.raises(WrongUse, match="is no channel"):
        built("twitch:toko mawar")


def test_with_an_account_a_source_is_one_channel_and_needs_its_secrets() -> None:
    assert built("twitch-eventsub:toko")
    with pytest.raises(WrongUse, match="one channel"):
        built("twitch-eventsub:toko,warung")
    with pytest.raises(OperatorError, match="TWITCH_CLIENT_ID is missing"):
        built("twitch-eventsub:toko", {})
