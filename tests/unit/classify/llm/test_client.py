"""The adapter speaks OpenAI's wire; the cassettes were recorded from the stand-in server and are
only replayed.

To record them anew: ``RECORD_CASSETTES=all pytest tests/unit/classify/llm/test_client.py``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import vcr
from vcr.errors import CannotOverwriteExistingCassetteException

from eval.standin.fake_llm_server import FakeLlmServer
from eval.standin.faults import FAULTS, Fault
from intent.classify.llm.client import ChatClient
from intent.classify.llm.dialect import Dialect
from intent.classify.llm.schema import reply_schema
from intent.model.attempt import Outcome
from intent.model.completion import Allowance, Parameters, Request
from intent.model.errors import OperatorError
from tests.unit.classify.llm.asking import TAXONOMY

CASSETTES = Path(__file__).parent / "cassettes"
RECORDING = os.environ.get("RECORD_CASSETTES", "none")
NOWHERE = "http://127.0.0.1:9/v1"
REQUEST = Request(
    "gpt-6-luna",
    (
        {"role": "system", "content": "Decide."},
        {
            "role": "user",
            "content": '{"room":{},"before":[],"messages":[{"id":"k7w","text":"how much?"}]}',
        },
    ),
    reply_schema(TAXONOMY),
    Parameters(temperature=0, reasoning_effort="none"),
    140,
)
RECORDED = {
    "answered": Fault(
        headers={
            "x-ratelimit-limit-requests": "500",
            "x-ratelimit-remaining-requests": "499",
            "x-ratelimit-reset-requests": "120ms",
        }
    ),
    "rate limited": Fault(
        status=429, error={"code": "rate_limit_exceeded"}, headers={"retry-after": "2"}
    ),
    "quota": FAULTS["quota"],
    "bad key": FAULTS["bad key"],
    "server error": FAULTS["server error"],
    "refusal": FAULTS["refusal"],
    "truncated": FAULTS["truncated"],
    "filtered": FAULTS["filtered"],
}


def plain_request(request: Any) -> Any:
    """Keep of a request what the wire asks for: no key, no machine."""
    request.uri = "http://server/v1/chat/completions"
    request.headers = {"content-type": "application/json"}
    return request


def plain_response(response: Any) -> Any:
    return {
        **response,
        "headers": {
            name: value
            for name, value in response["headers"].items()
            if name.lower() not in {"date", "server"}
        },
    }


cassettes = vcr.VCR(
    cassette_library_dir=str(CASSETTES),
    record_mode=RECORDING,
    match_on=["method", "path", "body"],
    before_record_request=plain_request,
    before_record_response=plain_response,
    decode_compressed_response=True,
)


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return an address where nothing is; while recording, that of a stand-in."""
    if RECORDING == "none":
        yield NOWHERE
        return
    with FakeLlmServer(TAXONOMY, always=RECORDED[request.node.callspec.params["name"]]) as server:
        yield server.url


def ask(address: str, name: str, request: Request = REQUEST) -> tuple[Outcome, str]:
    client = ChatClient(address, "sk-secret")
    with cassettes.use_cassette(f"{name.replace(' ', '_')}.yaml") as tape:
        completion = client.ask(request, 5.0)
        assert tape.play_count == (1 if RECORDING == "none" else 0)
    client.close()
    if name == "answered":
        assert json.loads(completion.text) == {"labels": [{"id": "k7w", "is": ["PR"]}], "slots": []}
        assert completion.usage is not None
        assert (completion.usage.input, completion.usage.output) > (0, 0)
        assert completion.requests == Allowance(500, 499, 0.12)
    if name == "rate limited":
        assert completion.wait == 2.0
    return completion.outcome, completion.reason


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("answered", Outcome.ANSWERED, ""),
        ("rate limited", Outcome.RATE_LIMITED, "429 rate_limit_exceeded"),
        ("quota", Outcome.QUOTA, "429 insufficient_quota"),
        ("bad key", Outcome.AUTHENTICATION, "401 invalid_api_key"),
        ("server error", Outcome.SERVER_ERROR, "500 server_error"),
        ("refusal", Outcome.REFUSED, ""),
        ("truncated", Outcome.TRUNCATED, ""),
        ("filtered", Outcome.FILTERED, ""),
    ],
)
def test_what_a_server_says_is_understood(
    address: str, name: str, outcome: Outcome, reason: str
) -> None:
    assert ask(address, name) == (outcome, reason)


