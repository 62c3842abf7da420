"""Items of a claim round are typed as one line each, and refused with what is wrong."""

from __future__ import annotations

import pytest

from intent.model.claim_round import read_item, read_items
from intent.model.errors import WrongUse


@pytest.mark.parametrize(
    "line",
    [
        "A1 | wrap dress / gaun | red / merah=2, blue=0, green | 39.000",
        "A2 | tote bag | 5",
        "A3 | pin",
        "7 | serum |  | 59",
    ],
)
def test_an_item_is_written_as_it_is_read(line: str) -> None:
    item = read_item(line)
    assert read_item(item.written) == item


def test_names_variants_stock_and_price_are_told_apart() -> None:
    item = read_item("A1 | wrap dress / gaun | red / merah=2, green | 39.000")
    assert (item.code, item.names, item.price) == ("A1", ("wrap dress", "gaun"), "39.000")
    assert [(one.names, one.stock) for one in item.variants] == [
        (("red", "merah"), 2),
        (("green",), None),
    ]
    assert (item.stock_of("red"), item.stock_of("green"), item.stock_of("white")) == (2, None, None)


@pytest.mark.parametrize(
    "line", ["", "A1", "A1 | ", "A1 | a | red=many", "A1 | a | -1", "A1 | a | 1 | 2 | 3", " | a"]
)
def test_what_is_no_item_is_refused_with_how_to_write_one(line: str) -> None:
    with pytest.raises(WrongUse, match="write it like"):
        read_item(line)


@pytest.mark.parametrize("lines", [[], ["A1 | a", "a1 | b"], ["A1 | a | red=1, Red=2"]])
def test_items_that_cannot_be_told_apart_are_refused(lines: list[str]) -> None:
    with pytest.raises(WrongUse):
        read_items(lines)
