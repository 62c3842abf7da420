"""The taxonomy: thirteen labels, and files that are wrong are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from intent.model.errors import TemplateError
from intent.model.taxonomy import Taxonomy, load_taxonomy
from intent.store.schema import INTENTS


def test_every_label_has_its_column_in_the_store(taxonomy: Taxonomy) -> None:
    assert taxonomy.names == INTENTS


def test_nine_labels_are_leads_and_two_stand_alone(taxonomy: Taxonomy) -> None:
    assert len(taxonomy.leads) == 9
    assert taxonomy.alone == {"spam", "chatter"}
    assert set(taxonomy.groups["lead"]) == taxonomy.leads


def test_labels_are_put_in_order_once(taxonomy: Taxonomy) -> None:
    assert taxonomy.in_order(["price_inquiry", "purchase_intent", "price_inquiry"]) == (
        "purchase_intent",
        "price_inquiry",
    )


def test_any_change_of_content_is_a_new_version_and_a_comment_is_not(
    taxonomy: Taxonomy, tmp_path: Path
) -> None:
    text = (
        Path("prompts/taxonomy.yaml").read_text(encoding="utf-8")
        if Path("prompts").is_dir()
        else ""
    )
    copy = tmp_path / "taxonomy.yaml"
    copy.write_text("# a comment\n" + text, encoding="utf-8")
    assert load_taxonomy(copy).version == taxonomy.version
    copy.write_text(text.replace("haggles", "bargains"), encoding="utf-8")
    assert load_taxonomy(copy).version != taxonomy.version


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("guideline: 2", "guideline: 2\ncolour: red"), "colour"),
        (("code: PR", "code: PU"), "code stands twice"),
        (("hot: [purchase_intent", "hot: [nothing"), "unknown labels: nothing"),
        (("missed_lead: 5.0", "missed_lead: -5"), "missed_lead"),
        (("labels:", "labels: ["), "is no YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    change: tuple[str, str], reason: str, tmp_path: Path
) -> None:
    copy = tmp_path / "taxonomy.yaml"
    copy.write_text(
        Path("prompts/taxonomy.yaml").read_text(encoding="utf-8").replace(*change), encoding="utf-8"
    )
    with pytest.raises(TemplateError, match=reason):
        load_taxonomy(copy)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"none\.yaml cannot be read"):
        load_taxonomy(tmp_path / "none.yaml")
