"""The verbs ``intent conversions link`` and ``claims``: whose messages come before an order, and
orders that are nothing but a comment.
"""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from intent.cli.arguments import AsJson, application, instant, platform_and_id, with_others
from intent.cli.screen import json_line, say
from intent.store.access import Access

if TYPE_CHECKING:
    from intent.outcomes.linking import LinkReport

AsOf = Annotated[
    str | None, typer.Option("--as-of", help="As it was known at this instant; now if not given.")
]


def link(
    window: Annotated[
        str, typer.Option(help="How long before it a message may have been said: 24h, 7d.")
    ] = "7d",
    region: Annotated[
        list[str] | None,
        typer.Option(help="Country whose national phone numbers are understood; repeat it."),
    ] = None,
    run: Annotated[str, typer.Option(help="Name that the links are kept under.")] = "production",
    as_of: AsOf = None,
    by_hand: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="CONVERSION PLATFORM:MESSAGE", help="Link these two, and no others."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Link conversions to messages of the same person: by platform user, a code or phone number
    said in the stream, click id, or the lead's id. Once more it adds nothing.

    Examples: [bold]intent conversions link --window 24h[/] · [bold]intent conversions link --region
    SG --region MY[/] · [bold]intent conversions link --by-hand shopify:1001 tiktok:m17[/]
    """
    from intent.bootstrap.outcomes import spoken_phones
    from intent.cli.attribution import read_window
    from intent.operations.attribution import keep_by_hand, link_conversions
    from intent.outcomes.linking import LinkTold

    opened_app, others = with_others(access=Access.WRITE, quiet=True)
    if by_hand is not None:
        conversion, message = by_hand
        keep_by_hand(opened_app.database, conversion, platform_and_id(message), others)
        say(f"{conversion} is linked to {message}")
        return
    phones = spoken_phones(opened_app, region or ())
    when = instant(as_of) if as_of else None
    told = LinkTold(run, read_window(window), phones, when)
    report, new = link_conversions(opened_app.database, told, others)
    if as_json:
        counts = {"conversions": report.conversions, "linked": report.linked, "new": new}
        more = {"ambiguous": report.ambiguous, "stale": report.stale}
        json_line({**counts, "methods": dict(report.methods), **more})
        return
    _tell(report, new, run)


def _tell(report: LinkReport, new: int, run: str) -> None:
    methods = ", ".join(f"{count:,} by {name}" for name, count in report.methods.most_common())
    say(f"{report.linked:,} of {report.conversions:,} conversions are linked; {new:,} new links")
    say(f"  {methods or 'no links'}")
    if report.ambiguous:
        say(f"  not linked, for several people said the same: {report.ambiguous:,}")
    if report.stale:
        say(
            f"  links of the run {run} that are not found now, by this window and what is known: "
            f"{report.stale:,}; they stay, so link anew under another --run"
        )


def claims(
    number: Annotated[int, typer.Argument(metavar="ROUND", min=1, help="From: claims list")],
    currency: Annotated[
        str | None, typer.Option(help="ISO 4217 code of the round's prices; none: no values.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write what a claim round has sold as orders; a comment that is deleted afterwards is a
    cancelled order. Once more it adds what changed.

    Example: [bold]intent conversions claims 3 --currency MYR[/]
    """
    from intent.bootstrap.answering_shards import AnsweringShards
    from intent.bootstrap.claim_shards import home_of_claims
    from intent.bootstrap.outcomes import outcome_recorder
    from intent.operations.comment_orders import record_claim_orders

    shards = AnsweringShards(application(access=Access.WRITE, quiet=True), Event())
    opened_app = home_of_claims(shards, number)
    recorder = outcome_recorder(opened_app)
    done = record_claim_orders(opened_app.database, recorder, number, currency)
    if as_json:
        json_line({"new": done.new, "known": done.known, "forgotten": done.forgotten})
    else:
        say(f"{done.new:,} new orders and changes of orders")
