"""Claim rounds for sellers: opened, looked at while they run, corrected, closed and downloaded.
Nothing is ever charged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response, StreamingResponse

from intent.bootstrap.claim_shards import claims_over, home_of_claims, open_in_home
from intent.claims.order_book import LineState, OrderLine
from intent.model.claim_round import ITEM_SHAPE, Ordered, read_items, read_order
from intent.model.errors import WrongUse
from intent.model.principal import Scope
from intent.operations.claims import (
    ClaimSheet,
    claims_csv,
    close_claims,
    correct_claim,
    show_claims,
)
from intent.store.claim_rounds import RoundRequest
from intent.store.engine import Database
from intent.web.endpoint import page
from intent.web.problem import Problem
from intent.web.visit import Visit

LINES = 200
"""Order lines of one page."""

STATES = {
    "served": "served",
    "waiting": "on the waitlist",
    "cancelled": "taken back",
    "ask": "ask back",
}
"""What became of an order line, for people."""


class RoundsQuery(BaseModel):
    """Whose rounds are shown."""

    room: str = Field("", max_length=200)
    platform: str = Field("", max_length=200)


class RoundForm(RoundsQuery):
    """A round that is to be opened.

    Attributes:
        items: one a line.
        minutes: what was said so long before now counts, too.
    """

    title: str = Field("", max_length=100)
    items: str = Field("", max_length=50_000)
    minutes: int = Field(0, ge=0, le=1_440)


class SheetQuery(BaseModel):
    """From which line on a round is shown, and the message that is to be corrected."""

    after: int = Field(0, ge=0, le=10_000_000)
    message: str = Field("", max_length=200)


class CorrectionForm(BaseModel):
    """What a message orders, separated by commas, or that it orders nothing."""

    action: Literal["orders", "nothing"]
    message: str = Field(max_length=200)
    orders: str = Field("", max_length=2_000)


def rounds(visit: Visit, query: RoundsQuery) -> Response:
    """Show claim rounds, those of one room or the newest of all, and how to open one."""
    return _rounds_page(visit, RoundForm(room=query.room, platform=query.platform))


def open_a_round(visit: Visit, form: RoundForm) -> Response:
    """Open a claim round that ends when it is closed."""
    since = datetime.now(UTC) - timedelta(minutes=form.minutes) if form.minutes else None
    try:
        items = read_items(form.items.splitlines())
        if not form.room.strip() or not form.platform.strip():
            raise WrongUse("say which room, and on which platform")
        asked = RoundRequest(
            form.platform.strip(), form.room.strip(), form.title, items, since, None, _by(visit)
        )
        number = open_in_home(visit.service.shards, asked)
    except WrongUse as error:
        return _rounds_page(visit, form, 422, wrong=str(error))
    return _to(number)


def sheet(visit: Visit, number: str, query: SheetQuery) -> Response:
    """Show the order lines of a round, in order of arrival."""
    return _sheet_page(visit, _number(number), query)


def close_a_round(visit: Visit, number: str) -> Response:
    """Close a round: what is said later counts no more."""
    which = _number(number)
    try:
        close_claims(_home(visit, which), which, None, _by(visit))
    except WrongUse as error:
        return _sheet_page(visit, which, SheetQuery(), 409, wrong=str(error))
    return _to(which)


def correct_a_line(visit: Visit, number: str, form: CorrectionForm) -> Response:
    """Say what a message orders, instead of what was read from it."""
    which, message = _number(number), form.message.strip()
    try:
        orders = [] if form.action == "nothing" else _orders(form.orders)
        correct_claim(_home(visit, which), which, message, orders, _by(visit))
    except WrongUse as error:
        again = SheetQuery(message=message)
        return _sheet_page(visit, which, again, 422, wrong=str(error), typed=form.orders)
    return _to(which)


def export_lines(visit: Visit, number: str) -> Response:
    """Download order lines as CSV; no cell begins like a formula."""
    which = _number(number)
    lines = claims_csv(_found(visit, which))
    headers = {"content-disposition": f'attachment; filename="claims-{which}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _rounds_page(visit: Visit, form: RoundForm, status: int = 200, wrong: str = "") -> Response:
    found = claims_over(visit.service.shards, form.room or None)
    return visit.page(
        "claims.html",
        status,
        here="/claims",
        rounds=found,
        known=sorted({(one.platform, one.room_id) for one in found}),
        form=form,
        wrong=wrong,
        shape=ITEM_SHAPE,
        now=datetime.now(UTC),
    )


def _sheet_page(
    visit: Visit, number: int, query: SheetQuery, status: int = 200, *, wrong: str = "", **more: Any
) -> Response:
    found = _found(visit, number)
    lines = found.lines
    asked = [line for line in lines if line.message_id == query.message]
    until, now = found.held.until, datetime.now(UTC)
    return visit.page(
        "claim_sheet.html",
        status,
        here="/claims",
        held=found.held,
        is_open=until is None or until > now,
        stock=found.stock(),
        lines=lines[query.after : query.after + LINES],
        before=query.after,
        later=query.after + LINES if len(lines) > query.after + LINES else 0,
        earlier=max(query.after - LINES, 0),
        count=len(lines),
        waiting=found.waiting,
        names={item.code: item.name for item in found.held.items.items},
        states=STATES,
        to_ask=sum(line.state is LineState.ASK for line in lines),
        message=query.message,
        about=asked[0] if asked else None,
        orders=more.get("typed") or _written(asked),
        wrong=wrong,
        correct=lambda message: f"?{urlencode({'after': query.after, 'message': message})}#correct",
    )


def _written(lines: Sequence[OrderLine]) -> str:
    """Return what lines order, as a person writes it."""
    ordered = [line for line in lines if line.code is not None]
    return ", ".join(
        f"{line.code}{f'/{line.variant}' if line.variant else ''}={line.quantity}"
        for line in ordered
    )


def _orders(text: str) -> list[Ordered]:
    orders = [read_order(one.strip()) for one in text.split(",") if one.strip()]
    if not orders:
        raise WrongUse("say what it orders, such as A1/red=2, or that it orders nothing")
    return orders


def _found(visit: Visit, number: int) -> ClaimSheet:
    try:
        return show_claims(_home(visit, number), number)
    except WrongUse:
        raise Problem(404, f"there is no claim round {number}") from None


def _home(visit: Visit, number: int) -> Database:
    return home_of_claims(visit.service.shards, number).database


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise Problem(404, "there is no such claim round")
    return int(text)


def _by(visit: Visit) -> str:
    return visit.asks.name


def _to(number: int) -> Response:
    return RedirectResponse(f"/claims/{number}", 303)


ROUTES = (
    page("GET", "/claims", rounds, Scope.LEADS),
    page("POST", "/claims", open_a_round, Scope.LEADS),
    page("GET", "/claims/{number}", sheet, Scope.LEADS),
    page("GET", "/claims/{number}/export", export_lines, Scope.LEADS, gives="text/csv"),
    page("POST", "/claims/{number}/close", close_a_round, Scope.LEADS),
    page("POST", "/claims/{number}/correct", correct_a_line, Scope.LEADS),
)
