"""The page of a room: the same report as ``intent report room`` writes, as it stands now."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from intent.bootstrap.inbox_shards import room_over
from intent.model.principal import Scope
from intent.operations.report import report_room
from intent.report.room_page import report_body, sheet
from intent.web.endpoint import Endpoint, page
from intent.web.visit import Visit


class RoomQuery(BaseModel):
    """Which room, and the time zone that times are shown in."""

    model_config = ConfigDict(extra="forbid")

    room: str
    platform: str | None = None
    zone: str = "UTC"


def room(visit: Visit, query: RoomQuery) -> Response:
    """Show what a room brought so far."""
    where, home = room_over(visit.service.shards, query.room, query.platform)
    found = report_room(
        home.database, visit.app.taxonomy, query.room, platform=where, zone=query.zone
    )
    return visit.page("room.html", room_id=found.room_id, body=report_body(found))


async def style(_visit: Visit) -> Response:
    """Return the style sheet of the report."""
    return Response(sheet(), media_type="text/css", headers={"cache-control": "no-cache"})


ROUTES: tuple[Endpoint, ...] = (
    # Not in the path: what a platform calls a room may hold anything.
    page("GET", "/rooms/report", room, Scope.READ),
    page("GET", "/rooms/report.css", style, None, gives="text/css"),
)
