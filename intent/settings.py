"""Every knob of the service: its name, unit and default. Only bootstrap and cli read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from intent.errors import OperatorError

Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Read from ``INTENT_…`` environment variables; everything has a default that works on a laptop without a network."""

    model_config = SettingsConfigDict(env_prefix="INTENT_", extra="ignore", frozen=True, env_ignore_empty=True)

    database_url: SecretStr = Field(
        SecretStr("sqlite:///intent.db"), description="where everything is stored: an SQLite file or a PostgreSQL database"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="smallest level that is logged to stderr")
    log_json: bool = Field(False, description="log JSON lines instead of text for people")

    prompts_dir: Path | None = Field(None, description="folder with taxonomy.yaml and the prompts; default: the one that ships")
    model_dir: Path | None = Field(None, description="folder of the trained head; default: the one that ships")
    encoder: str | None = Field(None, description="sentence encoder, a folder or hub name; default: the one the head was trained with")
    cache_dir: Path = Field(Path("~/.cache/lead-intent"), description="where converted encoders are kept")
    threads: Count | None = Field(None, description="threads of the local model; default: one for each core")
    cache_size: Annotated[int, Field(ge=0)] = Field(100_000, description="decisions kept in memory for repeated messages; 0 switches the cache off")

    batch_count: Count = Field(256, description="messages decided at once, at most")
    batch_bytes: Count = Field(262_144, description="bytes of text decided at once, at most")
    batch_age: Seconds = Field(0.05, description="seconds that a partial batch waits for more")
    lease: Seconds = Field(60.0, description="seconds after which a claimed message of a dead worker comes again")
    attempts: Count = Field(5, description="tries of a message before it becomes a dead letter")
    retry_delay: Seconds = Field(0.5, description="seconds before the second try of a message; doubles with every further one")
    outage_delay_most: Seconds = Field(10.0, description="longest pause in seconds while the database is away")
    failpoint: str | None = Field(None, description="for tests: STEP:N kills the process the Nth time the worker passes that step")

    llm_base_url: str | None = Field(None, description="an OpenAI-compatible server; with neither this nor a key the LLM is off")
    llm_api_key: SecretStr | None = Field(None, description="key of that server; OPENAI_API_KEY is read too")

    @field_validator("cache_dir", "prompts_dir", "model_dir")
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value else None


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        OperatorError: a value is wrong; the text names the variable and what it may be.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "INTENT_" + "_".join(str(part) for part in first["loc"]).upper()
        raise OperatorError(f"the setting {name} is wrong: {first['msg']}; see: intent config") from None
