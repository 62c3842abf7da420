"""What can go wrong between us and an LLM server, as data for the stand-in's script."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Reply = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What happens to one request; without arguments nothing bad.

    Attributes:
        delay: seconds before the first byte.
        drip: seconds between the bytes of the body.
        reset: the connection breaks instead of an answer.
        cut: the connection breaks in the middle of the body.
        body: sent instead of the answer.
        bend: changes the reply inside the answer.
        answer: changes the whole completion around it.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    reset: bool = False
    cut: bool = False
    body: bytes | None = None
    bend: Callable[[Reply], Reply | str] = lambda reply: reply
    answer: Callable[[Answer], Answer] = lambda answer: answer
    finish: str = "stop"
    refusal: str | None = None


def _labels(change: Callable[[list[dict[str, Any]]], list[Any]]) -> Fault:
    return Fault(bend=lambda reply: {**reply, "labels": change(list(reply["labels"]))})


def _refused(status: int, code: str, **headers: str) -> Fault:
    return Fault(
        status=status,
        error={"code": code, "type": code, "message": f"no: {code}"},
        headers={name.replace("_", "-"): v for name, v in headers.items()},
    )


def _inside(error: Any, **more: Any) -> Fault:
    """Return trouble under status 200."""
    return Fault(body=json.dumps({"choices": None, "error": error, **more}).encode("utf-8"))


def _in_words(status: int, message: str) -> Fault:
    return Fault(
        status=status,
        error={"code": status, "type": "BadRequestError", "param": None, "message": message},
    )


def _content(change: Callable[[str], Any]) -> Fault:
    """Return an answer whose message holds something else than a plain text."""

    def changed(answer: Answer) -> Answer:
        choice = answer["choices"][0]
        message = {**choice["message"], "content": change(choice["message"]["content"])}
        return {**answer, "choices": [{**choice, "message": message}]}

    return Fault(answer=changed)


def _counting(usage: Any) -> Fault:
    return Fault(answer=lambda answer: {**answer, "usage": usage})


_OVERFLOW = (
    "This model's maximum context length is 2048 tokens. However, you requested 2200 tokens "
    "(2060 in the messages, 140 in the completion)."
)

FAULTS: Mapping[str, Fault] = {
    "rate limited": _refused(429, "rate_limit_exceeded"),
    "rate limited, seconds": _refused(429, "rate_limit_exceeded", retry_after="1"),
    "rate limited, milliseconds": _refused(429, "rate_limit_exceeded", retry_after_ms="200"),
    "rate limited, date": _refused(
        429, "rate_limit_exceeded", retry_after="Fri, 01 Jan 2100 00:00:00 GMT"
    ),
    "rate limited, past date": _refused(
        429, "rate_limit_exceeded", retry_after="Sat, 01 Jan 2000 00:00:00 GMT"
    ),
    "rate limited, nonsense": _refused(429, "rate_limit_exceeded", retry_after="soon"),
    "rate limited, negative": _refused(429, "rate_limit_exceeded", retry_after="-5"),
    "rate limited, an hour": _refused(429, "rate_limit_exceeded", retry_after="3600"),
    "quota": _refused(429, "insufficient_quota"),
    "payment": _refused(402, "billing_not_active"),
    "bad key": _refused(401, "invalid_api_key"),
    "forbidden": _refused(403, "model_not_allowed"),
    "rate limited inside": _inside({"code": 429, "message": "slow down", "retry_after": 0.2}),
    "server error inside": _inside({"code": "server_error", "message": "try again"}),
    "error in words inside": _inside("the backend has gone away"),
    "error in the choice": Fault(
        body=b'{"choices":[{"error":{"code":502,"message":"gone"},"finish_reason":"error"}]}'
    ),
    "error object": Fault(body=b'{"object":"error","message":"busy","code":503}'),
    "payment inside": _inside({"code": 402, "message": "no credits"}),
    "bad key inside": _inside({"code": 401, "message": "no such key"}),
    "code is an object": Fault(
        status=500, error={"code": {"number": 7}, "type": ["x"], "param": {}, "message": "no"}
    ),
    "bad request, code is an object": Fault(
        status=400, error={"code": {"number": 7}, "type": ["x"], "param": 5, "message": {"a": 1}}
    ),
    "bad request": _refused(400, "invalid_request_error"),
    "no such model": _refused(404, "model_not_found"),
    "too long": _refused(400, "context_length_exceeded"),
    "too long, in words": _in_words(400, _OVERFLOW),
    "too long, as 500": _in_words(500, "the request exceeds the available context size"),
    "filtered before": _refused(400, "content_filter"),
    "server error": _refused(500, "server_error"),
    "bad gateway": Fault(
        status=502, body=b"<html>Bad Gateway</html>", headers={"content-type": "text/html"}
    ),
    "unavailable": _refused(503, "overloaded", retry_after="1"),
    "redirect": Fault(
        status=307, headers={"location": "http://127.0.0.1:9/v1/chat/completions"}, body=b""
    ),
    "hang": Fault(delay=3600.0),
    "drip": Fault(drip=0.05),
    "reset": Fault(reset=True),
    "cut": Fault(cut=True),
    "page": Fault(
        body=b"<!doctype html><title>Sign in</title>", headers={"content-type": "text/html"}
    ),
    "half a body": Fault(body=b'{"id":"x","choices":[{"message":{"content":"{'),
    "no json": Fault(body=b"hello"),
    "no completion": Fault(body=b'{"choices":[]}'),
    "deep json": Fault(body=b"[" * 100_000),
    "flood": Fault(body=b" " * 3_000_000),
    "prose": Fault(bend=lambda reply: "Sure! Here are the labels you asked for."),
    "half a reply": Fault(bend=lambda reply: json.dumps(reply)[:-7]),
    "thoughts first": _content(lambda text: f"<think>Maybe {{PU}}?</think>\n{text}"),
    "prose around": _content(lambda text: f"Sure!\n~~~JSON\n{text}\n~~~\nAnything else?"),
    "end token": _content(lambda text: f"\ufeff{text}<|im_end|>"),
    "more keys": Fault(
        bend=lambda reply: {
            "labels": [{**one, "sure": True} for one in reply["labels"]],
            "slots": None,
            "why": "clear",
        }
    ),
    "one string": _labels(lambda items: [{**one, "is": ", ".join(one["is"])} for one in items]),
    "small letters": _labels(
        lambda items: [{**one, "is": [code.lower() for code in one["is"]]} for one in items]
    ),
    "a list of it": Fault(bend=lambda reply: json.dumps([reply])),
    "fenced": Fault(bend=lambda reply: f"```json\n{json.dumps(reply)}\n```"),
    "null": _content(lambda text: None),
    "thoughts only": _content(lambda text: "<think>They ask for the price.</think>"),
    "parts": _content(
        lambda text: [
            {"type": "thinking", "text": "They ask."},
            *({"type": "text", "text": part} for part in (text[:9], text[9:])),
        ]
    ),
    "empty": Fault(bend=lambda reply: ""),
    "other shape": Fault(bend=lambda reply: json.dumps({"answer": "as you like"})),
    "twice": _content(lambda text: f"{text}\n{text}"),
    "missing": _labels(lambda items: items[1:]),
    "none": _labels(lambda items: []),
    "duplicate": _labels(lambda items: [*items, {**items[0], "is": ["CH"]}]),
    "extra": _labels(lambda items: [*items, {"id": "zzzz", "is": ["PU"]}]),
    "reordered": _labels(lambda items: items[::-1]),
    "wrong label": _labels(lambda items: [{**items[0], "is": ["XX"]}, *items[1:]]),
    "chatter and more": _labels(lambda items: [{**items[0], "is": ["CH", "PU"]}, *items[1:]]),
    "no label": _labels(lambda items: [{**items[0], "is": []}, *items[1:]]),
    "odd items": _labels(lambda items: [None, 7, "x", {"id": 5}, *items]),
    "invented slots": Fault(
        bend=lambda reply: {
            **reply,
            "slots": [
                {"id": one["id"], "kind": "product", "text": "free iPhone"}
                for one in reply["labels"]
            ],
        }
    ),
    "refusal": Fault(refusal="I can't help with that."),
    "truncated": Fault(bend=lambda reply: json.dumps(reply)[:20], finish="length"),
    "filtered": Fault(bend=lambda reply: "", finish="content_filter"),
}
"""Every fault by name."""

COUNTS: Mapping[str, Fault] = {
    "nothing": _counting(None),
    "empty": _counting({}),
    "zeros": _counting({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
    "nulls": _counting({"prompt_tokens": None, "completion_tokens": None}),
    "words": _counting({"prompt_tokens": "many", "completion_tokens": "few"}),
    "not numbers": _counting({"prompt_tokens": float("nan"), "completion_tokens": True}),
    "below nothing": _counting({"prompt_tokens": -5, "completion_tokens": -1}),
    "lists": _counting({"prompt_tokens": [9], "completion_tokens": {}}),
    "a list": _counting([1, 2]),
    "the sum alone": _counting({"total_tokens": 900}),
}
"""What servers say of tokens that is no count."""
