"""Every knob of the service: its name, unit and default. Only bootstrap and cli read it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from intent.bootstrap.database_settings import DatabaseSettings
from intent.bootstrap.keeping_settings import KeepingSettings
from intent.bootstrap.serve_settings import ServeSettings
from intent.bootstrap.setting_types import Budget, Count, Price, Seconds
from intent.bootstrap.watch_settings import WatchSettings
from intent.model.errors import WrongUse

_OF_KUBERNETES = re.compile(
    r"INTENT_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)"
)
"""Variables that Kubernetes sets in every container beside a service of the name ``intent…``."""


class Settings(DatabaseSettings, WatchSettings, ServeSettings, KeepingSettings):
    """Read from ``INTENT_…`` environment variables; everything has a default that works on a laptop
    without a network.
    """

    model_config = SettingsConfigDict(
        env_prefix="INTENT_",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        populate_by_name=True,
    )

    prompts_dir: Path | None = Field(
        None, description="folder with taxonomy.yaml and the prompts; default: the one that ships"
    )
    model_dir: Path | None = Field(
        None, description="folder of the trained head; default: the one that ships"
    )
    feature_sets: Path | None = Field(
        None, description="YAML file with feature sets of your own, beside those that ship"
    )
    encoder: str | None = Field(
        None,
        description="sentence encoder, a folder or hub name; default: the one the head was trained "
        "with",
    )
    cache_dir: Path | None = Field(
        Path("~/.cache/lead-intent"),
        description="where encoders that torch had to export are kept; nothing else is",
    )
    threads: Annotated[int, Field(gt=0, le=256)] | None = Field(
        None, description="threads of the local model; default: one for each core"
    )
    cache_size: Annotated[int, Field(ge=0)] = Field(
        100_000,
        description="decisions kept in memory for repeated messages; 0 switches the cache off",
    )

    key_file: Path | None = Field(
        None,
        description="file of the keys that erased people are remembered and contact details are "
        "sealed with; default: beside the SQLite file; keep it, and never in one backup with the "
        "database",
    )
    vault_key: SecretStr | None = Field(
        None,
        description="master key of the vault of contact details, 32 bytes in base64; default: in "
        "the key file",
    )
    vault_key_old: SecretStr | None = Field(
        None, description="the master key before it, until intent vault rotate has ended"
    )
    sources: Path | None = Field(
        None,
        description="file of named sources to listen to; default: sources.yaml, if it is there",
    )
    state_dir: Path = Field(
        Path("~/.local/state/lead-intent"),
        description="folder in which sources keep what must outlive them, such as renewed tokens",
    )
    spool_dir: Path = Field(
        Path(), description="folder in which messages wait while the database is away"
    )
    spool_bytes: Count = Field(
        67_108_864,
        description="bytes that may wait there; then a pipe itself waits, and what a live source "
        "reads is dropped, and a gap",
    )
    batch_count: Count = Field(256, description="messages decided at once, at most")
    batch_bytes: Count = Field(262_144, description="bytes of text decided at once, at most")
    batch_age: Seconds = Field(0.05, description="seconds that a partial batch waits for more")
    lease: Seconds = Field(
        60.0, description="seconds after which a claimed message of a dead worker comes again"
    )
    attempts: Count = Field(5, description="tries of a message before it becomes a dead letter")
    retry_delay: Seconds = Field(
        0.5,
        description="seconds before the second try of a message; doubles with every further one",
    )
    outage_delay_most: Seconds = Field(
        10.0, description="longest pause in seconds while the database is away"
    )
    healthy_age: Seconds = Field(
        60.0,
        description="seconds that the oldest message may wait before intent status calls that "
        "unhealthy",
    )
    failpoint: str | None = Field(
        None,
        description="for tests: STEP:N kills the process the Nth time it passes that step",
    )

    llm_base_url: str | None = Field(
        None, description="an OpenAI-compatible server; with neither this nor a key the LLM is off"
    )
    llm_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("INTENT_LLM_API_KEY", "OPENAI_API_KEY"),
        description="key of that server; OPENAI_API_KEY is read too",
    )
    llm_model: str | None = Field(
        None, description="model to ask; default: the one that the prompt names"
    )
    llm_schema: Literal["json_schema", "json_object", "none"] = Field(
        "json_schema",
        description="how the shape of replies is asked for; a server that refuses one gets the "
        "next weaker by itself",
    )
    llm_batch: Count = Field(20, description="messages of one room in one request, at most")
    llm_timeout: Seconds = Field(20.0, description="seconds for one call")
    llm_deadline: Seconds = Field(
        60.0, description="seconds for all calls about one batch, waiting and asking again included"
    )
    llm_attempts: Count = Field(
        4, description="calls for one request while the server fails, at most"
    )
    llm_requests_per_minute: Count | None = Field(
        None,
        description="requests a minute of this process; default: what the server's headers say",
    )
    llm_tokens_per_minute: Count | None = Field(
        None, description="tokens a minute of this process; default: what the server's headers say"
    )
    llm_price_input: Price = Field(
        None, description="dollars for a million input tokens; default: from models.yaml"
    )
    llm_price_cached: Price = Field(
        None, description="dollars for a million cached input tokens; default: as input"
    )
    llm_price_cache_write: Price = Field(
        None,
        description="dollars for a million input tokens written to the cache; default: as input",
    )
    llm_price_output: Price = Field(
        None,
        description="dollars for a million output tokens; needed together with llm_price_input",
    )
    llm_budget_hour: Budget = Field(
        1.0,
        description="dollars that the LLM may cost in an hour, none for no limit; what is not "
        "asked for it waits in the lane",
    )
    llm_budget_day: Budget = Field(
        10.0, description="dollars that the LLM may cost on a day (UTC); none for no limit"
    )
    llm_reply_age: Seconds = Field(
        604_800.0,
        description="seconds that a paid reply is kept, so that a crash does not cost it again",
    )

    ask_gather: Seconds = Field(
        2.0,
        description="seconds that a room's questions gather before fewer than a full batch are "
        "asked",
    )
    ask_threads: Count = Field(8, description="calls of the LLM at a time, of this process")
    ask_before: Annotated[int, Field(ge=0)] = Field(
        5, description="earlier messages of the room that are shown with a question, at most"
    )
    ask_attempts: Count = Field(
        3, description="tries of a question before its local decision stays"
    )
    ask_lease: Seconds = Field(
        180.0,
        description="seconds after which a dead asker's questions come again; more than twice "
        "llm_deadline",
    )
    ask_live_age: Seconds = Field(
        86_400.0,
        description="seconds after which a live question is too old to matter and leaves the lane",
    )
    ask_leave: Seconds = Field(
        5.0,
        description="seconds that leaving gives the replies of running calls, to be below the "
        "grace time of whoever stops the process; what still runs then is booked and given back",
    )

    hook_timeout: Seconds = Field(
        10.0, description="seconds that the receiver of a webhook may take for its answer"
    )
    hook_threads: Annotated[int, Field(gt=0, le=64)] = Field(
        4, description="posts to one receiver at a time, of this process"
    )
    hook_attempts: Count = Field(
        10, description="tries of one delivery before it is dead; by default spread over a day"
    )
    hook_retry_delay: Seconds = Field(
        20.0,
        description="longest pause in seconds before the second try of a delivery; three times as "
        "long before each further one, and each is drawn from all of it",
    )
    hook_retry_delay_most: Seconds = Field(
        43_200.0, description="longest pause in seconds before any try"
    )
    hook_lease: Seconds = Field(
        60.0,
        description="seconds after which what a dead process was sending is sent again; at least "
        "twice hook_timeout",
    )

    @field_validator(
        "cache_dir", "prompts_dir", "model_dir", "feature_sets", "key_file", "sources", "state_dir"
    )
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser() if value else None
        except RuntimeError:
            # A user id without a home: what has to exist is then missed where it is opened.
            return value

    @field_validator("cache_dir")
    @classmethod
    def _somewhere(cls, value: Path | None) -> Path | None:
        return None if value is not None and value.parts[0].startswith("~") else value


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        WrongUse: a value is wrong, or a variable begins with ``INTENT_`` and is none of ours; the
            text names the variable and what it may be.
    """
    _refuse_unknown(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "INTENT_" + "_".join(str(part) for part in first["loc"]).upper()
        raise WrongUse(
            f"the setting {name} is wrong: {first['msg']}; unset it to use its default"
        ) from None


def _refuse_unknown(environment: Iterable[str]) -> None:
    """Refuse what looks like a setting of ours: a misspelt one would leave its default in force,
    such as another database, without a word.
    """
    known = {name.upper() for name in Settings.model_fields}
    for name in sorted(environment):
        prefix, ours = name.upper()[:7], name.upper()[7:]
        if prefix != "INTENT_" or ours in known or _OF_KUBERNETES.fullmatch(name):
            continue
        near = difflib.get_close_matches(ours, known, n=1)
        meant = f"did you mean INTENT_{near[0]}? " if near else ""
        raise WrongUse(
            f"there is no setting {name}; {meant}All of them are shown by: intent config"
        )
