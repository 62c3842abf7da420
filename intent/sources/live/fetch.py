"""Asks a platform's HTTP API through httpx2, whose errors end here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from intent.model.errors import OperatorError, SourceLost

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""A longer answer is not read to its end."""

SECONDS = 20.0
"""How long an answer may take."""

LONGEST_WAIT = 3600.0
"""Seconds that we leave a platform alone at most, whatever it asks for."""


class AnswerTooLong(SourceLost):
    """An answer was longer than :data:`MAX_ANSWER_BYTES`."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back. Names of headers are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class HttpReader:
    """Connections to one platform; used by one thread at a time."""

    def __init__(
        self,
        who: str,
        url: str,
        *,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            who: what the platform is called, for people.
            url: what all paths are put behind.
            seconds: how long an answer may take.
            clock: monotonic time in seconds.

        Raises:
            OperatorError: the address is none.
        """
        self._who, self._url = who, _address(who, url)
        self._seconds, self._clock = seconds, clock
        # httpx2 logs every address, and some platforms want their secrets in it.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self._client = httpx2.Client(follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Ask for something.

        Args:
            path: behind the address.
            query: parameters.
            headers: beside the usual ones.
            seconds: how long this answer may take, if not as long as all others.

        Raises:
            SourceLost: there is no answer, or only that the server has failed.
        """
        return self._ask("GET", path, seconds, params=query, headers=headers)

    def post(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        json: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send an object, as JSON, or the fields of a form.

        Raises:
            SourceLost: there is no answer, or only that the server has failed; whether it has done
                what was asked is not known.
        """
        return self._ask("POST", path, None, params=query, headers=headers, json=json, data=form)

    def delete(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Delete something.

        Raises:
            SourceLost: there is no answer, or only that the server has failed.
        """
        return self._ask("DELETE", path, None, params=query, headers=headers)

    def _ask(self, method: str, path: str, seconds: float | None, **asked: Any) -> HttpAnswer:
        limit = self._seconds if seconds is None else seconds
        late = self._clock() + limit
        try:
            with self._client.stream(method, self._url + path, timeout=limit, **asked) as response:
                body = self._read(response, late, limit)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, RuntimeError) as error:
            # RuntimeError: the client was closed meanwhile. The text of an error may hold the
            # address, and that a secret.
            raise SourceLost(f"{self._who} does not answer ({type(error).__name__})") from None
        answer = HttpAnswer(response.status_code, body, dict(response.headers.items()))
        if answer.status >= 500 or answer.status == 408 or 300 <= answer.status < 400:
            raise SourceLost(
                f"{self._who} answers with status {answer.status}", asked_to_wait(answer.headers)
            )
        return answer

    def _read(self, response: httpx2.Response, late: float, limit: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise AnswerTooLong(
                    f"{self._who} sends an answer of more than {MAX_ANSWER_BYTES:,} bytes"
                )
            # The library's own limit is for each part of an answer, and not for all of it.
            if self._clock() > late:
                raise SourceLost(f"{self._who} does not end its answer in {limit:g} s")
        return bytes(body)


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a server asks to be left alone; None if it does not say so."""
    asked = headers.get("retry-after", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        return None
    return min(float(asked), LONGEST_WAIT)


def _address(who: str, url: str) -> str:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise OperatorError(f"{who}: {url!r} is no address; write it like https://HOST")
    return url.rstrip("/")
