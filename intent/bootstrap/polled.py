"""Builds the sources that poll a platform with secrets of the environment: Telegram, Shopee,
Facebook.
"""

from __future__ import annotations

from intent.bootstrap.sources import SourceRequest
from intent.model.errors import OperatorError, WrongUse
from intent.ports.ingestion import Source


def build_telegram(request: SourceRequest) -> Source:
    """Build what follows a Telegram bot.

    Raises:
        OperatorError: a secret is missing or none.
    """
    from intent.sources.live.telegram.bot_api import BotApi
    from intent.sources.live.telegram.bot_updates import TOKEN
    from intent.sources.live.telegram.telegram_bot import TelegramBot

    api = BotApi(request.secret(TOKEN), request.text("url"), int(request.number("hold")))
    return TelegramBot(
        api, request.target, request.name, stop=request.stop, position=request.position
    )


def build_shopee(request: SourceRequest) -> Source:
    """Build what follows a session of Shopee Live.

    Raises:
        OperatorError: a secret is missing or none.
    """
    from intent.bootstrap.failpoint import failpoint
    from intent.sources.live.shopee import shopee_comments as names
    from intent.sources.live.shopee.shopee_api import ShopeeApi
    from intent.sources.live.shopee.shopee_live import ShopeeLive
    from intent.sources.live.shopee.shopee_login import ShopeeLogin
    from intent.sources.live.shopee.shopee_signing import Partner
    from intent.sources.live.shopee.token_file import KeptTokens, TokenFile

    partner = Partner(_digits(request, names.PARTNER_ID), request.secret(names.PARTNER_KEY))
    user = _digits(request, names.USER_ID)
    api = ShopeeApi(partner, user, request.text("url"))
    login = ShopeeLogin(
        TokenFile(request.state_dir, f"shopee-{partner.partner_id}-{user}"),
        KeptTokens(
            request.environment.get(names.ACCESS_TOKEN, ""), request.secret(names.REFRESH_TOKEN)
        ),
        api.renewed,
        passed=failpoint(request.environment.get("INTENT_FAILPOINT")),
    )
    return ShopeeLive(
        api,
        login,
        names.OnAir(request.target, host=user),
        request.name,
        stop=request.stop,
        position=request.position,
        interval=request.number("interval"),
    )


def _digits(request: SourceRequest, variable: str) -> str:
    held = request.secret(variable).strip()
    if not (held.isascii() and held.isdigit()):
        raise OperatorError(f"{request.name}: {variable} must be a number; copy it again")
    return held


def build_facebook(request: SourceRequest) -> Source:
    """Build what follows a live video of Facebook.

    Raises:
        WrongUse: the target is no id.
        OperatorError: a secret is missing or none.
    """
    from intent.sources.live.facebook.facebook_comments import ACCESS_TOKEN, APP_SECRET
    from intent.sources.live.facebook.facebook_live import FacebookLive
    from intent.sources.live.facebook.graph_api import GraphApi

    if not (request.target.isascii() and request.target.isdigit()):
        raise WrongUse(
            f"facebook:{request.target} names no live video; write its id, as in "
            "facebook:1029384756"
        )
    api = GraphApi(
        request.secret(ACCESS_TOKEN),
        request.text("url"),
        request.text("version"),
        app_secret=request.environment.get(APP_SECRET),
    )
    return FacebookLive(
        api,
        request.target,
        request.name,
        stop=request.stop,
        position=request.position,
        interval=request.number("interval"),
    )
