"""Reads the URL of a database, and shows it to people without what is secret in it."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy.exc import ArgumentError

from intent.model.errors import WrongUse

_USE = "use sqlite:///intent.db or postgresql+psycopg://user@host/name"
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_SECRET_OPTIONS = ("password", "sslpassword")
_OPTIONS_WITH_AT = (*_SECRET_OPTIONS, "user", "dbname", "application_name", "options", "service")


def read_address(url: str) -> sqlalchemy.URL:
    """Parse a database URL; no error quotes it, since a part of its password may stand anywhere.

    Raises:
        WrongUse: it is none, names another kind of database, or holds a raw ``@``.
    """
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):
        raise WrongUse(f"INTENT_DATABASE_URL is no database URL; {_USE}") from None
    if parsed.drivername not in _DRIVERS:
        raise WrongUse(f"{parsed.drivername} is not supported; {_USE}")
    parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    if parsed.get_backend_name() == "postgresql" and _has_stray_at(parsed):
        raise WrongUse(
            "INTENT_DATABASE_URL has an @ too many; write @ as %40 in its user, password and name"
        )
    return parsed


def shown_url(url: str) -> str:
    """Return a database URL with its password hidden."""
    try:
        read_address(url)
    except WrongUse:
        return "(no database URL)"
    parsed = sqlalchemy.make_url(url)
    hidden = {name: "***" for name in _SECRET_OPTIONS if name in parsed.query}
    return parsed.update_query_dict(hidden).render_as_string(hide_password=True)


def _has_stray_at(parsed: sqlalchemy.URL) -> bool:
    # A password that holds a raw @ ends there for a parser, and its tail becomes host, name or
    # option: it would be asked for in DNS, and printed in errors.
    options = (f"{name}{parsed.query[name]}" for name in parsed.query.keys() - _OPTIONS_WITH_AT)
    return any("@" in part for part in (parsed.host or "", parsed.database or "", *options))
