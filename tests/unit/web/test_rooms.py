"""The page of a room shows the report as it stands, under the strict policy of all pages."""

from __future__ import annotations

import re
from collections.abc import Callable

from intent.model.batch import Batch
from intent.queues.inbox import SqlInbox
from intent.report.room_page import sheet
from intent.web.static_files import FOLDER
from tests.conftest import MakeMessage
from tests.serving import Served

Serve = Callable[..., Served]


def test_a_room_is_reported_in_the_layout_of_all_pages(
    served: Serve, make_message: MakeMessage
) -> None:
    client = served()
    message = make_message("<b>mau</b>", room_id="a/b?c", context={"offer": "<i>x</i>"})
    SqlInbox(client.service.app.database).put(Batch([message]))
    answer = client.get("/rooms/report", params={"room": "a/b?c"})
    assert answer.status_code == 200
    assert "This report lags" in answer.text
    assert "<i>x</i>" not in answer.text
    assert re.search(r"<script(?! src)|\sstyle=", answer.text) is None
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert client.get("/rooms/report.css").headers["content-type"].startswith("text/css")


def test_a_room_that_is_not_there_is_one_clear_answer(served: Serve) -> None:
    answer = served().get("/rooms/report", params={"room": "nowhere"})
    assert 400 <= answer.status_code < 500
    assert "Traceback" not in answer.text


def test_what_pages_call_otherwise_does_not_style_the_report() -> None:
    style, report = (
        set(re.findall(r"\.([a-z][a-z-]+)", text))
        for text in ((FOLDER / "style.css").read_text(), sheet())
    )
    assert style & report == {"any", "number", "wide"}, "two things have one class"
