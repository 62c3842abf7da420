"""The verb ``intent contacts``: contact details of leads, and that they were looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application, instant, platform_and_id, who_types
from intent.cli.screen import json_line, one_line, results, say
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.operations.contact_book import ShownContacts


def contacts(
    room: Annotated[str | None, typer.Option(help="Only this room_id.")] = None,
    lead: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this lead, by its id in addresses.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="PLATFORM:ID", help="Only of this author.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only of messages said from then on, in RFC 3339.")
    ] = None,
    chatter: Annotated[
        bool, typer.Option("--chatter", help="Of messages that are no leads, too.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many messages at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show contact details that people left, newest first; everywhere else their place says what
    they are. Each look is written down: intent vault accesses.

    Examples: [bold]intent contacts[/] · [bold]intent contacts --room live-1 --json[/]
    """
    from intent.model.lead import read_lead_id
    from intent.operations.contact_book import show_contacts
    from intent.store.contact_accesses import Through
    from intent.store.contact_shelf import ContactFilter

    asked = ContactFilter(
        room=room or "",
        user=platform_and_id(user) if user else None,
        lead=read_lead_id(lead) if lead else None,
        since=instant(since) if since else None,
        chatter=chatter,
        limit=limit,
    )
    app = application(access=Access.WRITE)
    shown = show_contacts(app.database, app.vault, asked, seen_by=who_types(), through=Through.CLI)
    if as_json:
        for one in shown:
            json_line(_as_json(one))
    elif shown:
        _show(shown)
    else:
        say("No contact details of leads here; of all messages: intent contacts --chatter")


def _as_json(shown: ShownContacts) -> dict[str, object]:
    message = shown.message
    return {
        "platform": message.platform,
        "message_id": message.message_id,
        "room_id": message.room_id,
        "user_id": message.user_id,
        "sent_at": message.sent_at.isoformat(),
        "text": message.text,
        "contacts": [
            {"placeholder": one.placeholder, "kind": one.kind, "text": one.text}
            for one in shown.contacts
        ],
    }


def _show(shown: list[ShownContacts]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(shown)} newest messages with contact details", title_justify="left")
    for column in ("when", "who", "room", "contact", "message"):
        table.add_column(column, overflow="fold")
    for one in shown:
        message = one.message
        details = ", ".join(it.text for it in one.contacts) or "the key to it was deleted"
        table.add_row(
            f"{message.sent_at:%m-%d %H:%M}",
            Text(one_line(message.user_id, 24)),
            Text(one_line(message.room_id, 24)),
            Text(one_line(details, 60)),
            Text(one_line(message.text, 120)),
        )
    results().print(table)
