"""Asks a platform's HTTP API through httpx2, whose errors end here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

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

    def __init__(self, who: str, url: str, *, seconds: float = SECONDS) -> None:
        """Prepare; nothing is sent.

        Args:
            who: what the platform is called, for people.
            url: what all paths are put behind.
            seconds: how long an answer may take.

        Raises:
            OperatorError: the address is none.
        """
        self._who, self._url = who, _address(who, url)
        # httpx2 logs every address, and some platforms want their secrets in it.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self._client = httpx2.Client(timeout=seconds, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Ask for something.

        Raises:
            SourceLost: there is no answer, or only that the server has failed.
        """
        return self._ask("GET", path, query, headers, None)

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
        return self._ask("POST", path, query, headers, json, form)

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        json: object,
        form: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        body = bytearray()
        try:
            with self._client.stream(
                method, self._url + path, params=query, headers=headers, json=json, data=form
            ) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise AnswerTooLong(
                            f"{self._who} sends an answer of more than {MAX_ANSWER_BYTES:,} bytes"
                        )
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, RuntimeError) as error:
            # RuntimeError: the client was closed meanwhile. The text of an error may hold the
            # address, and that a secret.
            raise SourceLost(f"{self._who} does not answer ({type(error).__name__})") from None
        answer = HttpAnswer(response.status_code, bytes(body), dict(response.headers.items()))
        if answer.status >= 500 or answer.status == 408 or 300 <= answer.status < 400:
            raise SourceLost(
                f"{self._who} answers with status {answer.status}", asked_to_wait(answer.headers)
            )
        return answer


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
