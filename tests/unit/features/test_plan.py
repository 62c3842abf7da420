"""Which facts the steps join by range: those alone whose topic a later revision took back, where a
feature asks when it was last said.
"""

from __future__ import annotations

from pathlib import Path

from intent.bootstrap.resources import locate
from intent.features.definitions.definitions import load_definitions
from intent.features.definitions.events import Topics
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.history import KnownHistory
from intent.model.taxonomy import load_taxonomy
from tests.unit.features.brute import SECOND
from tests.unit.features.history import HOUR, NOW, Said, Verdict
from tests.unit.features.offline import facts_of, write_facts, write_spine

taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
definitions = load_definitions(taxonomy.names, taxonomy.members)

SURE = Verdict(("purchase_intent",), (900_000,) + (0,) * 12, 950_000, True, False)
SAME_BY_LLM = Verdict(("purchase_intent",), (900_000,) + (0,) * 12, 950_000, False, True)
CHATTER = Verdict(("chatter",), (0,) * 13, 0, True, True)
AT = NOW - 2 * HOUR
STORY = [
    (
        Said(AT, "1", "23", "r1", None),
        [(SURE, 0), (SAME_BY_LLM, 3 * HOUR)],
    ),  # no longer measured, but still an intent
    (
        Said(AT + SECOND, "1", "23", "r1", None),
        [(CHATTER, 0), (SURE, 3 * HOUR)],
    ),  # no longer chatter
    (
        Said(AT + 2 * SECOND, "1", "23", "r1", None),
        [(SURE, 0), (CHATTER, 3 * HOUR)],
    ),  # no longer an intent
]


class KeepsAll(DuckEngine):
    """Adds up by SQL, as Spark does, and keeps the tables between, so that they can be looked at."""

    here = None

    def drop(self, name: str) -> None:
        """Keep it."""


def joined_by_range(home: Path, names: list[str], topic: str) -> list[int]:
    """Return the numbers of requests that saw something pass, and that saw this topic pass."""
    write_facts(facts_of(STORY), home / "facts", Topics(definitions.groups))
    write_spine([(NOW, "1", "23", "r1", "i1")], home / "spine.parquet")
    files = {"spine": home / "spine.parquet", "facts": home / "facts", "out": home / "out.parquet"}
    chosen = definitions.choose("test", names)
    with KeepsAll(home, threads=2) as engine:
        build(engine, chosen, definitions, **files, history=KnownHistory())
        counts = f"SELECT count(*), count(t_{topic}) FROM room_passing"
        return list(engine.row(counts) or ())


def test_counts_and_last_messages_join_nothing_by_range_however_often_facts_were_re_decided(
    tmp_path: Path,
) -> None:
    names = [
        "room__message__count_24h",
        "room__lead__decayed_1d",
        "room__message__seconds_since_last",
    ]
    assert joined_by_range(tmp_path, names, "message") == [0, 0]


def test_a_topic_that_stays_joins_nothing_and_one_that_was_taken_back_does(tmp_path: Path) -> None:
    for topic, passed in (("purchase_intent", [1, 1]), ("objection", [0, 0])):
        names = [f"room__{topic}__seconds_since_last"]
        assert joined_by_range(tmp_path, names, topic) == passed


def test_a_build_lets_go_of_what_no_later_step_reads(tmp_path: Path) -> None:
    write_facts(facts_of(STORY), tmp_path / "facts", Topics(definitions.groups))
    write_spine([(NOW, "1", "23", "r1", "i1")], tmp_path / "spine.parquet")
    chosen = definitions.choose("test", ["room__lead__count_24h", "user__lead__count_24h"])
    with DuckEngine(tmp_path, threads=1) as engine:
        build(
            engine,
            chosen,
            definitions,
            spine=tmp_path / "spine.parquet",
            facts=tmp_path / "facts",
            out=tmp_path / "out.parquet",
            history=KnownHistory(),
        )
        left = "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '{}%'"
        assert engine.row(left.format("room_")) == engine.row(left.format("user_")) == (1,)
