"""Feature definitions are versioned data: names, sets, catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from intent.bootstrap import groups
from intent.errors import OperatorError, TemplateError
from intent.features import definitions as module
from intent.features.catalogue import entries, markdown
from intent.features.definitions import Definitions, load_definitions
from intent.features.tally import HALF_LIVES, SECOND, TILES
from intent.taxonomy import Taxonomy

FILE = Path(module.__file__).with_name("definitions.yaml")


@pytest.fixture
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, groups(taxonomy))


def test_a_name_says_entity_topic_statistic_and_window(definitions: Definitions) -> None:
    feature = definitions.feature("user__purchase_intent__count_7d")
    assert (feature.view, feature.topic, feature.statistic, feature.window) == ("user", "purchase_intent", "count", "7d")
    assert definitions.feature("room__lead__distinct_users_1h").what == "users"


def test_state_keeps_the_tiles_and_half_lives_that_the_definitions_ask_for(definitions: Definitions) -> None:
    assert tuple(definitions.half_lives.values()) == HALF_LIVES
    longest = {
        tile: max(w.seconds for w in definitions.windows.values() if w.tile == tile) for tile in {w.tile for w in definitions.windows.values()}
    }
    assert tuple(sorted(longest.items())) == TILES
    assert definitions.time_to_live == max(longest.values()) * SECOND


def test_a_changed_feature_set_is_refused_under_its_old_name(taxonomy: Taxonomy, tmp_path: Path) -> None:
    changed = tmp_path / "definitions.yaml"
    changed.write_text(FILE.read_text(encoding="utf-8").replace("      - user__lead__count_1h\n", ""), encoding="utf-8")
    with pytest.raises(TemplateError, match=r"ranking_v1 was changed .* versions are immutable"):
        load_definitions(taxonomy.names, groups(taxonomy), changed)


def test_an_unknown_key_of_the_file_is_refused(taxonomy: Taxonomy, tmp_path: Path) -> None:
    wrong = tmp_path / "definitions.yaml"
    wrong.write_text(FILE.read_text(encoding="utf-8") + "\nsurprise: 1\n", encoding="utf-8")
    with pytest.raises(TemplateError, match="wrong at surprise"):
        load_definitions(taxonomy.names, groups(taxonomy), wrong)


def test_an_unknown_feature_or_set_is_named_with_the_way_to_find_it(definitions: Definitions) -> None:
    with pytest.raises(OperatorError, match=r"no feature 'user__lead__nonsense'; see: intent features list"):
        definitions.feature("user__lead__nonsense")
    with pytest.raises(OperatorError, match="choose one of: ranking_v1"):
        definitions.feature_set("ranking_v9")


def test_the_catalogue_says_for_every_feature_what_its_absence_means(definitions: Definitions) -> None:
    listed = entries(definitions)
    assert len(listed) == len(definitions.features)
    for one in listed:
        assert re.fullmatch(r"[a-z_]+__[a-z_]+__[a-z0-9_]+", one["name"])
        assert all(one[key] for key in ("meaning", "unit", "missing", "zero", "freshness", "privacy"))
        assert "{" not in one["meaning"] + one["unit"]


def test_the_catalogue_page_is_up_to_date(definitions: Definitions) -> None:
    page = Path(__file__).parents[3] / "docs" / "features-catalogue.md"
    assert page.read_text(encoding="utf-8") == markdown(definitions), "run: intent features list --markdown > docs/features-catalogue.md"
