"""Takes messages: what programs post, and what platforms push."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from starlette.responses import PlainTextResponse, Response

from intent.bootstrap.receiving import Receiving
from intent.bootstrap.webhooks import answer_challenge, read_webhook
from intent.model.batch import Accepted, Batch, Refused
from intent.model.errors import Malformed
from intent.model.message import wire
from intent.model.principal import Scope
from intent.sources.door import Door
from intent.sources.files.unpacking import unpacked
from intent.sources.posted import MOST, Posted, TooMany, read_posted
from intent.sources.webhooks.incoming import MAX_BODY_BYTES, Rejected
from intent.web.body import BODY_MOST
from intent.web.endpoint import Endpoint
from intent.web.problem import Problem
from intent.web.visit import Visit

LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
"""Media types of a body in which every line is a message."""

AT_ONCE_BYTES = 16_384
"""A longer body is read beside the event loop."""

FOR_PLATFORMS = 2.0
"""How many times as much may wait of what a platform pushes: it does not come again for long, and
some then end their subscription.
"""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One that was not taken.

    Attributes:
        line: its line, or its item in a list, from 1.
        status: 422 for what is no message, 409 for an id that is known from another room or author.
        detail: why, without quoting it.
    """

    line: int
    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class PutReport:
    """What became of the messages of a request; all that was taken is durable.

    Attributes:
        accepted: messages that were not known.
        repeated: messages that were known already; nothing changed.
        edited: messages that were known with another text, and are decided again.
        retracted: messages that somebody took back.
        erased: messages of people, rooms or ids that were forgotten; dropped.
        refused: those that were not taken; all are kept as dead letters.
    """

    accepted: int
    repeated: int
    edited: int
    retracted: int
    erased: int
    refused: Sequence[RefusedLine]


async def take_posted(visit: Visit, body: bytes) -> PutReport:
    """Take a message, a list of them, or lines of JSON; answered once all of it is durable.

    To send the same once more changes nothing: a message is known by its platform and id. So an
    Idempotency-Key is accepted, and nothing is kept for it. What is no message is refused alone, by
    its line; where nothing at all could be taken, the answer is a problem with the same members.
    """
    posted = await _read(visit, body)
    accepted = await _put(visit, posted.batch, len(body))
    report = _reported(posted, accepted)
    taken = accepted.new + accepted.repeated + accepted.edited + accepted.erased
    if report.refused and not taken:
        raise Problem(422, "none of it is a message that can be taken", **asdict(report))
    return report


async def take_pushed(visit: Visit, platform: str, body: bytes) -> PutReport:
    """Take what a platform pushes; its signature is the key. Answered once all of it is durable,
    and also where it holds nothing that is used.
    """
    secrets = _receiving(visit).secrets(platform).signing
    headers = dict(visit.request.headers)
    read = await visit.service.threads.run(
        read_webhook, platform, headers, body, secrets, datetime.now(UTC)
    )
    if isinstance(read, Rejected):
        raise Problem(read.status, read.reason)
    accepted = await _put(visit, read, len(body))
    numbers = tuple(range(1, len(read.refused) + 1))
    return _reported(Posted(read, (), numbers), accepted)


def answer_asked(visit: Visit, platform: str) -> Response:
    """Answer a platform that asks whether a webhook is ours, in its own words."""
    tokens = _receiving(visit).secrets(platform).tokens
    answer = answer_challenge(platform, visit.request.query_params, tokens)
    if isinstance(answer, Rejected):
        raise Problem(answer.status, answer.reason)
    return PlainTextResponse(answer)


async def refuse_while_busy(visit: Visit, room: float = 1.0) -> None:
    """Turn away, before its body is read, who brings more than can be decided in time.

    Raises:
        Busy: too much waits.
        StoreUnavailable: the database is away.
    """
    backpressure = _receiving(visit).backpressure
    if backpressure.is_due:
        await visit.service.threads.run(backpressure.look)
    backpressure.check(room=room)


async def _refuse_platform_while_busy(visit: Visit) -> None:
    await refuse_while_busy(visit, FOR_PLATFORMS)


def _receiving(visit: Visit) -> Receiving:
    return visit.service.shared(Receiving)


