"""What people are told is shown as it is."""

from __future__ import annotations

import pytest

from intent.cli.screen import say


def test_names_of_emoji_and_markup_stay_text(capsys: pytest.CaptureFixture[str]) -> None:
    say("facebook:abc: [red]failed[/] :smile:")
    assert capsys.readouterr().err == "facebook:abc: [red]failed[/] :smile:\n"
