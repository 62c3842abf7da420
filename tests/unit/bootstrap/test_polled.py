"""Polled sources are built from their declarations, with secrets of the environment alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Event

import pytest

from intent.bootstrap.sources import SourceRequest, split_source
from intent.model.errors import OperatorError, WrongUse
from intent.ports.ingestion import Source
from intent.sources.live.facebook.facebook_live import FacebookLive
from intent.sources.live.shopee.shopee_live import ShopeeLive
from intent.sources.live.telegram.telegram_bot import TelegramBot

SECRETS = {
    "TELEGRAM_BOT_TOKEN": "7001:AA",
    "SHOPEE_PARTNER_ID": "2001",
    "SHOPEE_PARTNER_KEY": "key",
    "SHOPEE_USER_ID": "9001",
    "SHOPEE_REFRESH_TOKEN": "r",
    "FACEBOOK_ACCESS_TOKEN": "t",
}


def built(source: str, environment: Mapping[str, str] = SECRETS) -> Source:
    kind, target = split_source(source)
    return kind.build(
        SourceRequest(
            name=source,
            target=target,
            options=kind.declaration.checked({}),
            environment=environment,
            position=None,
            stop=Event(),
            state_dir=Path("state"),
        )
    )


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("telegram:@toko_bot", TelegramBot),
        ("shopee:6236215", ShopeeLive),
        ("facebook:1029384756", FacebookLive),
    ],
)
def test_with_its_secrets_a_source_is_built_and_nothing_is_sent(
    source: str, kind: type[object]
) -> None:
    assert isinstance(built(source), kind)


@pytest.mark.parametrize(
    ("source", "variable"),
    [
        ("telegram:@toko_bot", "TELEGRAM_BOT_TOKEN"),
        ("shopee:6236215", "SHOPEE_PARTNER_ID"),
        ("shopee:6236215", "SHOPEE_PARTNER_KEY"),
        ("shopee:6236215", "SHOPEE_USER_ID"),
        ("shopee:6236215", "SHOPEE_REFRESH_TOKEN"),
        ("facebook:1029384756", "FACEBOOK_ACCESS_TOKEN"),
    ],
)
def test_a_secret_that_is_missing_is_named(source: str, variable: str) -> None:
    without = {name: value for name, value in SECRETS.items() if name != variable}
    with pytest.raises(OperatorError, match=f"the environment variable {variable} is missing"):
        built(source, without)


@pytest.mark.parametrize("variable", ["SHOPEE_PARTNER_ID", "SHOPEE_USER_ID"])
def test_an_id_that_is_no_number_is_named(variable: str) -> None:
    with pytest.raises(OperatorError, match=f"{variable} must be a number"):
        built("shopee:6236215", {**SECRETS, variable: "abc"})


@pytest.mark.parametrize("target", ["my-video", "1 2", "../me", "１２"])
def test_what_names_no_live_video_is_wrong_use(target: str) -> None:
    with pytest.raises(WrongUse, match="names no live video"):
        built(f"facebook:{target}")
