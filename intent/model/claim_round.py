"""A claim round: what a host offers to whoever claims it first, and for how long.

Nothing here knows of money that changes hands: a price is shown beside an order line, and nothing
is ever charged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from intent.model.errors import WrongUse
from intent.model.message import AuthorRole

MOST_ITEMS = 200
"""Items of one round, at most."""

MOST_PIECES = 100_000
"""Pieces of one line, and of one stock, at most."""

ITEM_SHAPE = "CODE | name / other name | stock, or variant=stock, variant=stock | price"
"""How an item is written; what stands behind the name may be left out."""

Word = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\w")]
Stock = Annotated[int, Field(ge=0, le=MOST_PIECES)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClaimVariant(_Value):
    """A size, colour or flavour of an item; ``names`` are all words for it, the first is shown.

    Attributes:
        stock: pieces that there are; None where nobody said.
    """

    names: Annotated[tuple[Word, ...], Field(min_length=1, max_length=10)]
    stock: Stock | None = None

    @property
    def name(self) -> str:
        """The word that is shown."""
        return self.names[0]


class ClaimItem(_Value):
    """One item of a round.

    Attributes:
        code: what viewers type to claim it, such as ``A2``.
        names: words for it; the first is shown.
        variants: what has to be chosen; none where there is nothing to choose.
        stock: pieces that there are of an item without variants; None where nobody said.
        price: as it was typed; shown, and never reckoned with.
    """

    code: Annotated[str, Field(min_length=1, max_length=20)]
    names: Annotated[tuple[Word, ...], Field(min_length=1, max_length=10)]
    variants: Annotated[tuple[ClaimVariant, ...], Field(max_length=100)] = ()
    stock: Stock | None = None
    price: Annotated[str, Field(max_length=40)] | None = None

    @property
    def name(self) -> str:
        """The word that is shown."""
        return self.names[0]

    def stock_of(self, variant: str | None) -> int | None:
        """Return the pieces that there are of a variant, or of an item without variants."""
        if not self.variants:
            return self.stock
        return next((one.stock for one in self.variants if one.name == variant), None)

    @property
    def written(self) -> str:
        """The item as :func:`read_item` reads it."""
        stock = "" if self.stock is None else str(self.stock)
        variants = ", ".join(
            " / ".join(one.names) + ("" if one.stock is None else f"={one.stock}")
            for one in self.variants
        )
        parts = (self.code, " / ".join(self.names), variants or stock, self.price or "")
        return " | ".join(parts).rstrip(" |")


class ClaimItems(_Value):
    """The items of one round; codes and names of variants tell them apart."""

    items: Annotated[tuple[ClaimItem, ...], Field(min_length=1, max_length=MOST_ITEMS)]

    @model_validator(mode="after")
    def _told_apart(self) -> ClaimItems:
        codes = [item.code.casefold() for item in self.items]
        if len(set(codes)) < len(codes):
            raise ValueError("two items have the same code")
        for item in self.items:
            names = [name.casefold() for one in item.variants for name in one.names]
            if len(set(names)) < len(names):
                raise ValueError(f"two variants of {item.code} have the same name")
        return self

    def find(self, code: str) -> ClaimItem | None:
        """Return the item of a code, however it is written."""
        return next((one for one in self.items if one.code.casefold() == code.casefold()), None)


@dataclass(frozen=True, slots=True)
class Ordered:
    """So many pieces of an item; ``variant`` is None where the item has none."""

    code: str
    variant: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class ClaimRound:
    """A round as it is stored.

    Attributes:
        since, until: only what was said from ``since`` on and before ``until`` counts; None while
            it is open.
        opened_by, closed_by: names of those who did.
    """

    number: int
    platform: str
    room_id: str
    title: str
    items: ClaimItems
    since: datetime
    until: datetime | None
    opened_by: str
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class ClaimMessage:
    """A decided message of a round's room, with what the reading of claims needs of it.

    Attributes:
        said_at: when it was said; of an edited one when it was edited, for it claims anew.
        item: the item on screen, as its id and in words.
        answered: text of the message that it replies to.
        purchase: probability that it wants to buy, 0 to 1.
        support: probability that it is about something that was bought already, 0 to 1.
        by_human: whether a person labelled it.
        labels: the chosen intents.
    """

    message_id: str
    user_id: str
    author_role: AuthorRole
    text: str
    said_at: datetime
    item: tuple[str, ...] = ()
    answered: str | None = None
    purchase: float = 0.0
    support: float = 0.0
    by_human: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimCorrection:
    """What a person says that a message orders, instead of what was read from it; of several the
    newest stands.
    """

    message_id: str
    ordered: tuple[Ordered, ...]
    by: str
    at: datetime


def read_item(text: str) -> ClaimItem:
    """Read an item that a person has typed; see :data:`ITEM_SHAPE`.

    Raises:
        WrongUse: it is no item; says why.
    """
    parts = [part.strip() for part in text.split("|")]
    if len(parts) < 2 or len(parts) > 4:
        raise WrongUse(f"{text!r} is no item; write it like: {ITEM_SHAPE}")
    code, names, stock, price = (*parts, "", "")[:4]
    try:
        return ClaimItem(code=code, names=_names(names), price=price or None, **_stock(stock))
    except ValidationError as error:
        raise WrongUse(
            f"{text!r} is no item: {_first(error)}; write it like: {ITEM_SHAPE}"
        ) from None


def read_items(lines: list[str]) -> ClaimItems:
    """Read the items of a round, one a line; empty lines are left out.

    Raises:
        WrongUse: one is no item, there is none, or two cannot be told apart.
    """
    items = tuple(read_item(line) for line in lines if line.strip())
    try:
        return ClaimItems(items=items)
    except ValidationError as error:
        raise WrongUse(f"these are no items of a round: {_first(error)}") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split("/") if name.strip())


def _stock(text: str) -> dict[str, object]:
    if not text:
        return {}
    if text.isdecimal():
        return {"stock": int(text)}
    variants = []
    for part in text.split(","):
        names, _, count = part.partition("=")
        variants.append({"names": _names(names), "stock": count.strip() or None})
    return {"variants": tuple(variants)}


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where} {first['msg']}".removeprefix(" ").replace("Value error, ", "")


def read_order(text: str) -> Ordered:
    """Read what a person says that a message orders, such as ``A1/red=2``.

    Raises:
        WrongUse: it is no order.
    """
    place, _, count = text.rpartition("=")
    code, _, variant = place.partition("/")
    if not code or not count.isdecimal() or not 1 <= int(count) <= MOST_PIECES:
        raise WrongUse(f"{text!r} is no order; write CODE/VARIANT=PIECES, such as A1/red=2")
    return Ordered(code, variant or None, int(count))
