"""The report is one file: every section is there, nothing is fetched, and nothing that people wrote
becomes markup.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from eval.measure.finished import wrong_decisions
from eval.report.page import page
from eval.report.plots import Axes, nice_top
from eval.report.views import changes, harmful_slices, label_changes
from eval.run.predictions import lines_of, read_predictions
from eval.run.runner import PREDICTIONS
from eval.verdict.comment import comment
from eval.verdict.judged import judge
from tests.unit.eval.oracle import (
    Oracle,
    browsed,
    confusing,
    local,
    make_run,
    taxonomy,
    write_suite,
)

SECTIONS = [
    "verdict",
    "metrics",
    "messages",
    "labels",
    "confusions",
    "curves",
    "slices",
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
    return {
        "alone": page(alone, taxonomy()),
        "compared": page(compared, taxonomy()),
        "judged": compared,
    }


@pytest.fixture
def comparison(reports):
    return reports["judged"].comparison


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


def test_what_people_and_models_wrote_never_stands_in_the_page_as_markup(reports) -> None:
    assert HOSTILE not in reports["compared"]
    said = browsed(reports["compared"])["messages"][0]["said"]
    assert said[-1]["reply"] == HOSTILE
    assert not any(
        tag == "img" or any(key.startswith("on") for key in attributes)
        for tag, attributes in elements(reports["compared"])
    )


def test_every_flip_and_every_error_is_there_regressions_first_with_both_decisions(
    reports, comparison
) -> None:
    found = browsed(reports["compared"])
    kinds = [one["kind"] for one in found["messages"]]
    assert kinds == sorted(kinds, key=["worse", "other", "better", "as before"].index)
    assert len(kinds) - kinds.count("as before") == len(comparison.flips) > 0
    wrong = [one for one in found["messages"] if one["wrong"]]
    assert len(wrong) == len(wrong_decisions(comparison.after, taxonomy()))
    first = found["messages"][0]
    assert first["kind"] == "worse"
    assert first["cost"] > 0
    assert [one["labels"] for one in first["said"]] == [["price_inquiry"], ["product_inquiry"]]


def test_messages_can_be_filtered_by_slice_label_and_confused_pair(reports) -> None:
    found = browsed(reports["compared"])
    assert found["dimensions"] == ["lang", "kind", "length"]
    assert all(set(found["dimensions"]) <= set(one["slices"]) for one in found["messages"])
    cells = {
        attributes["data-pair"]
        for tag, attributes in elements(reports["compared"])
        if tag == "td" and "data-pair" in attributes
    }
    assert {
        "right: price_inquiry → product_inquiry",
        "before: price_inquiry → product_inquiry",
    } <= (cells)


def test_whiskers_of_a_table_share_one_scale_and_other_units_have_none(comparison) -> None:
    table = changes(comparison.overall, fold=False)
    rows = {
        one.metric: (one, row) for one, row in zip(comparison.overall, table.shown, strict=True)
    }
    reach = float(table.reach)
    for name in ("macro_f1", "exact_match"):
        one, row = rows[name]
        assert row.whisker.high == pytest.approx(50 + 48 * one.change.high / reach, abs=0.5)
    assert rows["cost_per_1000"][1].whisker is None


def test_slices_and_labels_without_a_difference_are_folded(comparison) -> None:
    for table in (harmful_slices(comparison), label_changes(comparison)):
        assert table.folded
        assert {row.judgement for row in table.shown} <= {"better", "worse"}
        assert not {row.judgement for row in table.folded} & {"better", "worse"}
    assert [row.where for row in label_changes(comparison).shown] == [
        "price_inquiry",
        "product_inquiry",
    ]


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
    first = browsed(reports[name])["messages"][0]["id"]
    dom = opened(f"{path.as_uri()}#message-{first}")
    assert re.search(r"\d+ of \d+ shown", dom), "the page's script has run"
    assert re.search(r'<details class="message"[^>]* open=""', dom), "the message is open"
    assert "<img" not in dom
    if name == "compared":
        assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}" in dom


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser on this machine")
@pytest.mark.parametrize("name", ["alone", "compared"])
def test_the_page_as_it_opens_is_at_most_three_screens(reports, name, tmp_path) -> None:
    path = tmp_path / "report.html"
    told = "<script>setTimeout(() => document.title = `${document.documentElement.scrollHeight}`, 2000)"
    path.write_text(reports[name].replace("</body>", f"{told}</script></body>"), encoding="utf-8")
    assert int(re.search(r"<title>(\d+)</title>", opened(path.as_uri()))[1]) <= 3 * 800


def opened(address: str) -> str:
    """Open a page at 1280 × 800, and return what became of it; its console stays silent."""
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--window-size=1280,800",
        "--virtual-time-budget=4000",
        "--dump-dom",
    ]
    ended = subprocess.run(
        ["chromium", *options, address], capture_output=True, text=True, timeout=120, check=True
    )
    assert "CONSOLE" not in ended.stderr
    return ended.stdout


def test_a_comment_is_the_verdict_in_at_most_four_lines(reports) -> None:
    text = comment(reports["judged"])
    assert text.startswith("❌ **Eval `test_suite`: May not ship")
    assert len(text.splitlines()) <= 4
    assert "macro_f1 0." in text
    assert "messages became worse" in text
