"""One request to an LLM server, and how it ended: values that a connection and its users share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from intent.model.attempt import Outcome


class Parameters(BaseModel):
    """What is sent beside the messages; ``answer_tokens`` bounds the reply for one message, in
    tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    reasoning_effort: str | None = None
    answer_tokens: Annotated[int, Field(gt=0)] = 80


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the server counted them; ``cached`` and ``cache_write`` are parts of
    ``input``.
    """

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a server says of one limit: how much a minute, how much is left, and in how many seconds
    all of it is back.
    """

    limit: int | None
    remaining: int | None
    reset: float | None


@dataclass(frozen=True)
class Request:
    """Everything that is sent; ``digest`` is a SHA-256 of it, in hexadecimal."""

    model: str
    chat: tuple[Mapping[str, str], ...]
    schema: Mapping[str, Any]
    parameters: Parameters
    max_tokens: int

    @cached_property
    def digest(self) -> str:
        """Hash of the request: equal requests, and only these, have equal digests."""
        content = [
            self.model,
            [dict(one) for one in self.chat],
            self.schema,
            self.parameters.model_dump(),
            self.max_tokens,
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Completion:
    """How a call ended.

    Attributes:
        usage: what the server counted, with 0 input where it did not; None where nothing was
            answered.
        latency: seconds.
        wait: seconds that the server asked us to wait.
        reason: the server's code for an error, for logs; never its text, which may quote the
            request.
        said: the beginning of the server's own words about an error; they may quote the request.
        param: the parameter that an error names, if it names one.
        adapted: the server does not know something that was sent, and the next request does without
            it: ask again at once.
    """

    outcome: Outcome
    text: str = ""
    usage: Usage | None = None
    latency: float = 0.0
    wait: float | None = None
    reason: str = ""
    said: str = ""
    param: str = ""
    adapted: bool = False
    requests: Allowance | None = None
    tokens: Allowance | None = None
