"""Reads what a server sends back over OpenAI's wire: a completion, an error in whatever place it
stands, and what was counted.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from intent.classify.llm.tokens import estimate_tokens
from intent.model.attempt import Outcome
from intent.model.completion import Completion, Usage
from intent.retry import LONGEST_WAIT

MAX_TOKENS = 10_000_000
"""No call has more; a server that counts further is cut to it, so that no sum can overflow."""

SAID = 300
"""Characters of a server's own words about an error that are kept."""

SEARCHED = 4_000
"""Characters of them in which is looked for what they mean."""

_CODE = re.compile(r"[\w.-]{1,60}", re.ASCII)
_STATUS = re.compile(r"[1-5]\d\d", re.ASCII)
_QUOTA = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "quota_exceeded",
}
_FILTERED = {
    "content_filter",
    "content_policy_violation",
    "invalid_prompt",
    "ResponsibleAIPolicyViolation",
}
_TOO_LONG = {"context_length_exceeded", "string_above_max_length", "exceed_context_size_error"}
_STATUS_OF = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "too_many_requests": 429,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "permission_denied": 403,
    "permission_error": 403,
    "invalid_request_error": 400,
    "model_not_found": 404,
}
"""The status that a server means which sends the error under status 200."""

_OVERFLOW = re.compile(
    r"context[ _-]?(?:length|window|size)|maximum[ _](?:context|input|prompt|sequence)"
    r"|(?:prompt|input|request)[ \w]{0,20} too (?:long|large)|exceeds? .{0,40}\bcontext\b"
    r"|max_new_tokens|max_(?:model|seq)_len|too many tokens|maximum number of tokens"
    r"|reduce the length",
    re.IGNORECASE,
)
"""How servers say that a request does not fit: most have no code for it."""


def read_body(body: str) -> Completion:
    """Read a body of status 200.

    What is no completion is the error that it is: one inside the body has its own outcome, a page
    of a gateway is a server that fails, and JSON that ends too early is a reply that broke off.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        if body.lstrip().startswith("{"):
            return Completion(Outcome.CONNECTION, usage=Usage(), reason="cut short")
        return Completion(Outcome.SERVER_ERROR, reason="no completion")
    error = _error_in(value)
    if error is not None:
        return _refused(200, error)
    choice = _first(value.get("choices")) if isinstance(value, dict) else None
    message = choice.get("message") if choice else None
    if choice is None or not isinstance(message, dict):
        return Completion(Outcome.SERVER_ERROR, reason="no completion")
    return _completion(choice, message, value.get("usage"))


def read_error(status: int, body: str) -> Completion:
    """Read the body of an error: what it means, how long to wait if it says so, and the server's
    own words.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    return _refused(status, _error_in(value) or value or body)


def _completion(choice: Mapping[str, Any], message: Mapping[str, Any], usage: Any) -> Completion:
    text, refusal = _text(message.get("content")), message.get("refusal")
    counted = _usage(usage, text, message)
    reason = choice.get("finish_reason")
    if refusal:
        return Completion(Outcome.REFUSED, usage=counted)
    if reason == "length":
        return Completion(Outcome.TRUNCATED, text, counted)
    if reason == "content_filter":
        return Completion(Outcome.FILTERED, usage=counted)
    if not text.strip():
        return Completion(Outcome.INVALID, usage=counted, reason="no content")
    return Completion(Outcome.ANSWERED, text, counted)


def _text(content: Any) -> str:
    """Return what was written; a list of parts is read as one text, thoughts left out."""
    if isinstance(content, list):
        return "".join(
            str(part["text"])
            for part in content
            if isinstance(part, dict)
            and part.get("type", "text") in {"text", "output_text"}
            and isinstance(part.get("text"), str)
        )
    return content if isinstance(content, str) else ""


def _first(choices: Any) -> dict[str, Any] | None:
    found = choices[0] if isinstance(choices, list) and choices else None
    return found if isinstance(found, dict) else None


def _error_in(value: Any) -> Any:
    """Return the error in a body, wherever it stands; None where there is none."""
    if not isinstance(value, dict):
        return None
    choice = _first(value.get("choices")) or {}
    if value.get("object") == "error":
        return value
    return value.get("error") or choice.get("error") or None


def _refused(status: int, error: Any) -> Completion:
    given = error if isinstance(error, dict) else {"message": error}
    codes = [str(one) for one in (given.get("code"), given.get("type")) if _is_code(one)]
    words = given.get("message") or given.get("detail") or given
    said = words if isinstance(words, str) else json.dumps(words, ensure_ascii=False)
    param = given.get("param")
    meant = _meant(status, codes)
    return Completion(
        _outcome(meant, set(codes), said[:SEARCHED]),
        wait=_wait(given.get("retry_after")),
        reason=" ".join([str(meant), *(one for one in codes if one != str(meant))][:2]),
        said=" ".join(said[:SEARCHED].split())[:SAID],
        param=param if isinstance(param, str) else "",
    )


def _is_code(value: Any) -> bool:
    return isinstance(value, str | int) and _CODE.fullmatch(str(value)) is not None


def _meant(status: int, codes: list[str]) -> int:
    """Return the status that an error means: under status 200 its code says it."""
    if status != 200:
        return status
    for code in codes:
        if _STATUS.fullmatch(code):
            return int(code)
    return next((_STATUS_OF[code] for code in codes if code in _STATUS_OF), 500)


def _outcome(status: int, codes: set[str], said: str) -> Outcome:
    if codes & _QUOTA or status == 402:
        return Outcome.QUOTA
    if codes & _FILTERED:
        return Outcome.FILTERED
    if status in {401, 403}:
        return Outcome.AUTHENTICATION
    if status == 429:
        return Outcome.RATE_LIMITED
    # Under whatever status: a request that does not fit will not fit later.
    if codes & _TOO_LONG or status == 413 or _OVERFLOW.search(said):
        return Outcome.TOO_LONG
    if status >= 500 or status in {408, 409, 425}:
        return Outcome.SERVER_ERROR
    return Outcome.BAD_REQUEST


def _wait(value: Any) -> float | None:
    seconds = _number(value)
    return None if seconds is None else min(seconds, LONGEST_WAIT)


def _usage(value: Any, text: str, message: Mapping[str, Any]) -> Usage:
    """Return what was counted, under either pair of names; 0 input is a count that is not there.

    Output that was not counted is estimated from what was written, thoughts included.
    """
    given = value if isinstance(value, dict) else {}
    details = given.get("prompt_tokens_details")
    if not isinstance(details, dict):
        details = given.get("input_tokens_details")
    details = details if isinstance(details, dict) else {}
    sent = _count(given.get("prompt_tokens")) or _count(given.get("input_tokens"))
    output = _count(given.get("completion_tokens")) or _count(given.get("output_tokens"))
    thoughts = [message.get(name) for name in ("reasoning_content", "reasoning", "refusal")]
    written = "".join([text, *(one for one in thoughts if isinstance(one, str))])
    cached = min(_count(details.get("cached_tokens")), sent)
    cache_write = min(_count(details.get("cache_write_tokens")), sent - cached)
    return Usage(sent, cached, cache_write, output or estimate_tokens(written))


def _count(value: Any) -> int:
    number = _number(value)
    return 0 if number is None else int(min(number, MAX_TOKENS))


def _number(value: Any) -> float | None:
    """Return a number that is not negative, also from text; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
