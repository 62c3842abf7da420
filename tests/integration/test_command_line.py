"""The command line, as people and programs use it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from intent.__main__ import main as started
from intent.cli.app import main
from intent.model.message import wire
from tests.conftest import MakeMessage

SAMPLE = Path("intent/sources/sample.jsonl")
Run = Callable[..., "Result"]
NOTHING_READ: dict[str, Any] = {
    "accepted": 0,
    "repeated": 0,
    "refused": 0,
    "refused_new": 0,
    "edited": 0,
    "conflicting": 0,
    "retracted": 0,
    "erased": 0,
    "outages": 0,
    "format": "wire",
    "skipped": {},
}


class Result:
    """Exit code and output of one command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sqlite_url: str
) -> Run:
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["intent", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


def test_the_main_job_from_a_file_to_leads_and_features(run: Run) -> None:
    (read,) = run("ingest", SAMPLE, "--json").lines()
    assert read == NOTHING_READ | {"accepted": 362, "repeated": 12}
    assert run("ingest", SAMPLE, "--json").lines()[0]["accepted"] == 0
    worked = run("work", "--drain", "--json").lines()[0]
    assert worked["decided"] == 362
    audit = run("audit", "--json")
    assert audit.code == 0
    assert audit.lines()[0] | {"features": None} == {
        "outcomes": dict.fromkeys(
            (
                *("conversions", "unplaced", "gaps", "dangling", "exposures", "misdealt"),
                *("impressions", "clicks", "unshown", "strange"),
            ),
            0,
        ),
        "plain": {"messages": 0, "decisions": 0, "dead_letters": 0},
        "accepted": 362, "decided": 362, "waiting": 0, "dead": 0, "refused": 0,
        "nowhere": 0, "twice": 0, "unknown": 0, "gaps": 0, "misfiled": 0, "features": None, "holds": True, "retracted": 0,
    }  # fmt: skip
    leads = run("leads", "--json").lines()
    assert len(leads) == worked["leads"]
    assert {
        "platform",
        "room_id",
        "user_id",
        "text",
        "labels",
        "lead_probability",
        "event_timestamp",
    } <= set(leads[0])
    shown = run("leads", "--room", "live-tea-02", "--limit", "3")
    assert "3 leads, hot and unanswered first" in shown.out
    assert "live-tea-02" in shown.out
    seen, unseen = run(
        "features", "read", "room=tiktok:live-tea-02", "user=tiktok:nobody", "--json"
    ).lines()
    assert any(value for value in seen["features"].values())
    assert not any(value for value in unseen["features"].values())
    again = run("work", "--drain", "--json").lines()[0]
    assert again["decided"] == 0


def test_lines_that_are_no_messages_are_counted_kept_once_and_explained(
    run: Run, tmp_path: Path, make_message: MakeMessage
) -> None:
    chat = tmp_path / "chat.jsonl"
    chat.write_bytes(
        b"\n".join(
            [
                wire(make_message()),
                b"{",
                b"\xff",
                b'{"text": "\x00"}',
                b"x" * 100_000,
                wire(make_message("")),
                wire(make_message("\U0001f600")),
            ]
        )
    )
    first = run("ingest", chat, "--json")
    assert first.lines() == [NOTHING_READ | {"accepted": 3, "refused": 4, "refused_new": 4}]
    assert (first.code, "probably no file of messages" in first.err) == (1, True)
    assert "line 2: Invalid JSON" in first.err
    assert run("ingest", chat, "--json").lines() == [NOTHING_READ | {"repeated": 3, "refused": 4}]
    letters = run("dead", "list", "--json").lines()
    assert [letter["reason"][:12] for letter in letters] == [
        "Invalid JSON",
        "is no UTF-8 ",
        "Invalid JSON",
        "the line is ",
    ]
    assert len(json.dumps(run("dead", "show", letters[3]["id"], "--json").lines()[0])) < 100_000
    assert run("dead", "replay", letters[0]["id"]).code == 1
    assert run("dead", "drop", letters[0]["id"]).code == 0
    assert len(run("dead", "list", "--json").lines()) == 3
    assert run("audit").code == 0


def test_a_decision_is_printed_for_every_line_in_order(run: Run, tmp_path: Path) -> None:
    texts = ["how much is it?", "", "love your hair", "how much is it?"]
    chat = tmp_path / "texts.jsonl"
    chat.write_text("\n".join(json.dumps({"text": text}) for text in texts))
    found = run("classify", chat, "--json").lines()
    assert [line["message_id"] for line in found] == ["line-1", "line-2", "line-3", "line-4"]
    keys = (
        "platform message_id labels is_lead lead_probability probabilities decided_by "
        "from_cache degraded slots question_type versions"
    )
    assert list(found[0]) == keys.split()
    assert "price_inquiry" in found[0]["labels"]
    assert found[0]["is_lead"] is True
    assert found[3]["from_cache"] is True
    assert found[0]["probabilities"] == found[3]["probabilities"]


def test_a_model_of_any_other_labels_is_trained_and_used(run: Run, tmp_path: Path) -> None:
    said = {
        "greeting": ["hello there", "good morning", "hi all", "hey hey"],
        "farewell": ["goodbye", "see you later", "bye now", "good night all"],
    }
    data = tmp_path / "train.jsonl"
    data.write_text(
        "\n".join(
            json.dumps({"text": text, "labels": [label]})
            for label, texts in said.items()
            for text in texts
        )
    )
    trained = run("train", "--data", data, "--out", tmp_path / "model", "--json")
    assert trained.code == 0, trained.err
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "hello good morning"}\n{"text": "goodbye, see you"}')
    found = run("classify", texts, "--by", "local", "--model", tmp_path / "model", "--json").lines()
    assert [line["labels"] for line in found] == [["greeting"], ["farewell"]]
    assert set(found[0]["probabilities"]) == set(said)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ingest", "nowhere.jsonl"), 1, "nowhere.jsonl cannot be read: No such file"),
        (("ingest", "tests"), 1, "tests is a folder"),
        (
            ("leads", "--label", "nonsense"),
            2,
            "'nonsense' is no lead intent; choose one of: purchase_intent",
        ),
        (("leads", "--since", "yesterday"), 2, "'yesterday' is no time; write it like"),
        (("leads", "--since", "2026-01-01"), 2, "does not say in which time zone"),
        (
            ("features", "read", "somebody"),
            2,
            "write user|creator|user_creator|user_room|user_item|room|item|category|user_category=PLATFORM:ID",
        ),
        (("dead", "show", "99"), 1, "there is no dead letter 99"),
        (("classify",), 2, "give either a PATH"),
        (("classify", "--text", "x", "--by", "llm"), 1, "no LLM is configured"),
        (("dance",), 2, "No such command"),
        (("dead", "show", str(2**63)), 2, "Invalid value"),
        (("leads", "--limit", str(10**20)), 2, "Invalid value"),
        (("leads", "--since", "0001-01-01T00:00:00+14:00"), 2, "is no time"),
        (("leads", "--room", "\udcff"), 2, "is no UTF-8"),
        (
            ("migrate", "--to", "bogus", "--yes"),
            2,
            "'bogus' is no migration; use head, base, or one of: 0001",
        ),
        (("migrate", "--to", "", "--yes"), 2, "is no migration"),
    ],
)
def test_wrong_use_gets_one_sentence_and_an_exit_code(
    run: Run, arguments: tuple[str, ...], code: int, words: str
) -> None:
    run("migrate")
    result = run(*arguments)
    assert result.code == code
    assert words in " ".join(result.err.replace("│", " ").split())
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "mysql://x/y", "is not supported; use sqlite:///"),
        ("DATABASE_URL", "nonsense", "INTENT_DATABASE_URL is no database URL"),
        (
            "DATABASE_URL",
            "sqlite:////nowhere/at/all/x.db",
            "the folder of the database /nowhere/at/all/x.db does not exist",
        ),
        ("DATABASE_URL", "postgresql://secret:hunter2@127.0.0.1:1/x", "cannot be opened"),
        ("BATCH_COUNT", "many", "the setting INTENT_BATCH_COUNT is wrong"),
        ("LOG_LEVEL", "loud", "the setting INTENT_LOG_LEVEL is wrong"),
        ("PROMPTS_DIR", "/nowhere", "/nowhere does not exist"),
        ("LEASE", "inf", "the setting INTENT_LEASE is wrong"),
        ("DATABASE_URL", "postgresql://127.0.0.1:abc/x", "INTENT_DATABASE_URL is no database URL"),
        ("DATABASE_URL", "postgresql://nohost.invalid/x", "cannot be opened"),
        (
            "DATABASE_URL",
            "postgresql://127.0.0.1/x?nope=1",
            "has an option that the driver does not know",
        ),
        ("DATABASE_URL", "sqlite+aiosqlite:///x", "sqlite+aiosqlite is not supported"),
    ],
)
def test_a_bad_setting_is_named_with_its_remedy(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    run("migrate")
    monkeypatch.setenv(f"INTENT_{name}", value)
    result = run("leads")
    assert result.code in {1, 2}
    assert words in result.err
    assert "Traceback" not in result.err
    assert "hunter2" not in result.err + result.out


def test_a_file_that_is_no_database_is_left_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear all, " * 1000)
    monkeypatch.setenv("INTENT_DATABASE_URL", f"sqlite:///{letter}")
    result = run("audit")
    assert (result.code, letter.read_text()) == (1, "dear all, " * 1000)
    assert "no healthy SQLite database" in result.err


def test_nothing_that_people_sent_reaches_the_terminal_raw(
    run: Run, tmp_path: Path, make_message: MakeMessage
) -> None:
    evil = "\x1b[31mEVIL\x9b2J [bold]x[/] [/]"
    chat = tmp_path / "chat.jsonl"
    chat.write_bytes(
        wire(
            make_message(f"I want to order 2 please, how much? {evil}", user_id=evil, room_id=evil)
        )
        + b"\n"
        + wire(make_message(evil))
    )
    assert run("ingest", chat).code == 0
    assert run("work", "--drain").code == 0
    entity = f"user=tiktok:{evil}"
    shown = [
        run("leads"),
        run("leads", "--json"),
        run("features", "read", entity),
        run("features", "read", entity, "--json"),
        run("classify", chat),
    ]
    for result in shown:
        assert result.code == 0, result.err
        assert "\x1b" not in result.out + result.err
        assert "\x9b" not in result.out + result.err
    assert "[bold]x[/] [/]" in shown[0].out


def test_the_settings_are_shown_and_secrets_are_not(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTENT_DATABASE_URL", "postgresql://me:hunter2@host/db")
    monkeypatch.setenv("INTENT_LLM_API_KEY", "sk-canary")
    shown = run("config", "--json")
    assert shown.lines()[0]["database_url"] == "postgresql://me:***@host/db"
    assert "hunter2" not in shown.out + run("config").out
    assert "sk-canary" not in shown.out + run("config").out


@pytest.mark.parametrize(
    "verb",
    [
        "",
        "demo",
        "migrate",
        "ingest",
        "work",
        "classify",
        "leads",
        "train",
        "audit",
        "features read",
        "dead list",
        "config",
    ],
)
def test_every_verb_has_help_with_an_example(run: Run, verb: str) -> None:
    helped = run(*verb.split(), "--help")
    assert helped.code == 0
    assert "Example" in helped.out or verb == ""


def test_a_verb_loads_what_it_needs_and_no_other_verbs_packages() -> None:
    heavy = [
        "alembic",
        "numpy",
        "onnxruntime",
        "openai",
        "pydantic",
        "rich.table",
        "sqlalchemy",
        "starlette",
    ]
    program = f"import sys, intent.cli.app; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.slow
@pytest.mark.parametrize("verb", [f"classify {SAMPLE} --json", "config"])
def test_leaving_a_pipe_early_is_no_error(verb: str) -> None:
    command = f"{sys.executable} -m intent {verb} | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_an_interruption_while_the_command_line_is_loaded_leaves_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Loading:
        @property
        def main(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "intent.cli.app", Loading())
    with pytest.raises(SystemExit) as left:
        started()
    assert left.value.code == 130
    assert capsys.readouterr().err == ""


def test_a_record_that_cannot_be_written_names_the_place_and_the_remedy(
    run: Run, tmp_path: Path
) -> None:
    run("migrate")
    tried = run("export", "--user", "x:u", "-o", tmp_path / "no" / "u.json")
    assert tried.code == 1
    assert "u.json cannot be written (No such file or directory); give another" in tried.err


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").out.strip()


@pytest.mark.slow
def test_classifying_ten_thousand_lines_streams_in_constant_memory(tmp_path: Path) -> None:
    measure = "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    program = (
        f"import resource, sys\nfrom intent.cli.app import main\ntry:\n    "
        f"main()\nfinally:\n    {measure}\n"
    )

    def peak(count: int) -> int:
        lines = "\n".join(
            json.dumps({"text": f"is number {n % 50} still there?"}) for n in range(count)
        )
        done = subprocess.run(
            [sys.executable, "-c", program, "classify", "-", "--json"],
            input=lines,
            capture_output=True,
            text=True,
            check=True,
        )
        assert len(done.stdout.splitlines()) == count
        return int(done.stderr.split()[-1])

    assert peak(10_000) < peak(500) * 1.1 + 10_000
