"""The verb ``intent config``: every setting, where it comes from and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intent.cli.arguments import AsJson
from intent.cli.screen import json_line, results

if TYPE_CHECKING:
    from intent.bootstrap.settings import Settings


def config(as_json: AsJson = False) -> None:
    """Show the effective settings, where each comes from and what it means; secrets are hidden.

    Example: [bold]INTENT_BATCH_COUNT=64 intent config[/]
    """
    from rich.table import Table
    from rich.text import Text

    from intent.bootstrap.settings import Settings, load_settings

    settings = load_settings()
    if as_json:
        json_line({name: _shown(name, settings) for name in Settings.model_fields})
        return
    table = Table()
    for column in ("variable", "value", "from", "meaning"):
        table.add_column(column, overflow="fold")
    for name, field in Settings.model_fields.items():
        origin = "environment" if name in settings.model_fields_set else "default"
        value = Text(_shown(name, settings) or "none")
        table.add_row(f"INTENT_{name.upper()}", value, origin, field.description)
    results().print(table)


def _shown(name: str, settings: Settings) -> str | None:
    from pydantic import SecretStr

    value = getattr(settings, name)
    if name == "database_url":
        from intent.store.address import shown_url

        return " ".join(shown_url(url.get_secret_value()) for url in settings.database_urls)
    if value is None:
        return None
    return "********" if isinstance(value, SecretStr) else str(value)
