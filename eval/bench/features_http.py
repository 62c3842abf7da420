"""What asking for features over HTTP costs beside the library's own call: processor time of the
whole way through our server, sockets excepted.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from pydantic import SecretStr
from rich.table import Table

from eval.bench.feature_data import skewed
from eval.bench.feature_filling import CREATORS, ITEMS, ROOMS, fill, new_database
from intent.bootstrap.application import Application
from intent.bootstrap.settings import Settings
from intent.cli.screen import json_line, results
from intent.telemetry import configure_logs
from intent.web.api.features import ARROW, online_features
from intent.web.app import build_web
from intent.web.service import Service

Columns = dict[str, list[str]]


def features_http(
    requests: Annotated[int, typer.Option(min=5, help="requests of each kind")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object a line")] = False,
) -> None:
    """Measure features over HTTP beside the library's call, in processor time: one read, and one
    user with 500 candidates and the 40 features of ranking_v1.

    Example: python -m eval bench features-http --requests 200
    """
    configure_logs("error", as_json=False)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        service = Service(Application(Settings(database_url=SecretStr(url), log_level="error")))
        with closing(new_database(url)) as database:
            fill(database, service.app.definitions, datetime.now(UTC) - timedelta(days=2))
        found = [
            _measured(service, what, kind, rows, requests)
            for what, rows in (("1 row", _rows(1)), ("1 user × 500 candidates", _rows(500)))
            for kind in ("JSON", "JSON without statuses", "Arrow")
        ]
        service.close()
    table = Table("request", "answer", "library, ms", "over HTTP, ms", "more, ms", "bytes")
    for one in found:
        shown = (f"{v:.2f}" if isinstance(v, float) else f"{v}" for v in one.values())
        table.add_row(*shown)
        if as_json:
            json_line(one)
    if not as_json:
        results().print(table)


def _rows(candidates: int) -> Columns:
    chance = np.random.default_rng(13)
    rooms, items = skewed(chance, ROOMS, candidates), skewed(chance, ITEMS, candidates)
    return {
        "platform": ["bench"] * candidates,
        "user_id": ["u_1"] * candidates,
        "room_id": [f"r_{n}" for n in rooms],
        "creator_id": [f"c_{n % CREATORS}" for n in rooms],
        "item_id": [f"i_{n}" for n in items],
    }


def _measured(
    service: Service, what: str, kind: str, rows: Columns, requests: int
) -> Mapping[str, Any]:
    """Return medians of both ways, which take turns; the library is called in the same thread that
    answers.
    """
    features = service.shared(online_features)
    chosen = features.feature_set("ranking_v1")
    told = kind != "JSON without statuses"
    body = {"feature_set": "ranking_v1", "entities": rows, "statuses": told}
    app, content = build_web(service), json.dumps(body).encode()
    accept = ARROW if kind == "Arrow" else "application/json"
    library, over, sent = list[float](), list[float](), list[bytes]()

    def inside() -> Awaitable[object]:
        return service.threads.run(features.read, chosen, rows)

    def outside() -> Awaitable[object]:
        return _call(app, content, accept, sent)

    async def both() -> None:
        for _ in range(requests):
            library.append(await _processor(inside))
            over.append(await _processor(outside))

    asyncio.run(both())
    within, whole = float(np.median(library)), float(np.median(over))
    return {
        "request": what,
        "answer": kind,
        "library": within,
        "http": whole,
        "more": whole - within,
        "bytes": sum(map(len, sent)) // requests,
    }


async def _processor(call: Callable[[], Awaitable[object]]) -> float:
    begun = time.process_time()
    await call()
    return (time.process_time() - begun) * 1000


async def _call(app: Any, content: bytes, accept: str, sent: list[bytes]) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/features:read",
        "raw_path": b"/v1/features:read",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/json"),
            (b"accept", accept.encode()),
            (b"content-length", str(len(content)).encode()),
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        sent.append(message.get("body", b""))

    await app(scope, receive, send)
