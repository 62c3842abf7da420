"""Who asks over HTTP, and what they may: the scopes of keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key opens."""

    INGEST = "ingest"
    """Messages and webhooks come in."""
    READ = "read"
    """Features and reports are read."""
    LEADS = "leads"
    """The inbox of leads, and claims: read and worked on."""
    CONTACTS = "contacts"
    """Contact details of leads are shown; each look is written down."""
    ADMIN = "admin"
    """The operator's page, and all of the above."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        name: the name of the key, which stands beside what was done with it.
        scopes: what the key opens.
        key: the visible prefix of the key; None for somebody at this machine, while no key exists.
    """

    name: str
    scopes: frozenset[Scope]
    key: str | None = None

    def may(self, scope: Scope) -> bool:
        """Whether this scope is among ours, or included in one of them."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


LOCAL = Principal("local", frozenset(Scope))
"""Whoever sits at this machine, while no key exists."""
