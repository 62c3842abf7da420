"""Order lines come from free wording, in order of arrival; what is unclear is asked back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from intent.claims.order_book import LineState, OrderLine, order_lines
from intent.model.claim_round import ClaimCorrection, ClaimMessage, Ordered, read_items
from intent.model.message import AuthorRole
from tests.conftest import EPOCH

ITEMS = read_items(["A1 | linen shirt / kemeja | red=2, blue=1", "A2 | tote bag | 3"])
ONE = read_items(["C1 | cookie box | 3"])


def lines(*said: tuple[str, str], items: Any = ITEMS, **values: Any) -> list[OrderLine]:
    corrections = values.pop("corrections", {})
    given = {"author_role": AuthorRole.VIEWER, "purchase": 0.9, **values}
    messages = [
        ClaimMessage(
            message_id=str(number),
            user_id=who,
            text=text,
            said_at=EPOCH + timedelta(seconds=number),
            **given,
        )
        for number, (who, text) in enumerate(said)
    ]
    return order_lines(items, messages, corrections)


def shown(*said: tuple[str, str], **values: Any) -> list[tuple[Any, ...]]:
    return [
        (one.user_id, one.code, one.variant, one.quantity, one.state.value)
        for one in lines(*said, **values)
    ]


@pytest.mark.parametrize(
    ("text", "variant", "quantity"),
    [
        ("sold A1 red 2", "red", 2),
        ("A1 merah x2", "red", 2),
        ("我要两件A1红色", "red", 2),
        ("lấy 2 cái A1 đỏ", "red", 2),
        ("เอา A1 แดง 2", "red", 2),
        ("quiero dos A1 rojas", "red", 2),
        ("mau kemeja biru satu kak", "blue", 1),
    ],
)
def test_six_languages_order_the_same(text: str, variant: str, quantity: int) -> None:
    assert [(one.code, one.variant, one.quantity) for one in lines(("u", text))] == [
        ("A1", variant, quantity)
    ]


@pytest.mark.parametrize("text", ["+1", "mau satu kak", "来一个", "lấy 1", "เอา 1", "quiero una"])
def test_where_there_is_one_item_nobody_has_to_name_it(text: str) -> None:
    assert shown(("u", text), items=ONE) == [("u", "C1", None, 1, "served")]


@pytest.mark.parametrize(
    "text",
    [
        "how much is A1?",
        "masih ada A1 merah?",
        "A1 还有吗",
        "haha I want a thousand A2",
        "if A1 comes in green I want 2",
        '"A1 red" who said that?',
        "@ana A1 red 2",
        "my A2 arrived yesterday, thanks",
        "don't want A2",
        "A2 x1000000",
        "",
    ],
)
def test_what_is_no_order_makes_no_line(text: str) -> None:
    assert lines(("u", text)) == []


@pytest.mark.parametrize("text", ["J22 M for me pls", "K15 x2", "haah dia tidur pukul 8 tadi"])
def test_where_there_is_one_item_another_code_and_talk_still_order_nothing(text: str) -> None:
    assert lines(("u", text), items=ONE) == []


def test_the_host_and_a_message_that_a_person_labelled_otherwise_order_nothing() -> None:
    assert lines(("u", "A2 x1"), author_role=AuthorRole.HOST) == []
    assert lines(("u", "A2 x1"), by_human=True, labels=("chatter",)) == []


def test_what_is_unclear_is_asked_and_the_answer_completes_it() -> None:
    assert [one.unclear for one in lines(("u", "A1"))] == ["which variant?"]
    assert [one.unclear for one in lines(("u", "mau 2 kak"))] == ["which item?"]
    assert shown(("u", "A1 x2"), ("u", "blue"))[1] == ("u", "A1", "blue", 2, "waiting")


def test_who_repeats_orders_once_unless_they_say_more() -> None:
    assert len(lines(("u", "A2 1"), ("u", "A2 1"))) == 1
    assert len(lines(("u", "A2 1"), ("u", "nambah 1 lagi A2"))) == 2
    assert [one.unclear for one in lines(("u", "A2 1"), ("u", "A2 3"))] == [
        None,
        "how many in all?",
    ]


def test_what_exceeds_the_stock_waits_and_comes_next_when_a_line_is_taken_back() -> None:
    said = [("a", "A2 x2"), ("b", "A2 x2"), ("c", "A2 x1")]
    assert [(one.served, one.state) for one in lines(*said)] == [
        (2, LineState.SERVED),
        (1, LineState.WAITING),
        (0, LineState.WAITING),
    ]
    freed = lines(*said, ("a", "cancel please"))
    assert [one.state.value for one in freed] == ["cancelled", "served", "served"]


def test_cancelling_one_of_several_lines_is_asked_back_unless_it_is_named() -> None:
    said = [("u", "A2 1"), ("u", "A1 red")]
    assert lines(*said, ("u", "batal kak"))[-1].unclear == "take back which line?"
    assert [one.state.value for one in lines(*said, ("u", "batal A2 kak"))] == [
        "cancelled",
        "served",
    ]


def test_one_message_holds_several_lines() -> None:
    assert shown(("u", "A2 x2 and A1 blue")) == [
        ("u", "A2", None, 2, "served"),
        ("u", "A1", "blue", 1, "served"),
    ]


def test_what_a_person_says_stands_instead_of_what_was_read() -> None:
    said = ClaimCorrection("0", (Ordered("A2", None, 2),), "eve", EPOCH)
    (line,) = lines(("u", "no idea"), corrections={"0": said})
    assert (line.code, line.quantity, line.corrected_by) == ("A2", 2, "eve")
    assert lines(("u", "A2 1"), corrections={"0": ClaimCorrection("0", (), "eve", EPOCH)}) == []


def test_a_change_takes_the_place_of_the_line_before() -> None:
    assert shown(("u", "A1 red"), ("u", "ganti biru ya kak")) == [
        ("u", "A1", "red", 1, "cancelled"),
        ("u", "A1", "blue", 1, "served"),
    ]
