"""The report is one file: every section is there, nothing is fetched, and nothing that people wrote
becomes markup.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from eval.report.page import page
from eval.report.plots import Axes, nice_top
from eval.run.predictions import lines_of, read_predictions
from eval.run.runner import PREDICTIONS
from eval.verdict.judged import judge
from tests.unit.eval.oracle import Oracle, confusing, local, make_run, taxonomy, write_suite

SECTIONS = [
    "verdict",
    "metrics",
    "labels",
    "confusions",
    "curves",
    "slices",
    "messages",
    "cost",
    "noise",
    "reproduce",
]
HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7*7 }}"


class Elements(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))


def elements(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(text)
    return parser.tags


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Pages of a run alone, and of one that is compared."""
    home = tmp_path_factory.mktemp("report")
    suite = write_suite(home)
    before = make_run(home / "before", suite, local(Oracle()))
    after = make_run(
        home / "after", suite, local(Oracle(twist=confusing("price_inquiry", "product_inquiry")))
    )
    path = after / PREDICTIONS
    path.write_bytes(
        lines_of(
            one.model_copy(update={"reply": HOSTILE, "why": HOSTILE})
            for one in read_predictions(path)
        )
    )
    alone = judge(before, taxonomy(), baselines=home / "none")
    compared = judge(after, taxonomy(), against=before)
    return {"alone": page(alone, taxonomy()), "compared": page(compared, taxonomy())}


@pytest.mark.parametrize("name", ["alone", "compared"])
def test_every_section_is_there_and_the_menu_leads_to_each(reports, name) -> None:
    found = elements(reports[name])
    assert [attributes.get("id") for tag, attributes in found if tag == "section"] == SECTIONS
    assert {attributes["href"] for tag, attributes in found if tag == "a"} == {
        f"#{section}" for section in SECTIONS
    }
    assert sum(tag == "svg" for tag, _ in found) >= 5 + 6


@pytest.mark.parametrize("name", ["alone", "compared"])
def test_nothing_is_fetched(reports, name) -> None:
    for _, attributes in elements(reports[name]):
        for key in ("src", "href", "action", "data", "srcset"):
            assert (attributes.get(key) or "#").startswith(("#", "data:,"))
    assert not re.search(r"@import|url\(", reports[name])


def test_what_people_and_models_wrote_stays_text(reports) -> None:
    assert HOSTILE not in reports["compared"]
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}" in reports["compared"]
    assert not any(
        tag == "img" or any(key.startswith("on") for key in attributes)
        for tag, attributes in elements(reports["compared"])
    )


def test_regressions_come_first_and_name_both_decisions(reports) -> None:
    messages = [
        attributes
        for tag, attributes in elements(reports["compared"])
        if tag == "details" and attributes.get("class") == "message"
    ]
    kinds = [attributes["data-kind"] for attributes in messages]
    assert kinds[0] == "worse"
    assert kinds == sorted(kinds, key=["worse", "other", "better"].index)
    assert (
        "right: price_inquiry · before: price_inquiry · now: product_inquiry" in reports["compared"]
    )


def test_an_axis_ends_at_a_round_number_and_what_lies_outside_is_drawn_at_the_edge() -> None:
    assert [nice_top([value]) for value in (0.7, 1.0, 3.0, 420.0)] == [1.0, 1.0, 5.0, 500.0]
    axes = Axes((0.0, 1.0), (0.0, 1.0))
    assert axes.place(0.5, 7.0) == axes.place(0.5, 1.0)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser on this machine")
@pytest.mark.parametrize("name", ["alone", "compared"])
def test_a_browser_opens_it_without_a_word_on_its_console(reports, name, tmp_path) -> None:
    path = tmp_path / "report.html"
    path.write_text(reports[name], encoding="utf-8")
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--virtual-time-budget=3000",
        "--dump-dom",
    ]
    ended = subprocess.run(
        ["chromium", *options, path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in ended.stderr
    assert re.search(r"\d+ of \d+ shown", ended.stdout), "the page's script has run"
