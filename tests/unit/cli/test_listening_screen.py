"""The rate of a source is that of the last ten seconds, and its summary stays on one line."""

from __future__ import annotations

from dataclasses import replace

from intent.cli.listening_screen import ListeningScreen, seconds_text, summary
from intent.flow.seen import SourceSeen
from intent.model.listening import SourceState

SEEN = SourceSeen("shop", "exec", SourceState.READING)


def test_messages_a_second_are_those_of_the_last_ten_seconds() -> None:
    ticks = iter([0.0, 0.0, 5.0, 10.0, 20.0])
    screen = ListeningScreen(clock=lambda: next(ticks))
    counts = [0, 50, 100, 110]
    rates = [screen.rates([replace(SEEN, messages=count)])["shop"] for count in counts]
    assert rates == [0.0, 10.0, 10.0, 1.0]


def test_a_summary_is_one_line_whatever_the_trouble_says() -> None:
    seen = replace(SEEN, dropped=2, error="lost\n\x1b[31mred", state=SourceState.WAITING)
    assert summary(seen) == (
        "shop: waiting; 0 messages, 0 gaps, 0 reconnects, 2 dropped; lost [31mred"
    )


def test_a_summary_tells_of_what_was_refused_and_where_it_is() -> None:
    assert summary(replace(SEEN, refused=1200)) == (
        "shop: reading; 0 messages, 0 gaps, 0 reconnects, 1,200 refused (see: intent dead list)"
    )


def test_a_summary_of_a_failed_source_leaves_the_reason_to_when_it_failed() -> None:
    seen = replace(SEEN, error="the token was revoked", state=SourceState.FAILED)
    assert summary(seen) == "shop: failed; 0 messages, 0 gaps, 0 reconnects"


def test_spans_are_short() -> None:
    spans = [seconds_text(one) for one in (None, 0.26, 600.0, 90_000.0)]
    assert spans == ["", "0.3 s", "10 min", "25 h"]
