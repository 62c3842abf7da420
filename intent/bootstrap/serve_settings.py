"""The knobs of ``intent serve``; they stand among those of the whole service."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from intent.bootstrap.setting_types import Count, Seconds


class ServeSettings(BaseSettings):
    """What the service over HTTP reads."""

    serve_hosts: str | None = Field(
        None,
        description="names, separated by commas, under which intent serve is reached; default: "
        "any, and those of this machine where it listens to this machine alone",
    )
    serve_threads: Annotated[int, Field(gt=0, le=64)] = Field(
        8, description="requests that intent serve works on at once; more wait"
    )
    serve_request_seconds: Seconds = Field(
        30.0, description="seconds that a request may take before it is told to come again"
    )
    serve_body_seconds: Seconds = Field(
        10.0, description="seconds in which the head of a request has to arrive, and then its body"
    )
    serve_leave: Annotated[int, Field(ge=1, le=600)] = Field(
        3, description="seconds that leaving gives requests that are being answered"
    )
    serve_waiting_most: Count = Field(
        100_000,
        description="messages that may wait to be decided before intent serve takes no more and "
        "says when to come again; webhooks, which do not, may bring twice as many",
    )
    serve_age_most: Seconds = Field(
        900.0,
        description="seconds that the oldest of them may have waited; twice as long for webhooks",
    )
    serve_requests_per_minute: Count = Field(
        60_000,
        description="requests a minute of one key, in each process; a sixth of it at once",
    )
    serve_wrong_keys_per_minute: Count = Field(
        10, description="wrong keys a minute from one address before it is not listened to"
    )
    serve_session: Seconds = Field(
        43_200.0, description="seconds after which who signed in has to do so again"
    )
    serve_proxies: str | None = Field(
        None,
        description="addresses of proxies, separated by commas, whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed",
    )
