"""What can go wrong between us and an LLM server, as data for the stand-in's script."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Reply = dict[str, Any]


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
    "bad request": _refused(400, "invalid_request_error"),
    "no such model": _refused(404, "model_not_found"),
    "too long": _refused(400, "context_length_exceeded"),
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
    "no json": Fault(body=b"hello"),
    "no completion": Fault(body=b'{"choices":[]}'),
    "deep json": Fault(body=b"[" * 100_000),
    "flood": Fault(body=b" " * 3_000_000),
    "prose": Fault(bend=lambda reply: "Sure! Here are the labels you asked for."),
    "half a reply": Fault(bend=lambda reply: json.dumps(reply)[:-7]),
    "fenced": Fault(bend=lambda reply: f"```json\n{json.dumps(reply)}\n```"),
    "empty": Fault(bend=lambda reply: ""),
    "other shape": Fault(bend=lambda reply: json.dumps([reply])),
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
