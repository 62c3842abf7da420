"""The verbs ``intent hooks …``, as a person uses them who pushes leads to a receiver."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from intent.bootstrap.application import migrations_dir
from intent.cli.app import main
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.conftest import MakeDecision, MakeMessage, rows
from tests.pushing import Shop
from tests.receivers import Receiver, answer


@pytest.fixture
def database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("INTENT_DATABASE_URL", sqlite_url)
    opened = Database(sqlite_url)
    migrate(opened, migrations_dir())
    return opened


@pytest.fixture
def shop(database: Database, make_message: MakeMessage, make_decision: MakeDecision) -> Shop:
    return Shop(database, make_message, make_decision)


@pytest.fixture
def intent(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    def run(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        monkeypatch.setattr(sys, "argv", ["intent", "hooks", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines() if line.startswith("{")]
        return int(left.value.code or 0), lines, said.out + " ".join(said.err.split())

    return run


def added(intent: Any, receiver: Receiver, *options: str) -> str:
    """Add a receiver by the name of shop, and return its secret."""
    given = (receiver.url, "--name", "shop", "--allow-private", "--json", *options)
    code, (line,), _ = intent("add", *given)
    assert code == 0
    return str(line["secret"])


def test_a_receiver_verifies_what_it_is_told_with_the_secret_that_was_shown(
    intent: Any, shop: Shop
) -> None:
    with Receiver() as receiver:
        secret = added(intent, receiver, "--minimum", "0.5")
        lead = shop.found("purchase_intent", text="mau satu kak", probability=0.9)
        shop.found(probability=0.4)
        code, (report,), said = intent("deliver", "--drain", "--json")
        assert (code, report["delivered"], report["failed"]) == (0, 1, 0)
        assert (intent("test", "shop")[0], len(receiver.seen)) == (0, 2)
        told, test = (Webhook(secret).verify(one.body, dict(one.headers)) for one in receiver.seen)
    assert (told["type"], test["type"]) == ("lead.found", "hook.test")
    assert told["data"]["message_id"] == lead.message_id
    assert (told["data"]["text"], told["data"]["labels"]) == ("mau satu kak", ["purchase_intent"])
    assert secret not in said
    shown = "".join(
        intent(*words)[2] for words in (("list",), ("list", "--json"), ("show", "shop"))
    )
    assert receiver.ids[0] in shown
    assert secret not in shown


def test_the_secret_stands_in_no_byte_of_the_database(
    intent: Any, shop: Shop, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        secret = added(intent, receiver)
        code, (line,), _ = intent("rotate", "shop", "--json")
        assert (code, line["secret"] == secret) == (0, False)
        shop.found()
        assert intent("deliver", "--drain")[0] == 0
        (seen,) = receiver.seen
    for alive in (secret, line["secret"]):
        Webhook(alive).verify(seen.body, dict(seen.headers))
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("intent.db*"))
        assert alive.removeprefix("whsec_").encode() not in kept


def test_what_is_given_up_is_shown_and_sent_again_by_hand(
    intent: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTENT_HOOK_ATTEMPTS", "1")
    with Receiver(answer(500, b"a canary of theirs")) as receiver:
        added(intent, receiver)
        shop.found()
        assert intent("deliver", "--drain")[0] == 0, "nothing waits any more"
        _, (line,), said = intent("show", "shop", "--dead", "--json")
        assert (line["state"], line["status"], line["attempts"]) == ("dead", 500, 1)
        assert "canary" not in said + str(rows(shop.database, "hook_deliveries"))
        receiver.always = answer()
        assert intent("replay", "shop", "--dead", "--json")[1] == [{"replayed": 1}]
        assert intent("deliver", "--drain")[0] == 0
        assert intent("replay", "shop", "--id", line["webhook_id"], "--json")[1] == [
            {"replayed": 1}
        ]
        assert intent("deliver", "--drain")[0] == 0
        assert receiver.ids == [line["webhook_id"]] * 3
        assert intent("replay", "shop")[0] == 2
        assert intent("replay", "shop", "--since", "2026-11-20T00:00:00Z")[0] == 0


def test_what_waits_for_its_next_try_is_told_by_the_exit_code(intent: Any, shop: Shop) -> None:
    with Receiver(answer(503, Retry_After="600")) as receiver:
        added(intent, receiver)
        shop.found()
        code, _, said = intent("deliver", "--drain")
        assert code == 1
        assert "1 deliveries wait for their next try" in said
        code, _, said = intent("test", "shop")
        assert (code, "shop answers with status 503" in said) == (1, True)


def test_a_receiver_that_is_paused_or_has_ended_is_told_nothing_until_it_goes_on(
    intent: Any, shop: Shop
) -> None:
    with Receiver(answer(410)) as receiver:
        added(intent, receiver)
        shop.found()
        intent("deliver", "--drain")
        (line,) = intent("list", "--json")[1]
        assert (line["state"], line["waiting"]) == ("ended", 1)
        receiver.always = answer()
        assert intent("resume", "shop")[0] == 0
        assert intent("pause", "shop")[0] == 0
        shop.found()
        intent("deliver", "--drain")
        assert len(receiver.seen) == 1
        assert intent("resume", "shop", "--json")[1][0]["state"] == "active"
        assert intent("deliver", "--drain")[0] == 0
        assert len(receiver.seen) == 3
        assert len(set(receiver.ids)) == 2
        assert intent("remove", "shop")[0] == 0
        assert intent("list", "--json")[1] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "http://shop.example/"), "--allow-private"),
        (("add", "https://127.0.0.1/"), "no public address"),
        (("add", "https://shop.example/", "--intent", "chatter"), "no lead intent"),
        (("add", "https://shop.example/", "--event", "born"), "found, changed, handled, gone"),
        (("add", "https://shop.example/", "--minimum", "7"), "between 0 and 1"),
        (("add", "https://shop.example/", "--name", "\n"), "on one line"),
        (("show", "nobody"), "no hook 'nobody'"),
        (("pause", "nobody"), "no hook 'nobody'"),
        (("replay", "nobody", "--dead"), "no hook 'nobody'"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    intent: Any, arguments: tuple[str, ...], said: str
) -> None:
    code, lines, told = intent(*arguments)
    assert (code, lines) == (2, [])
    assert said in told
    assert "Traceback" not in told


def test_a_name_is_given_once_and_there_are_not_endlessly_many(intent: Any, shop: Shop) -> None:
    assert intent("add", "https://shop.example/a")[0] == 0
    code, _, said = intent("add", "https://shop.example/b")
    assert (code, "give another --name" in said) == (2, True)
    for number in range(49):
        shop.hook(name=f"hook {number}")
    code, _, said = intent("add", "https://other.example/")
    assert (code, "there are 50 hooks" in said) == (2, True)


def test_without_its_key_file_nothing_is_signed_by_another(
    intent: Any, shop: Shop, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        added(intent, receiver)
        shop.found()
        key = tmp_path / "intent.db.key"
        kept = key.read_bytes()
        key.unlink()
        code, _, said = intent("deliver", "--drain")
        assert (code, "put it back" in said) == (1, True)
        key.write_text(kept.decode().replace(kept.decode()[20:28], "AAAAAAAA"))
        code, _, said = intent("deliver", "--drain")
        assert (code, "not the one that this hook's secret was made with" in said) == (1, True)
        key.write_bytes(kept)
        shop.end_leases()
        assert intent("deliver", "--drain")[0] == 0
        assert len(receiver.seen) == 1
