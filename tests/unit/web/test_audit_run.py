"""The audit that somebody asks for on a page: one at a time, and what came of it."""

from __future__ import annotations

import asyncio

from intent.web.audit_run import AuditEnded, AuditRun
from tests.serving import service_on


def ended(run: AuditRun, *, begun: list[bool]) -> AuditEnded:
    """Return what came of an audit that was asked for twice at once."""

    async def ask() -> None:
        begun.extend((run.begin("maya"), run.begin("ben")))
        while run.running is not None:
            await asyncio.sleep(0)

    asyncio.run(ask())
    assert run.ended is not None
    return run.ended


def test_of_two_who_ask_at_once_one_is_served_and_both_see_what_came_of_it(
    sqlite_url: str,
) -> None:
    begun: list[bool] = []
    found = ended(AuditRun(service_on(sqlite_url).app), begun=begun)
    assert begun == [True, False]
    assert found.begun.by == "maya"
    assert found.found is not None
    assert found.found.holds


def test_an_audit_that_comes_to_no_end_says_why_and_another_can_be_asked_for() -> None:
    run = AuditRun(service_on("sqlite:////nowhere/at/all.db").app)
    found = ended(run, begun=[])
    assert found.found is None
    assert "nowhere" in found.trouble
    assert run.running is None