async def _read(visit: Visit, body: bytes) -> Posted:
    request, door = visit.request, Door()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    origin = f"request {request.scope['request_id']}"

    def read() -> Posted:
        return read_posted(_plain(body, encoding), origin, door=door, in_lines=kind in LINES)

    try:
        if len(body) > AT_ONCE_BYTES or encoding != "identity":
            return await visit.service.threads.run(read)
        return read()
    except TooMany as error:
        raise Problem(413, str(error)) from None
    except Malformed as error:
        raise Problem(400, str(error)) from None


def _plain(body: bytes, encoding: str) -> bytes:
    """Return a body without its packing.

    Raises:
        Problem: it is packed otherwise than with gzip (415), or holds more than a body may (413).
        Malformed: the gzip is broken.
    """
    if encoding == "identity":
        return body
    if encoding != "gzip":
        headers = {"accept-encoding": "gzip"}
        raise Problem(415, "a body may be packed with gzip, or not at all", headers=headers)
    whole = bytearray()
    try:
        for part in unpacked(iter([body])):
            whole += part or b""
            if len(whole) > BODY_MOST:
                raise Problem(413, f"a body may hold {BODY_MOST:,} bytes here, unpacked")
    except Malformed as error:
        raise Malformed(f"the body {error}") from None
    return bytes(whole)


async def _put(visit: Visit, batch: Batch, size: int) -> Accepted:
    if not batch:
        return Accepted(new=0, repeated=0)
    receiving = _receiving(visit)
    batch = _traced(batch, visit.traceparent)
    accepted = await asyncio.wrap_future(receiving.puts.submit(batch, size))
    receiving.backpressure.came(accepted.new + accepted.edited)
    return accepted


def _traced(batch: Batch, traceparent: str | None) -> Batch:
    """Return a batch whose messages know the trace of the request that brings them, if there is one
    and they come with none of their own.
    """
    if traceparent is None:
        return batch
    own = {"traceparent": traceparent}
    messages = [one if one.traceparent else one.model_copy(update=own) for one in batch.messages]
    return replace(batch, messages=messages)


def _reported(posted: Posted, accepted: Accepted) -> PutReport:
    refused = [
        RefusedLine(line, 422, one.reason)
        for line, one in zip(posted.refused_lines, posted.batch.refused, strict=True)
    ]
    refused += _conflicts(posted, accepted.conflicts)
    return PutReport(
        accepted.new,
        accepted.repeated,
        accepted.edited,
        accepted.retracted,
        accepted.erased,
        sorted(refused, key=lambda one: one.line),
    )


def _conflicts(posted: Posted, conflicts: Sequence[Refused]) -> list[RefusedLine]:
    """Return the lines of conflicting messages, which are known by the payload that is kept."""
    if not conflicts:
        return []
    reasons = {one.payload: one.reason for one in conflicts}
    pairs = zip(posted.lines, posted.batch.messages, strict=False)
    return [
        RefusedLine(line, 409, reasons[payload])
        for line, message in pairs
        if (payload := wire(message)) in reasons
    ]


_ERRORS = {
    400: "the body is empty, broken, or no JSON",
    413: f"the body is too long, or brings more than {MOST:,} messages",
    415: "the body is packed with something else than gzip",
    422: "none of it is a message",
    429: "too much waits to be decided; Retry-After says when to come again",
    503: "the database is away; Retry-After says when to come again",
}

ROUTES = (
    Endpoint(
        "POST",
        "/v1/messages",
        take_posted,
        Scope.INGEST,
        status=202,
        takes=("application/json", *LINES),
        errors=_ERRORS,
        before=refuse_while_busy,
    ),
    Endpoint(
        "POST",
        "/v1/webhooks/{platform}",
        take_pushed,
        None,
        errors={
            400: "the platform sent it, and it cannot be read",
            401: "nobody can say that the platform sent it",
            404: "there is no such webhook",
            429: _ERRORS[429],
            503: _ERRORS[503],
        },
        most=MAX_BODY_BYTES,
        before=_refuse_platform_while_busy,
        charged=False,
    ),
    Endpoint(
        "GET",
        "/v1/webhooks/{platform}",
        answer_asked,
        None,
        gives="text/plain",
        errors={401: "the word is another one", 404: "nobody asks this"},
        charged=False,
    ),
)
