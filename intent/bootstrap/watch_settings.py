"""The knobs of logs, metrics and traces; they stand among those of the whole service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from intent.bootstrap.setting_types import MetricsPort


class WatchSettings(BaseSettings):
    """What those who watch a process choose."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="smallest level that is logged to stderr"
    )
    log_json: bool = Field(False, description="log JSON lines instead of text for people")
    metrics_port: MetricsPort = Field(
        None,
        description="port on which work, ask, listen and hooks deliver serve /metrics, /livez and "
        "/readyz; 0 for any that is free, default: none",
    )
    metrics_host: str = Field(
        "127.0.0.1",
        description="address on which they do; 0.0.0.0 for all of this machine, without a key",
    )
    traces: Literal["otlp"] | None = Field(
        None,
        description="otlp sends spans of OpenTelemetry to OTEL_EXPORTER_OTLP_ENDPOINT",
    )