@pytest.mark.skipif(RECORDING != "none", reason="while recording everything is new")
def test_a_cassette_answers_its_own_request_only() -> None:
    other = Request(
        REQUEST.model,
        ({"role": "user", "content": "else"},),
        REQUEST.schema,
        REQUEST.parameters,
        REQUEST.max_tokens,
    )
    with (
        cassettes.use_cassette("answered.yaml"),
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        ChatClient(NOWHERE, "sk-secret").ask(other, 5.0)


def test_cassettes_hold_no_key() -> None:
    texts = [path.read_text(encoding="utf-8") for path in CASSETTES.glob("*.yaml")]
    assert len(texts) == len(RECORDED)
    assert not any("sk-secret" in text or "uthorization" in text for text in texts)


@pytest.mark.parametrize(
    "status",
    [
        300,
        308,
        400,
        402,
        404,
        405,
        408,
        409,
        413,
        418,
        422,
        425,
        429,
        500,
        502,
        503,
        504,
        520,
        529,
        599,
    ],
)
def test_no_status_raises(status: int) -> None:
    with FakeLlmServer(TAXONOMY, always=Fault(status=status, body=b"<html>")) as server:
        assert ChatClient(server.url, "k").ask(REQUEST, 5.0).outcome is not Outcome.ANSWERED


def test_every_foreign_error_is_translated() -> None:
    ours = openai.OpenAIError
    raised = [
        getattr(openai, name)
        for name in dir(openai)
        if isinstance(getattr(openai, name), type) and issubclass(getattr(openai, name), Exception)
    ]
    elsewhere = {"InvalidWebhookSignatureError"}  # about webhooks, which nobody here receives
    assert [
        one for one in raised if not issubclass(one, ours) and one.__name__ not in elsewhere
    ] == []


def test_nothing_listening_is_a_connection_that_failed() -> None:
    assert ChatClient(NOWHERE, "k").ask(REQUEST, 5.0).outcome is Outcome.CONNECTION


@pytest.mark.parametrize(
    ("parameter", "left"),
    [
        ("response_format", "none"),
        ("max_completion_tokens", "max_tokens"),
        ("reasoning_effort", "reasoning_effort"),
        ("temperature", "temperature"),
    ],
)
def test_what_an_older_server_refuses_is_left_out_from_then_on(parameter: str, left: str) -> None:
    with FakeLlmServer(TAXONOMY, unknown=frozenset({parameter})) as server:
        client = ChatClient(server.url, "k")
        asked = 0
        while (completion := client.ask(REQUEST, 5.0)).adapted:
            asked += 1
        assert completion.outcome is Outcome.ANSWERED
        assert asked in {1, 2}
        assert client.ask(REQUEST, 5.0).outcome is Outcome.ANSWERED
        assert parameter not in server.seen[-1].body
        assert left in {client.dialect.schema, client.dialect.tokens, *client.dialect.left_out}


def test_where_a_model_caches_up_to_a_mark_only_the_mark_is_at_the_end_of_the_rules() -> None:
    with FakeLlmServer(TAXONOMY) as server:
        client = ChatClient(server.url, "k", Dialect(marks_cache=True))
        assert client.ask(REQUEST, 5.0).outcome is Outcome.ANSWERED
        sent = server.seen[0].body
    assert sent["prompt_cache_options"] == {"mode": "explicit"}
    assert sent["messages"][0]["content"] == [
        {"type": "text", "text": "Decide.", "prompt_cache_breakpoint": {"mode": "explicit"}}
    ]
    assert isinstance(sent["messages"][1]["content"], str)


def test_a_server_that_knows_no_mark_is_asked_without_it() -> None:
    with FakeLlmServer(TAXONOMY, unknown=frozenset({"prompt_cache_options"})) as server:
        client = ChatClient(server.url, "k", Dialect(marks_cache=True))
        assert client.ask(REQUEST, 5.0).adapted
        assert client.ask(REQUEST, 5.0).outcome is Outcome.ANSWERED
        assert server.seen[-1].body["messages"][0]["content"] == "Decide."


def test_a_server_that_refuses_what_cannot_be_left_out_is_not_asked_for_ever() -> None:
    assert Dialect().without("messages") is None
    assert (
        Dialect(schema="none", tokens="max_tokens", left_out=frozenset({"temperature"})).without(
            "response_format temperature"
        )
        is None
    )


def test_the_schema_is_the_same_for_every_batch_and_sent_in_the_nested_form() -> None:
    with FakeLlmServer(TAXONOMY) as server:
        ChatClient(server.url, "k").ask(REQUEST, 5.0)
        assert server.seen[0].body["response_format"]["json_schema"]["schema"] == REQUEST.schema


@pytest.mark.parametrize(
    ("address", "key"),
    [("foo", "k"), ("ftp://x/v1", "k"), ("http://", "k"), (NOWHERE, "k\n"), (NOWHERE, "ключ")],
)
def test_a_wrong_address_or_key_is_said_before_anything_is_sent(address: str, key: str) -> None:
    with pytest.raises(OperatorError, match="INTENT_LLM_"):
        ChatClient(address, key)


def test_the_key_is_not_shown() -> None:
    assert "sk-secret" not in repr(ChatClient(NOWHERE, "sk-secret"))
