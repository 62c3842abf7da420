"""Training rows, held against brute force over random histories with late, re-decided and overtaken
facts.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from intent.bootstrap.resources import locate
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.definitions.events import Topics
from intent.features.definitions.told_beside import TOLD_COLUMNS, TOLD_STATISTICS
from intent.features.offline.build import build
from intent.features.offline.duck import DuckEngine
from intent.features.offline.facts import CATEGORY
from intent.features.offline.history import MARGIN, KnownHistory, parse_history
from intent.features.offline.labels import parse_label
from intent.model.errors import OperatorError
from intent.model.message import AuthorRole
from intent.model.taxonomy import load_taxonomy
from tests.unit.features.brute import SECOND
from tests.unit.features.history import HOUR, NOW, Said, Verdict, said
from tests.unit.features.offline import (
    TAKEN_BACK,
    differences,
    facts_of,
    names_of,
    revisions,
    row,
    rows,
    told,
    write_facts,
    write_spine,
)

numbers = itertools.count()
TOPICS = ("message", "purchase_intent", "lead", "hot")


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    return load_definitions(taxonomy.names, taxonomy.members)


def built(
    folder: Path, definitions: Definitions, story: Any, spine: Any, names: list[str], **options: Any
) -> Any:
    home = folder / str(next(numbers))
    home.mkdir()
    facts = facts_of(story)
    write_facts(facts, home / "facts", Topics(definitions.groups))
    write_spine(spine, home / "spine.parquet")
    chosen = definitions.choose("test", names)
    with DuckEngine(home, threads=2) as engine:
        history = options.pop("history", KnownHistory())
        report = build(
            engine,
            chosen,
            definitions,
            spine=home / "spine.parquet",
            facts=home / "facts",
            out=home / "out.parquet",
            history=history,
            **options,
        )
    return chosen, pq.read_table(home / "out.parquet"), facts, report


plain = {
    "deadline": None,
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
forty_of_them = st.integers(0, 2**32).map(random.Random)


@settings(max_examples=30, **plain)
@given(story=told, spine=rows, margin=st.sampled_from([0, 5 * SECOND]), chance=forty_of_them)
def test_every_feature_of_every_row_equals_brute_force_as_known_then(
    tmp_path: Path,
    definitions: Definitions,
    story: Any,
    spine: Any,
    margin: int,
    chance: random.Random,
) -> None:
    names = chance.sample(names_of(definitions, TOPICS), 40)
    chosen, table, facts, _ = built(
        tmp_path, definitions, story, spine, names, history=KnownHistory(margin)
    )
    assert table["request"].to_pylist() == list(range(len(spine)))
    assert differences(definitions, chosen, table, facts, margin) == []


def told_names(definitions: Definitions) -> list[str]:
    return [
        feature.name
        for feature in definitions.features.values()
        if feature.statistic in TOLD_STATISTICS and feature.window in ("1h", "30d")
    ]


@settings(max_examples=15, **plain)
@given(story=told, spine=rows)
def test_prices_and_answers_of_every_row_equal_brute_force(
    tmp_path: Path, definitions: Definitions, story: Any, spine: Any
) -> None:
    chosen, table, facts, _ = built(tmp_path, definitions, story, spine, told_names(definitions))
    assert differences(definitions, chosen, table, facts, MARGIN) == []


def test_a_bid_below_the_price_and_an_answer_count_as_told(
    tmp_path: Path, definitions: Definitions
) -> None:
    bid = dataclasses.replace(SURE, stated_price=2000, price_gap=-1_000_000)
    answer = dataclasses.replace(CHATTER, answer_seconds=40)
    host = AuthorRole.HOST
    story = [
        (Said(NOW - 90 * SECOND, "1", "23", "r1", "i1"), [(bid, 0)]),
        (Said(NOW - 50 * SECOND, "h", "23", "r1", "i1", host), [(answer, 0)]),
    ]
    names = ["priced_share_1h", "price_gap_1h", "answered_share_1h", "answer_seconds_1h"]
    names = [f"room__lead__{name}" for name in names]
    _, table, _, _ = built(tmp_path, definitions, story, [(NOW, "1", "23", "r1", "i1")], names)
    found = [table[name].to_pylist()[0] for name in names]
    assert found == [2 / 11, -0.5, 2 / 5, 45.0]


def test_a_late_answer_counts_beside_features_of_soon_ones(
    tmp_path: Path, definitions: Definitions
) -> None:
    answer = dataclasses.replace(CHATTER, answer_seconds=301)
    story = [(Said(NOW - 50 * SECOND, "h", "23", "r1", "i1", AuthorRole.HOST), [(answer, 0)])]
    names = ["room__lead__answered_share_1h", "room__lead__answer_seconds_1h"]
    _, table, _, _ = built(tmp_path, definitions, story, [(NOW, "1", "23", "r1", "i1")], names)
    assert [table[name].to_pylist()[0] for name in names] == [None, 600.0]


def test_facts_of_an_older_form_do_for_features_that_need_no_prices_or_categories(
    tmp_path: Path, definitions: Definitions
) -> None:
    story = [(Said(NOW - 60 * SECOND, "1", "23", "r1", None), [(SURE, 0)])]
    write_facts(facts_of(story), tmp_path / "facts", Topics(definitions.groups))
    file = next((tmp_path / "facts").glob("date=*/*.parquet"))
    pq.write_table(pq.ParquetFile(file).read().drop_columns([*TOLD_COLUMNS, CATEGORY]), file)
    write_spine([(NOW, "1", "23", "r1", "i1")], tmp_path / "spine.parquet")

    def of(name: str) -> Any:
        with DuckEngine(tmp_path, threads=1) as engine:
            build(
                engine,
                definitions.choose("test", [name]),
                definitions,
                spine=tmp_path / "spine.parquet",
                facts=tmp_path / "facts",
                out=tmp_path / "out.parquet",
                history=KnownHistory(),
            )
        return pq.read_table(tmp_path / "out.parquet")[name].to_pylist()

    assert of("user__lead__count_1h") == [1.0]
    with pytest.raises(OperatorError, match=r"no column stated_price; write them anew with"):
        of("user__lead__priced_share_1h")
    with pytest.raises(OperatorError, match=r"no column category_id; write them anew with"):
        of("user_category__lead__count_1h")


def test_who_asked_in_one_room_is_known_in_another_of_the_category_and_where_none_is_told_nobody_is(
    tmp_path: Path, definitions: Definitions
) -> None:
    viewer = AuthorRole.VIEWER
    story = [(Said(NOW - 60 * SECOND, "1", "23", "r1", None, viewer, "k2"), [(SURE, 0)])]
    asked = [(NOW, "1", "3", "r2", None, category) for category in ("k2", "k/1", None)]
    names = ["user_category__lead__count_1h", "category__lead__rate_24h"]
    _, table, _, _ = built(tmp_path, definitions, story, asked, names)
    assert [table[name].to_pylist() for name in names] == [[1.0, None, None], [2 / 21, None, None]]
    statuses = table["user_category__status"].to_pylist()
    assert statuses == ["present", "never_seen", "never_seen"]


SURE = Verdict(("purchase_intent",), (900_000,) + (0,) * 12, 950_000, True, False)
CHATTER = Verdict(("chatter",), (0,) * 13, 0, True, True)
VIEWS = ("user", "room", "user_creator")
COUNTS = [
    "user__message__count_1h",
    "user__purchase_intent__count_1h",
    "user__lead__expected_1h",
    "room__lead__distinct_users_1h",
]


def test_what_commits_late_is_upgraded_later_or_lies_ahead_never_shows(
    tmp_path: Path, definitions: Definitions
) -> None:
    at = NOW
    story = [
        (
            Said(at - 10 * SECOND, "1", "23", "r1", None),
            [(SURE, 6 * SECOND)],
        ),  # known 4 s before: within the margin
        (
            Said(at - 20 * SECOND, "1", "23", "r1", None),
            [(CHATTER, 1 * SECOND), (SURE, 60 * SECOND)],
        ),  # upgraded after
        (Said(at - 30 * SECOND, "1", "23", "r1", None), [(SURE, 2 * HOUR)]),  # committed after
        (Said(at + 5 * SECOND, "1", "23", "r1", None), [(SURE, -HOUR)]),  # known before, said after
    ]
    _, table, _, _ = built(tmp_path, definitions, story, [(at, "1", "23", "r1", "i1")], COUNTS)
    row = table.to_pylist()[0]
    assert [row[name] for name in COUNTS] == [1.0, 0.0, 0.0, 0.0]


def test_composite_keys_never_collide(tmp_path: Path, definitions: Definitions) -> None:
    story = [(Said(NOW - 60 * SECOND, "1", "23", "r1", None), [(SURE, 0)])]
    name = "user_creator__purchase_intent__count_1h"
    _, table, _, _ = built(
        tmp_path,
        definitions,
        story,
        [(NOW, "1", "23", "r1", "i1"), (NOW, "12", "3", "r1", "i1")],
        [name],
    )
    assert table["user_creator__status"].to_pylist() == ["present", "never_seen"]
    assert table[name].to_pylist()[0] == 1.0


def test_duplicate_rows_keep_their_rows_and_an_empty_spine_works(
    tmp_path: Path, definitions: Definitions
) -> None:
    story = [(Said(NOW - 60 * SECOND, "1", "23", "r1", None), [(SURE, 0)])]
    row = (NOW, "1", "23", "r1", "i1")
    _, table, _, report = built(tmp_path, definitions, story, [row, row, row], COUNTS)
    assert table["user__purchase_intent__count_1h"].to_pylist() == [1.0, 1.0, 1.0]
    _, table, _, report = built(tmp_path, definitions, story, [], COUNTS)
    assert (table.num_rows, report.rows) == (0, 0)
    assert table.column_names[-6:] == [*COUNTS, "user__status", "room__status"]


def test_a_row_that_lacks_a_key_was_never_seen_and_has_no_label(
    tmp_path: Path, definitions: Definitions
) -> None:
    story = [(Said(NOW - 60 * SECOND, "1", None, "r1", None), [(SURE, 0)])]
    spine = [
        (NOW, "1", None, "r1", None),
        (NOW, None, "23", "r1", "i1"),
        (NOW, "1", "23", "r2", "i1"),
    ]
    names = [*COUNTS, "item__message__count_1h", "user_creator__message__count_1h"]
    labels = [parse_label("more=item:message:1s", definitions)]
    _, table, _, report = built(tmp_path, definitions, story, spine, names, labels=labels)
    assert table["item__status"].to_pylist() == ["never_seen"] * 3
    assert table["user__status"].to_pylist() == ["present", "never_seen", "present"]
    assert table["user__message__count_1h"].to_pylist() == [1.0, None, 1.0]
    assert table["more"].null_count == 3
    assert {view: (one.keyed, one.seen) for view, one in report.matched.items()} == {
        "user": (2, 2),
        "room": (3, 2),
        "item": (2, 0),
        "user_creator": (1, 0),
    }
    assert report.poorly_matched(0.7) == ["room", "item", "user_creator"]
    assert report.poorly_matched(0.0) == []


@pytest.mark.parametrize(
    ("gap", "seen"),
    [(0, False), (1, False), (5 * SECOND, False), (5 * SECOND + 1, True), (6 * SECOND, True)],
)
def test_a_decision_counts_only_if_the_margin_is_over_before_the_request(
    tmp_path: Path, definitions: Definitions, gap: int, seen: bool
) -> None:
    story = [(Said(NOW - HOUR // 2, "1", "23", "r1", None), [(SURE, HOUR // 2 - gap)])]
    _, table, _, _ = built(tmp_path, definitions, story, [(NOW, "1", "23", "r1", "i1")], COUNTS)
    assert table["user__status"].to_pylist() == ["present" if seen else "never_seen"]
    assert table["room__lead__distinct_users_1h"].to_pylist() == [1.0 if seen else None]


def test_a_message_counts_only_if_it_was_said_before_the_request(
    tmp_path: Path, definitions: Definitions
) -> None:
    story = [(Said(NOW, "1", "23", "r1", None), [(SURE, -HOUR)])]
    spine = [(NOW + gap, "1", "23", "r1", "i1") for gap in (0, 1)]
    _, table, _, _ = built(tmp_path, definitions, story, spine, COUNTS)
    assert table["user__message__count_1h"].to_pylist() == [None, 1.0]


def test_strict_history_leaves_out_what_was_ingested_later_and_says_so(
    tmp_path: Path, definitions: Definitions
) -> None:
    story = [
        (
            Said(NOW - 60 * SECOND, str(number), "23", "r1", None),
            [(SURE, 90 * 24 * HOUR), (CHATTER, HOUR)],
        )
        for number in range(4)
    ]
    spine, name = [(NOW, "1", "23", "r1", "i1")], "user__purchase_intent__count_1h"
    _, table, _, report = built(tmp_path, definitions, story, spine, [name])
    assert (report.messages, report.left_out, table["user__status"].to_pylist()) == (
        4,
        4,
        ["never_seen"],
    )
    _, table, _, report = built(
        tmp_path, definitions, story, spine, [name], history=parse_history("assume:30s", 5.0)
    )
    assert (report.left_out, table[name].to_pylist()) == (
        0,
        [1.0],
    )  # as first decided: the upgrade an hour later keeps its distance


def test_labels_count_forward_by_the_newest_revision(
    tmp_path: Path, definitions: Definitions
) -> None:
    story = [
        (Said(NOW + gap, "1", "23", "r1", None), [(CHATTER, 0), (SURE, HOUR)])
        for gap in (-1, 0, HOUR - 1, HOUR)
    ]
    labels = [parse_label("bought=user_creator:purchase_intent:1h", definitions)]
    _, table, _, _ = built(
        tmp_path,
        definitions,
        story,
        [(NOW, "1", "23", "r1", "i1"), (NOW, "12", "3", "r1", "i1")],
        COUNTS,
        labels=labels,
    )
    assert table["bought"].to_pylist() == [2.0, 0.0]


def test_a_label_is_missing_where_its_window_ends_after_the_facts_do(
    tmp_path: Path, definitions: Definitions
) -> None:
    ends = NOW + HOUR
    story = [
        (Said(NOW, "1", "23", "r1", None), [(SURE, 0)]),
        (Said(ends, "12", "3", "r2", None), [(SURE, 0)]),
        (Said(ends + 24 * HOUR, "12", "3", "r2", None), [(SURE, -24 * HOUR)]),  # of the future
    ]
    spine = [(NOW + gap, "1", "23", "r1", "i1") for gap in (-1, 0, 1, HOUR)]
    labels = [parse_label("bought=user_creator:purchase_intent:1h", definitions)]
    _, table, _, report = built(tmp_path, definitions, story, spine, COUNTS, labels=labels)
    assert table["bought"].to_pylist() == [1.0, 1.0, None, None]
    assert report.unlabelled == {"bought": 2}


def test_what_was_taken_back_counts_until_then_and_rows_before_it_do_not_change(
    tmp_path: Path, definitions: Definitions
) -> None:
    said_at, taken = NOW - 3000 * SECOND, 1200 * SECOND
    names = [*COUNTS, "user__lead__decayed_1d", "user__message__seconds_since_last"]
    names += ["user__lead__seconds_since_last", "user__lead__sequence_50", "room__lead__tags_1h"]
    before = [(said_at + gap * SECOND, "1", "23", "r1", "i1") for gap in (6, 600, 1205)]
    after = [(said_at + gap * SECOND, "1", "23", "r1", "i1") for gap in (1206, 2000)]
    told = (Said(said_at, "1", "23", "r1", None), [(SURE, 0)])
    other = (Said(NOW - 7 * HOUR, "1", "23", "r2", None), [(CHATTER, 0)])
    _, standing, _, _ = built(tmp_path, definitions, [told, other], before, names)
    told[1].append((TAKEN_BACK, taken))
    chosen, table, facts, _ = built(tmp_path, definitions, [told, other], before + after, names)
    assert table.slice(0, 3).to_pylist() == standing.to_pylist()
    assert table["user__message__count_1h"].to_pylist() == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert table["room__status"].to_pylist()[3:] == ["never_seen"] * 2
    assert differences(definitions, chosen, table, facts, MARGIN) == []


def crowded(chance: random.Random) -> Any:
    """Return bursts of few people in one room, many of them at one instant and decided again."""
    story = []
    for _ in range(40):
        at = NOW - chance.randrange(3 * 24) * HOUR
        for _ in range(12):
            chosen = chance.choice(["purchase_intent", "price_inquiry", "chatter"])
            sure = tuple(chance.randrange(1_000_000) for _ in range(13))
            said_so = [(Verdict((chosen,), sure, chance.randrange(1_000_000), True, False), 0)]
            if chance.random() < 0.3:
                said_so.append((CHATTER, chance.randrange(600) * SECOND))
            room, user = f"r{chance.randrange(2)}", str(chance.randrange(5))
            what = Said(at + chance.randrange(2), user, "23", room, "i1", category_id="k1")
            story.append((what, said_so))
    return story


def test_the_bytes_depend_neither_on_the_number_of_threads_nor_on_the_rest_of_the_spine(
    tmp_path: Path, definitions: Definitions
) -> None:
    chance = random.Random(4)
    write_facts(facts_of(crowded(chance)), tmp_path / "facts", Topics(definitions.groups))
    spine = [
        (
            NOW - chance.randrange(4 * 24 * 60) * 60 * SECOND,
            str(chance.randrange(5)),
            "23",
            room,
            "i1",
        )
        for room in ("r0", "r1", "r1")
        for _ in range(200)
    ]
    names = [n for n in names_of(definitions, ("lead", "message")) if n.split("__")[0] in VIEWS]
    chosen = definitions.choose("test", names)
    labels = [parse_label("bought=room:lead:1h", definitions)]

    def of(rows: Any, threads: int) -> Path:
        write_spine(rows, tmp_path / "spine.parquet")
        out = tmp_path / f"{len(rows)}-{threads}.parquet"
        files = {"spine": tmp_path / "spine.parquet", "facts": tmp_path / "facts", "out": out}
        with DuckEngine(tmp_path, threads=threads) as engine:
            build(engine, chosen, definitions, **files, history=KnownHistory(), labels=labels)
        return out

    bytes_of = {threads: of(spine, threads).read_bytes() for threads in (1, 2, 4, 8)}
    assert len(set(bytes_of.values())) == 1
    added = [*chosen.names, "user__status", "room__status", "bought"]
    whole, half = pq.read_table(of(spine, 2)), pq.read_table(of(spine[::2], 2))
    assert whole.take(list(range(0, len(spine), 2))).select(added).equals(half.select(added))


def as_pandas_writes(spine: Path, to: Path) -> None:
    """Write a spine in nanoseconds."""
    table = pq.read_table(spine)
    instants = table["event_timestamp"].cast(pa.timestamp("ns", tz="UTC"))
    pq.write_table(table.set_column(1, "event_timestamp", instants), to)


def telling(story: Any) -> bool:
    """Say whether messages of several people are decided again, and differently: the first story
    drawn is one message over and over.
    """
    again = [revised for _, revised in story if len(revised) > 1]
    return (
        len(again) >= 6
        and len({one.user_id for one, _ in story}) == 3
        and len({verdict.labels for revised in again for verdict, _ in revised}) >= 4
    )


@pytest.mark.slow
@settings(max_examples=1, derandomize=True, **plain)
@given(
    story=st.lists(st.tuples(said, revisions), min_size=20, max_size=20).filter(telling),
    spine=st.lists(row, min_size=12, max_size=12).filter(lambda rows: len(set(rows)) >= 8),
    chance=st.just(7).map(random.Random),
)
def test_spark_equals_duckdb_and_brute_force(
    tmp_path: Path, definitions: Definitions, story: Any, spine: Any, chance: random.Random
) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("needs Java")
    from intent.features.offline.spark import SparkEngine

    names = [
        *chance.sample(names_of(definitions, TOPICS), 10),
        "user__lead__sequence_50",
        "room__lead__tags_24h",
        "room__lead__distinct_users_24h",
        "user__lead__price_gap_30d",
        "room__lead__priced_share_30d",
        "room__lead__answered_share_30d",
        "creator__lead__answer_seconds_30d",
    ]
    names = list(
        dict.fromkeys([*names, "user__lead__seconds_since_last", "room__hot__decayed_30m"])
    )
    labels = [parse_label("bought=user_creator:purchase_intent:1h", definitions)]
    chosen, duck, facts, _ = built(tmp_path, definitions, story, spine, names, labels=labels)
    home = tmp_path / f"spark[{next(numbers)}]"  # Hypothesis may run its example again
    home.mkdir()
    write_facts(facts, home / "facts", Topics(definitions.groups))
    write_spine(spine, home / "us.parquet")
    as_pandas_writes(home / "us.parquet", home / "spine.parquet")
    with SparkEngine("local[2]") as engine:
        given_files = {
            "spine": home / "spine.parquet",
            "facts": home / "facts",
            "out": home / "out",
        }
        build(engine, chosen, definitions, **given_files, history=KnownHistory(), labels=labels)
    spark = pq.read_table(home / "out")
    assert spark.column_names == duck.column_names
    assert spark["bought"].to_pylist() == duck["bought"].to_pylist()
    assert (
        differences(definitions, chosen, spark, facts, MARGIN)
        == differences(definitions, chosen, duck, facts, MARGIN)
        == []
    )
