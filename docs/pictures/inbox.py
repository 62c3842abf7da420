"""Takes the picture of the README: the inbox of leads amid the bundled sample, in a real browser.

``make pictures`` writes ``docs/pictures/inbox.png``. The clock stands still, so that the same code
gives the same picture. It needs Chromium, and fonts with Thai and Chinese signs: on Debian and
Ubuntu ``apt install chromium fonts-noto-core fonts-noto-cjk``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from playwright.sync_api import expect, sync_playwright

from intent.bootstrap.application import Application
from intent.bootstrap.deciding import build_classifier, build_worker
from intent.bootstrap.demo import build_demo, read_sample
from intent.bootstrap.settings import Settings
from intent.model.batch import Batch
from intent.sources.live_sample import said_anew
from intent.telemetry import configure_logs
from intent.web.app import build_web
from intent.web.pages import lead_pages
from intent.web.service import Service
from intent.web.serving import WebServer, open_listener

OUT = Path(__file__).with_name("inbox.png")
NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
SINCE = timedelta(seconds=122)
"""For so long the streams run: leads of all four rooms stand side by side."""

SIZE = {"width": 1200, "height": 980}


def main(out: Path) -> None:
    """Say the sample as far as it goes, and take the picture."""
    configure_logs("error")
    with tempfile.TemporaryDirectory() as folder:
        app = build_demo(Settings(), Path(folder) / "demo.db")
        said = said_anew(read_sample(), begun=NOW - SINCE)
        app.inbox.put(Batch([message for message in said if message.sent_at <= NOW]))
        classifier = build_classifier(app)
        build_worker(app, Event(), lambda report: None, classifier=classifier).run(drain=True)
        with served(app) as url:
            take(url, out)


@contextmanager
def served(app: Application) -> Iterator[str]:
    """Serve the pages as of the picture's instant, and yield where."""
    lead_pages._now = lambda: NOW
    service = Service(app)
    server = WebServer(service, build_web(service), open_listener("127.0.0.1", 0))
    thread = Thread(target=server.serve_until_told)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.leave()
        thread.join()


def take(url: str, out: Path) -> None:
    """Open the inbox, wait until it is live, and take the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        page.clock.set_fixed_time(NOW)
        page.goto(url)
        expect(page.locator("#line")).to_have_text("live")
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
