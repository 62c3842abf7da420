"""A page of a chat, from the keys of the REST API."""

from __future__ import annotations

import pytest

from intent.sources.live.youtube.chat_page import ChatPage, read_page


def test_a_page_names_the_next_one_and_when_to_ask_for_it() -> None:
    values = {"items": [1], "nextPageToken": "p2", "pollingIntervalMillis": 2500}
    assert read_page(values) == ChatPage([1], "p2", 2.5, over=False)
    assert read_page({"offlineAt": "2026-11-20T12:00:00Z"}).over


@pytest.mark.parametrize("millis", [None, 0, -1, "soon", True, float("inf"), float("nan"), []])
def test_an_interval_that_is_none_is_five_seconds(millis: object) -> None:
    assert read_page({"pollingIntervalMillis": millis}).interval == 5.0


def test_no_interval_is_shorter_than_a_second() -> None:
    assert read_page({"pollingIntervalMillis": 10}).interval == 1.0


@pytest.mark.parametrize("token", [None, "", 7, []])
def test_a_token_that_is_no_text_is_none(token: object) -> None:
    assert read_page({"nextPageToken": token, "items": None}) == ChatPage([], None, 5.0, over=False)
