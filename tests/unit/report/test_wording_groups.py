"""The same ask in other dress is one line."""

from __future__ import annotations

from intent.report import wording_groups
from intent.report.wording_groups import AskedOften, WordingGroups, wording_key


def test_dress_and_politeness_change_nothing() -> None:
    assert len({wording_key(one) for one in ("BERAPA kak??", "berapaaaa", "berapa sis 🙏")}) == 1
    assert wording_key("size 40?") != wording_key("size 41?")
    assert wording_key("🔥🔥") != wording_key("👍")


def test_what_was_asked_most_is_told_in_the_wording_that_came_most_often() -> None:
    groups = WordingGroups()
    for text in ("berapa?", "Berapa kak", "berapa?", "ready?"):
        groups.add("price_inquiry", "A1", text)
    groups.add("price_inquiry", "A2", "berapa?")
    assert groups.most(5) == [AskedOften("price_inquiry", "A1", 3, "berapa?", 1)]
    assert len(groups.most(5, fewest=1)) == 3


def test_memory_is_bounded_and_what_came_twice_stays() -> None:
    groups = WordingGroups()
    for number in range(wording_groups.MOST_GROUPS + 50):
        groups.add("price_inquiry", None, f"wording {number}")
        if number < 2:
            groups.add("price_inquiry", None, "again")
    assert [one.count for one in groups.most(5)] == [2]
