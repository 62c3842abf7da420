"""Serves what browsers load beside a page: read once, so that no path of a request meets the
disk.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.responses import Response

from intent.web.endpoint import Endpoint, page
from intent.web.problem import Problem
from intent.web.visit import Visit

FOLDER = Path(__file__).with_name("static")


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    tag: str


@cache
def _files() -> dict[str, _File]:
    found = {}
    for path in FOLDER.iterdir():
        content = path.read_bytes()
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        found[path.name] = _File(content, media_type, tag)
    return found


async def static(visit: Visit, name: str) -> Response:
    """Return a style sheet, script or picture of the pages."""
    file = _files().get(name)
    if file is None:
        raise Problem(404, "there is nothing at this path")
    headers = {"etag": file.tag, "cache-control": "no-cache"}
    if visit.request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)


ROUTES: tuple[Endpoint, ...] = (
    page("GET", "/static/{name}", static, None, gives="*/*", charged=False),
)
