"""Feature definitions are versioned data: names, sets, catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from intent.bootstrap.application import Application
from intent.bootstrap.settings import load_settings
from intent.features.definitions import definitions as module
from intent.features.definitions.catalogue import entries, markdown
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.features.online.tally import HALF_LIVES, SECOND, TILES
from intent.model.errors import OperatorError, TemplateError
from intent.model.taxonomy import Taxonomy

FILE = Path(module.__file__).with_name("definitions.yaml")


@pytest.fixture
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


def test_a_name_says_entity_topic_statistic_and_window(definitions: Definitions) -> None:
    feature = definitions.feature("user__purchase_intent__count_7d")
    assert (feature.view, feature.topic, feature.statistic, feature.window) == (
        "user",
        "purchase_intent",
        "count",
        "7d",
    )
    assert definitions.feature("room__lead__distinct_users_1h").what == "users"


def test_state_keeps_the_tiles_and_half_lives_that_the_definitions_ask_for(
    definitions: Definitions,
) -> None:
    assert tuple(definitions.half_lives.values()) == HALF_LIVES
    longest = {
        tile: max(w.seconds for w in definitions.windows.values() if w.tile == tile)
        for tile in {w.tile for w in definitions.windows.values()}
    }
    assert tuple(sorted(longest.items())) == TILES
    assert definitions.time_to_live == max(longest.values()) * SECOND


def test_a_changed_feature_set_is_refused_under_its_old_name(
    taxonomy: Taxonomy, tmp_path: Path
) -> None:
    changed = tmp_path / "definitions.yaml"
    changed.write_text(
        FILE.read_text(encoding="utf-8").replace("      - user__lead__count_1h\n", ""),
        encoding="utf-8",
    )
    with pytest.raises(TemplateError, match=r"ranking_v1 was changed .* versions are immutable"):
        load_definitions(taxonomy.names, taxonomy.members, changed)


RANKING = [
    "user__lead__distinct_rooms_7d",
    "room__lead__count_1h",
    "room__lead__short_minus_long",
    "item__hot__decayed_30m",
]
DEFINES = [
    ("rooms: room_id", "rooms: item_id"),
    ("from_rows: true", "from_rows: false"),
    ("keys: [platform, item_id]", "keys: [platform, room_id]"),
    ("7d: {seconds: 604800", "7d: {seconds: 604801"),
    ("1h: {seconds: 3600, tile: 300}", "1h: {seconds: 3600, tile: 3600}"),
    ("1d: 86400", "1d: 86401"),
    ("30m: 1800", "30m: 1801"),
    ("time_to_live: 2592000", "time_to_live: 2592001"),
    ("unit: messages a day\n", "unit: messages an hour\n"),
    ("zero: 0", "zero: missing"),
]
SAYS_NOTHING_OF_THEM = [
    ("distinct: {users: user_id}", "distinct: {users: item_id}"),
    ("24h: {seconds: 86400", "48h: {seconds: 172800, tile: 3600}\n  24h: {seconds: 86401"),
    ("30d: {seconds: 2592000", "30d: {seconds: 2592001"),  # the window, not the half-life
    ("unit: seconds", "unit: hours"),
    ("meaning: one item on screen", "meaning: one thing on screen"),
]


def digest_of(taxonomy: Taxonomy, tmp_path: Path, old: str, new: str) -> str:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    changed = tmp_path / "changed.yaml"
    changed.write_text(
        text.partition("\nfeature_sets:")[0].replace(old, new) + "\nfeature_sets: {}\n",
        encoding="utf-8",
    )
    return load_definitions(taxonomy.names, taxonomy.members, changed).digest(RANKING)


@pytest.mark.parametrize(("old", "new"), DEFINES)
def test_a_digest_changes_with_everything_that_its_features_are_defined_by(
    definitions: Definitions, taxonomy: Taxonomy, tmp_path: Path, old: str, new: str
) -> None:
    assert digest_of(taxonomy, tmp_path, old, new) != definitions.digest(RANKING)


@pytest.mark.parametrize(("old", "new"), SAYS_NOTHING_OF_THEM)
def test_a_digest_stays_when_what_changes_is_not_used(
    definitions: Definitions, taxonomy: Taxonomy, tmp_path: Path, old: str, new: str
) -> None:
    assert digest_of(taxonomy, tmp_path, old, new) == definitions.digest(RANKING)


def test_an_unknown_key_of_the_file_is_refused(taxonomy: Taxonomy, tmp_path: Path) -> None:
    wrong = tmp_path / "definitions.yaml"
    wrong.write_text(FILE.read_text(encoding="utf-8") + "\nsurprise: 1\n", encoding="utf-8")
    with pytest.raises(TemplateError, match="wrong at surprise"):
        load_definitions(taxonomy.names, taxonomy.members, wrong)


def test_an_unknown_feature_or_set_is_named_with_the_way_to_find_it(
    definitions: Definitions,
) -> None:
    with pytest.raises(
        OperatorError, match=r"no feature 'user__lead__nonsense'; see: intent features list"
    ):
        definitions.feature("user__lead__nonsense")
    with pytest.raises(OperatorError, match="choose one of: ranking_v1"):
        definitions.feature_set("ranking_v9")


def own_sets(folder: Path, text: str) -> Path:
    path = folder / "sets.yaml"
    path.write_text(f"feature_sets:\n{text}", encoding="utf-8")
    return path


def test_feature_sets_of_ones_own_come_from_a_file_named_by_a_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = own_sets(tmp_path, "  mine_v1:\n    features: [user__lead__count_7d]\n")
    monkeypatch.setenv("INTENT_FEATURE_SETS", str(path))
    definitions = Application(load_settings()).definitions
    assert definitions.set_names[-1] == "mine_v1"
    assert definitions.feature_set("mine_v1").names == ("user__lead__count_7d",)
    assert "## Feature set `mine_v1`" in markdown(definitions)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("  ranking_v1:\n    features: [user__lead__count_7d]\n", "give yours another name"),
        ("  mine:\n    features: [user__lead__nonsense]\n", "no feature 'user__lead__nonsense'"),
        ("  mine:\n    features: []\n", "wrong at feature_sets.mine.features"),
        ("  mine:\n    columns: [user__lead__count_7d]\n", "wrong at feature_sets.mine"),
        (
            "  mine:\n    digest: abc\n    features: [user__lead__count_7d]\n",
            "the feature set mine was changed",
        ),
    ],
)
def test_a_wrong_set_of_ones_own_is_refused_in_one_sentence(
    taxonomy: Taxonomy, tmp_path: Path, text: str, fault: str
) -> None:
    with pytest.raises((TemplateError, OperatorError), match=fault):
        load_definitions(taxonomy.names, taxonomy.members, own_sets=own_sets(tmp_path, text))


def test_the_catalogue_says_for_every_feature_what_its_absence_means(
    definitions: Definitions,
) -> None:
    listed = entries(definitions)
    assert len(listed) == len(definitions.features)
    for one in listed:
        assert re.fullmatch(r"[a-z_]+__[a-z_]+__[a-z0-9_]+", one["name"])
        assert all(
            one[key] for key in ("meaning", "unit", "missing", "zero", "freshness", "privacy")
        )
        assert "{" not in one["meaning"] + one["unit"]


def test_the_catalogue_page_is_up_to_date(definitions: Definitions) -> None:
    page = Path(__file__).parents[3] / "docs" / "features-catalogue.md"
    assert page.read_text(encoding="utf-8") == markdown(definitions), (
        "run: intent features list --markdown > docs/features-catalogue.md"
    )
