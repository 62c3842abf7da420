"""The verbs ``intent leads …``: who wants what, and what is done with it."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from intent.cli.arguments import AsJson, application, instant, platform_and_id
from intent.cli.screen import json_line, one_line, results, say
from intent.model.lead import Handling, LeadAction, read_lead_id
from intent.store.access import Access

if TYPE_CHECKING:
    from rich.table import Table

    from intent.bootstrap.application import Application
    from intent.model.taxonomy import Taxonomy
    from intent.store.lead_shelf import ShelfFilter, ShelvedLead

app = typer.Typer()

LeadName = Annotated[
    str, typer.Argument(metavar="LEAD", help="Its id, or PLATFORM:MESSAGE, as the list shows it.")
]
NoteOption = Annotated[str | None, typer.Option("--note", help="Text to write down with it.")]
Expected = Annotated[
    int | None,
    typer.Option("--expected", min=0, help="The version you saw; a newer one is a conflict."),
]
By = Annotated[
    str | None, typer.Option("--by", help="Who acts; by default who is logged in on this machine.")
]


@app.callback(invoke_without_command=True)
def leads(
    context: typer.Context,
    room: Annotated[str, typer.Option(help="Only this room_id.")] = "",
    label: Annotated[str, typer.Option(help="Only this intent, such as purchase_intent.")] = "",
    state: Annotated[
        Literal["unanswered", "open", "taken", "done", "not_a_lead"] | None,
        typer.Option(help="Only those that stand so."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only messages said from then on, such as 2026-11-20T18:00:00+08:00."),
    ] = None,
    minimum: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Smallest lead probability.")
    ] = 0.0,
    hot: Annotated[bool, typer.Option("--hot", help="Only those next to a purchase.")] = False,
    search: Annotated[str, typer.Option(help="Only where text or author hold this.")] = "",
    cursor: Annotated[
        str, typer.Option(help="Only what comes behind the cursor of the last one you saw.")
    ] = "",
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, max=1_000_000_000, help="At most so many; 50 in a table, all with --json."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who wants what, in the order of the inbox: hot and unanswered ones first, the newest
    first within each; and handle leads.

    Examples: [bold]intent leads[/] · [bold]intent leads --room live-1 --state unanswered --limit
    20[/] · [bold]intent leads --json | jq .text[/] · [bold]intent leads take tiktok:m17[/]
    """
    from intent.store.lead_shelf import ShelfFilter

    if context.invoked_subcommand is not None:
        return
    asked = ShelfFilter(
        room=room,
        label=label,
        state=state or "",
        text=search.strip(),
        hot=hot,
        since=instant(since) if since else None,
        minimum=minimum,
    )
    if as_json:
        _print_lines(asked, cursor, limit)
    else:
        _print_table(asked, cursor, limit or 50)


def _print_lines(asked: ShelfFilter, cursor: str, limit: int | None) -> None:
    app = application()
    for lead in _found(app, asked, cursor, limit):
        said = lead.event_timestamp.isoformat()
        json_line({"id": lead.id, **asdict(lead), "event_timestamp": said, "cursor": lead.place})


def _found(
    app: Application, asked: ShelfFilter, cursor: str, limit: int | None
) -> Iterator[ShelvedLead]:
    from intent.bootstrap.shards import open_shards
    from intent.operations.leads import find_leads
    from intent.operations.shards import leads_over

    shards = [one.database for one in open_shards(app)]
    if len(shards) == 1:
        return find_leads(shards[0], app.taxonomy, asked, behind=cursor, limit=limit)
    return leads_over(shards, app.taxonomy, asked, behind=cursor, limit=limit)


def _print_table(asked: ShelfFilter, cursor: str, limit: int) -> None:
    from intent.store.lead_shelf import ShelfFilter

    app = application()
    found = list(_found(app, asked, cursor, limit + 1))
    shown = found[:limit]
    if not shown:
        if cursor or asked != ShelfFilter():
            say("No such leads.")
        else:
            say(
                "No leads yet. Messages come in with: intent ingest PATH, and are decided with: "
                "intent work --drain"
            )
        return
    title = f"{len(shown)} lead{'s' if len(shown) > 1 else ''}, hot and unanswered first"
    results().print(lead_table(shown, app.taxonomy, title=title))
    if len(found) > limit:
        say(f"There are more: the same with --cursor {shown[-1].place}")


