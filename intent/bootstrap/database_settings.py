"""The knobs of the database, or of several; they stand among those of the whole service."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from intent.bootstrap.setting_types import Count, Seconds
from intent.model.errors import WrongUse

_BETWEEN = re.compile(r"\s+(?=[a-z][a-z0-9+]*:/)")
"""Spaces before a scheme: the name of a file may hold others."""


class DatabaseSettings(BaseSettings):
    """Where everything is stored, and how long it may take."""

    database_url: SecretStr = Field(
        SecretStr("sqlite:///intent.db"),
        description="where everything is stored: an SQLite file or a PostgreSQL database; several, "
        "with spaces between them, are shards, and each has some of the rooms",
    )
    shard: Count | None = Field(
        None,
        description="of several databases the one that this process works on, counted from 1 as "
        "they stand in INTENT_DATABASE_URL",
    )
    database_schema: str | None = Field(
        None,
        description="PostgreSQL's schema that holds the tables; default: what the server says",
    )
    database_statement_timeout: Seconds = Field(
        30.0,
        description="seconds that PostgreSQL may take for one statement of a command that writes",
    )
    database_report_timeout: Seconds = Field(
        600.0, description="the same for a command that only reads"
    )
    database_lock_timeout: Seconds = Field(
        10.0, description="seconds to wait for a lock of another transaction"
    )

    @property
    def database_urls(self) -> tuple[SecretStr, ...]:
        """Each database by itself, in their order."""
        together = self.database_url.get_secret_value().strip()
        return tuple(SecretStr(one) for one in _BETWEEN.split(together))

    @property
    def own_database_url(self) -> str:
        """The database that this process works on.

        Raises:
            WrongUse: there are several, and nobody says which one.
        """
        urls = self.database_urls
        if self.shard is None and len(urls) > 1:
            raise WrongUse(
                f"INTENT_DATABASE_URL names {len(urls)} databases, and this works on one of them; "
                f"choose it with INTENT_SHARD=1 to {len(urls)}"
            )
        if self.shard is not None and self.shard > len(urls):
            raise WrongUse(f"INTENT_SHARD is {self.shard}, of {len(urls)} databases")
        return urls[(self.shard or 1) - 1].get_secret_value()
