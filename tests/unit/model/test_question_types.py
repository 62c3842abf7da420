"""The question types that ship belong to the taxonomy, and a contradictory file is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from intent.bootstrap.resources import locate
from intent.model.errors import TemplateError
from intent.model.question_types import NONE, OTHER, load_question_types
from intent.model.taxonomy import load_taxonomy


def test_every_type_that_ships_stands_under_labels_of_the_taxonomy() -> None:
    types = load_question_types(locate("prompts") / "questions.yaml")
    taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
    assert types.taxonomy == taxonomy.name
    assert {label for labels in types.under.values() for label in labels} <= set(taxonomy.names)
    assert {OTHER, NONE} <= set(types.names)


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ("[{name: other, under: [chatter], meaning: m}]", "none"),
        (
            "[{name: other, under: [a], meaning: m}, {name: none, under: [a], meaning: m},"
            " {name: none, under: [a], meaning: m}]",
            "twice",
        ),
        ("[{name: other, under: [], meaning: m}]", "under"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_with_the_reason(
    tmp_path: Path, types: str, reason: str
) -> None:
    path = tmp_path / "questions.yaml"
    path.write_text(f"name: questions\ntaxonomy: lead_intent\ntypes: {types}\n", encoding="utf-8")
    with pytest.raises(TemplateError, match=reason):
        load_question_types(path)