def lead_table(shown: Sequence[ShelvedLead], taxonomy: Taxonomy, title: str) -> Table:
    """Return leads as a table: who, what they want, how sure, how it stands, in which room, the
    message, and what the lead is called.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    table.add_column("when", style="dim", no_wrap=True, overflow="fold")
    table.add_column("who", style="cyan", overflow="fold")
    table.add_column("wants", style="bold", overflow="fold")
    table.add_column("sure", style="green", justify="right", no_wrap=True, overflow="fold")
    table.add_column("stands", overflow="fold")
    table.add_column("room", style="magenta", overflow="fold")
    table.add_column("message", min_width=28, overflow="fold")
    table.add_column("lead", style="dim", overflow="fold")
    for lead in shown:
        wants = ", ".join(taxonomy.titles.get(label, label) for label in lead.labels)
        table.add_row(
            f"{lead.event_timestamp:%m-%d %H:%M}",
            Text(one_line(lead.user_id, 24)),
            Text(wants),
            f"{lead.lead_probability:.0%}",
            Text(one_line(_stands(lead), 40)),
            Text(one_line(lead.room_id, 24)),
            Text(one_line(lead.text, 120)),
            Text(one_line(f"{lead.platform}:{lead.message_id}", 80)),
        )
    return table


def _stands(lead: ShelvedLead) -> str:
    if lead.state == "open":
        answered = {"reply": "answered", "on_air": "said on air"}.get(lead.answered_by or "")
        return answered or ("hot" if lead.hot else "")
    return f"{lead.state.replace('_', ' ')}: {lead.taken_by}"


def _simple(action: LeadAction) -> Callable[..., None]:
    def act(
        lead: LeadName,
        note: NoteOption = None,
        expected: Expected = None,
        by: By = None,
        as_json: AsJson = False,
    ) -> None:
        _handle(action, lead, note=note, expected=expected, by=by, as_json=as_json)

    word = action.value.replace("_", "-")
    act.__doc__ = f"{_SAYS[action]}\n\nExample: [bold]intent leads {word} tiktok:m17[/]"
    return act


_SAYS = {
    LeadAction.TAKE: "Take a lead in hand; of two who do so at once, one is told who was first.",
    LeadAction.DONE: "Say that a lead is done.",
    LeadAction.RELEASE: "Give a lead back; of one that was said to be none, it is a lead again.",
    LeadAction.ON_AIR: "Say that the host answered it aloud.",
}
for _action in _SAYS:
    app.command(_action.value.replace("_", "-"))(_simple(_action))


@app.command("not-a-lead")
def not_a_lead(
    lead: LeadName,
    label: Annotated[
        str | None,
        typer.Option(help="What it is instead, such as chatter; by default what is next likely."),
    ] = None,
    note: NoteOption = None,
    expected: Expected = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Say that it is no lead: your decision, above the model's.

    Example: [bold]intent leads not-a-lead tiktok:m17 --label chatter[/]
    """
    _handle(
        LeadAction.NOT_A_LEAD,
        lead,
        note=note,
        expected=expected,
        by=by,
        label=label,
        as_json=as_json,
    )


@app.command("note")
def note(
    lead: LeadName,
    text: Annotated[str, typer.Argument(help="What to write down.")],
    expected: Expected = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Write something down beside a lead.

    Example: [bold]intent leads note tiktok:m17 'wants it by Friday'[/]
    """
    _handle(LeadAction.NOTE, lead, note=text, expected=expected, by=by, as_json=as_json)


def _handle(
    action: LeadAction,
    lead: str,
    *,
    note: str | None,
    expected: int | None,
    by: str | None,
    as_json: bool,
    label: str | None = None,
) -> None:
    from intent.operations.lead_handling import LeadDesk

    # An id in addresses never holds a colon.
    platform, message_id = platform_and_id(lead) if ":" in lead else read_lead_id(lead)
    request = Handling(
        platform,
        message_id,
        action,
        action_id=uuid.uuid4().hex,
        acted_by=by or getpass.getuser(),
        note=note,
        expected=expected,
        label=label,
    )
    app = _home_of(application(access=Access.WRITE, quiet=True), platform, message_id)
    handled = LeadDesk(app.database, app.features, app.taxonomy).handle(request)
    if as_json:
        json_line({**asdict(handled), "state": handled.state.value})
        return
    held = f" by {one_line(handled.taken_by, 100)}" if handled.taken_by else ""
    state = handled.state.value.replace("_", " ")
    already = "" if handled.changed else "nothing to do: "
    say(f"{already}{one_line(lead, 80)} is {state}{held} (version {handled.version})")


def _home_of(app: Application, platform: str, message_id: str) -> Application:
    """Return the shard that a message is in; the first one where it is in none."""
    from intent.bootstrap.shards import open_shards
    from intent.store.shard_places import holds_message

    shards = open_shards(app)
    if len(shards) == 1:
        return app
    for one in shards:
        with one.database.read() as connection:
            if holds_message(connection, platform, message_id):
                return one
    return shards[0]
