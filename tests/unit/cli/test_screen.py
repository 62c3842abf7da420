"""What people are told is shown as it is."""

from __future__ import annotations

import pytest

from intent.cli.screen import json_line, plain_line, say


def test_names_of_emoji_and_markup_stay_text(capsys: pytest.CaptureFixture[str]) -> None:
    say("facebook:abc: [red]failed[/] :smile:")
    assert capsys.readouterr().err == "facebook:abc: [red]failed[/] :smile:\n"


def test_a_line_of_text_or_json_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    plain_line("[red]a long line[/] :smile: " * 20)
    json_line({"text": "é \u2028 \x7f"})
    json_line({"text": "plain \x7f"})
    assert capsys.readouterr().out.splitlines() == [
        "[red]a long line[/] :smile: " * 20,
        '{"text": "é \\u2028 \\u007f"}',
        '{"text": "plain \\u007f"}',
    ]
