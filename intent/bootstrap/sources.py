"""Builds sources by their scheme: one table of all kinds, and what each is given."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from intent.model.batch import Position
from intent.model.errors import OperatorError, WrongUse
from intent.ports.ingestion import Source
from intent.sources.declaration import Declaration, Value


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What a source is built from.

    Attributes:
        name: under which its position is kept.
        target: what stands behind the colon: a channel, a video, a command.
        options: the value of every option that its kind declares.
        environment: where secrets are; nothing else holds them.
        position: where it stood after the last batch that was put, also by a killed process; None
            if it never did.
        stop: set to leave.
        state_dir: a folder for what must outlive the process and is no position, such as a token
            that was renewed; it need not exist yet.
        stored: returns where a part of the source stood, such as a partition, by the name that its
            positions have; None if it never did.
        trial: nothing is stored of what is read, so nothing may be acknowledged either.
    """

    name: str
    target: str
    options: Mapping[str, Value]
    environment: Mapping[str, str]
    position: Position | None
    stop: Event
    state_dir: Path
    stored: Callable[[str], Position | None] = lambda name: None
    trial: bool = False

    def text(self, option: str) -> str:
        """Return an option that is text."""
        return str(self.options[option])

    def number(self, option: str) -> float:
        """Return an option that is a number."""
        return float(self.options[option])

    def flag(self, option: str) -> bool:
        """Return an option that is true or false."""
        return bool(self.options[option])

    def secret(self, variable: str) -> str:
        """Return a secret.

        Raises:
            OperatorError: the environment does not hold it.
        """
        held = self.environment.get(variable)
        if not held:
            raise OperatorError(
                f"the environment variable {variable} is missing; set it and start "
                "again (what it holds and where to get it: docs/sources.md)"
            )
        return held


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One line of the table: what a kind of source says of itself, and what builds it."""

    declaration: Declaration
    build: Callable[[SourceRequest], Source]


def source_kinds() -> dict[str, SourceKind]:
    """Return all kinds of sources by their scheme."""
    from intent.bootstrap.brokers import build_kafka, build_redis
    from intent.bootstrap.polled import build_facebook, build_shopee, build_telegram
    from intent.bootstrap.twitch import build_chat, build_eventsub
    from intent.bootstrap.youtube import build_youtube
    from intent.sources import process
    from intent.sources.brokers import kafka_address, redis_address
    from intent.sources.live.facebook import facebook_comments
    from intent.sources.live.shopee import shopee_comments
    from intent.sources.live.telegram import bot_updates
    from intent.sources.live.twitch import eventsub_payload, irc_events
    from intent.sources.live.youtube import youtube

    kinds = (
        SourceKind(process.DECLARATION, _program),
        SourceKind(shopee_comments.DECLARATION, build_shopee),
        SourceKind(facebook_comments.DECLARATION, build_facebook),
        SourceKind(bot_updates.DECLARATION, build_telegram),
        SourceKind(youtube.DECLARATION, build_youtube),
        SourceKind(irc_events.DECLARATION, build_chat),
        SourceKind(eventsub_payload.DECLARATION, build_eventsub),
        SourceKind(redis_address.DECLARATION, build_redis),
        SourceKind(kafka_address.DECLARATION, build_kafka),
    )
    return {kind.declaration.scheme: kind for kind in kinds}


def split_source(source: str) -> tuple[SourceKind, str]:
    """Return the kind of a source as people write it, and its target.

    Raises:
        WrongUse: it has no scheme, or one that nobody knows, or no target.
    """
    scheme, colon, target = source.partition(":")
    kinds = source_kinds()
    if not colon or scheme not in kinds or not target.strip():
        near = difflib.get_close_matches(scheme, kinds, n=1)
        meant = kinds[near[0] if near else "exec"].declaration.example
        raise WrongUse(
            f"{source!r} is no source; write it like {meant} (all kinds: intent sources --kinds)"
        )
    return kinds[scheme], target.strip()


def _program(request: SourceRequest) -> Source:
    from intent.sources.door import Door
    from intent.sources.process import ProgramSource, split_command

    return ProgramSource(
        split_command(request.target),
        request.name,
        stop=request.stop,
        environment=request.environment,
        position=request.position,
        replays=request.flag("replays"),
        grace=request.number("grace"),
        door=Door(room_ids=request.flag("room_ids")),
    )
