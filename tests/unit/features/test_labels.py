"""What may be written as a label."""

from __future__ import annotations

import pytest

from intent.bootstrap.resources import locate
from intent.features.definitions.definitions import load_definitions
from intent.features.offline.labels import TrainingLabel, parse_label
from intent.model.errors import OperatorError
from intent.model.taxonomy import load_taxonomy

taxonomy = load_taxonomy(locate("prompts") / "taxonomy.yaml")
definitions = load_definitions(taxonomy.names, taxonomy.members)


def test_a_label_counts_forward_for_its_window() -> None:
    assert parse_label("bought=user:purchase_intent:2h", definitions) == TrainingLabel(
        "bought", "user", "purchase_intent", 7200
    )


@pytest.mark.parametrize("window", ["0h", "36501d", "999999999d"])
def test_a_window_of_no_time_or_of_more_than_a_hundred_years_is_refused(window: str) -> None:
    with pytest.raises(OperatorError, match="its window must be longer than none"):
        parse_label(f"l=user:message:{window}", definitions)


def test_conversions_are_not_counted_by_category_of_which_shops_say_nothing() -> None:
    parse_label("asked=user_category:lead:2h", definitions)
    with pytest.raises(OperatorError, match="by category, of which shops say nothing"):
        parse_label("ordered=user_category:conversion:order:2h", definitions)


@pytest.mark.parametrize(
    "text",
    [
        "l",
        "l=user:message",
        "l=nobody:message:1h",
        "l=user:nothing:1h",
        "l=user:message:²h",
        "l=user:message:٣h",
    ],
)
def test_another_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(OperatorError, match="is no label; write"):
        parse_label(text, definitions)
