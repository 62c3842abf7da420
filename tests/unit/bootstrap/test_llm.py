"""Objects are built from settings as an operator would expect."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from eval.standin.fake_llm_server import FakeLlmServer
from intent.bootstrap.application import Application, open_application
from intent.bootstrap.deciding import llm_is_on
from intent.bootstrap.llm import build_answerer, build_exchange
from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings
from intent.model.errors import OperatorError
from tests.unit.classify.llm.asking import TAXONOMY, MemoryLedger, MemoryReplies, claims, labels


def test_without_a_server_and_a_key_the_llm_is_off() -> None:
    assert not llm_is_on(Application(Settings()))
    with pytest.raises(OperatorError, match="no LLM is configured"):
        build_answerer(Application(Settings()), MemoryLedger(), MemoryReplies())


@pytest.mark.parametrize("name", ["INTENT_LLM_API_KEY", "OPENAI_API_KEY"])
def test_a_key_of_either_name_switches_it_on_and_is_hidden(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "sk-secret")
    app = open_application()
    assert llm_is_on(app)
    assert "sk-secret" not in repr(app.settings)


def test_an_unknown_model_needs_a_price() -> None:
    settings = Settings(llm_base_url="http://127.0.0.1:9/v1", llm_model="my-own")
    with pytest.raises(OperatorError, match="INTENT_LLM_PRICE_INPUT"):
        build_exchange(Application(settings), MemoryLedger())
    free = settings.model_copy(update={"llm_price_input": 0.0, "llm_price_output": 0.0})
    assert build_exchange(Application(free), MemoryLedger()).model.id == "my-own"


def test_the_key_is_sent_and_a_prompt_asks_its_own_model_over_the_common_exchange(
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(locate("prompts"), tmp_path / "prompts"))
    text = (folder / "lead_intent.prompty").read_text(encoding="utf-8")
    (folder / "other.prompty").write_text(
        text.replace("name: lead_intent", "name: other").replace(
            "id: gpt-6-luna", "id: gpt-4.1-mini"
        ),
        encoding="utf-8",
    )
    ledger = MemoryLedger()
    with FakeLlmServer(TAXONOMY) as server:
        settings = Settings(
            llm_base_url=server.url, llm_api_key=SecretStr("sk-secret"), prompts_dir=folder
        )
        app = Application(settings)
        exchange = build_exchange(app, ledger)
        for prompt in ("production", "other"):
            answerer = build_answerer(
                app, ledger, MemoryReplies(), prompt=prompt, exchange=exchange
            )
            assert labels(answerer.answer(claims("how much?"), [])) == ["price_inquiry"]
    assert [seen.body["model"] for seen in server.seen] == ["gpt-6-luna", "gpt-4.1-mini"]
    assert [attempt.model for attempt in ledger.attempts] == ["gpt-6-luna", "gpt-4.1-mini"]
    assert ["prompt_cache_options" in seen.body for seen in server.seen] == [True, False]
