"""A log line says where an error was, and never its words or the values around it."""

from __future__ import annotations

import errno
import io
import json
import sys

import pytest
import structlog

from intent.cli import app as command_line
from intent.telemetry import configure_logs, logger

SECRET = "call me at 0812 7777"


def fail() -> None:
    text = SECRET
    raise ValueError(f"cannot read {text}")


@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_is_logged_by_its_type_and_place(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(as_json=as_json)
    try:
        fail()
    except ValueError:
        logger("test").exception("broken")
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "test_telemetry.py" in said
    assert SECRET not in said
    assert len(said.splitlines()) == 1


def test_a_line_of_json_is_one_object_whatever_an_id_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs(as_json=True)
    logger("test").info("seen", message_id="a\nb\x1b[31m")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message_id"] == "a\\nb\\x1b[31m"


def test_the_format_and_level_of_logs_may_be_said_with_the_verb(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("INTENT_LOG_JSON", "INTENT_LOG_LEVEL"):
        monkeypatch.setenv(name, "")  # whatever is said here is gone after the test
    given = ["--log-format", "json", "--log-level", "debug"]
    monkeypatch.setattr(sys, "argv", ["intent", *given, "config", "--json"])
    with pytest.raises(SystemExit):
        command_line.main()
    shown = json.loads(capsys.readouterr().out)
    assert (shown["log_json"], shown["log_level"]) == ("True", "debug")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"part": "web", "ms": 1.5, "who": None, "cut": True, "at": "a.py:1 run > b.py:2 go"},
        {"quoted": 'a "word"', "sum": "1=2", "empty": "", "path": "/v1/x", "b": b"bytes"},
    ],
)
@pytest.mark.parametrize("event", ["request", "an event that is longer than its column is wide"])
def test_a_line_for_a_file_is_what_a_terminal_shows_without_colours(
    event: str, values: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs()
    logger("web").warning(event, **{"part": "web", **values})
    said = capsys.readouterr().err.removesuffix("\n")
    line = {**values, "event": event, "level": "warning", "timestamp": said.split()[0]}
    shown = structlog.dev.ConsoleRenderer(colors=False)(None, "warning", {"part": "web", **line})
    assert said == shown


def test_a_line_that_cannot_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(errno.ENOSPC, "no space left on device")
            return super().write(text)

    disk = Full()
    monkeypatch.setattr(sys, "stderr", disk)
    configure_logs(as_json=True)
    logger("test").warning("lost")
    disk.full = False
    logger("test").warning("told")
    assert "told" in disk.getvalue()
    disk.close()
    logger("test").warning("to nobody")
