"""Entities as a person types them."""

from __future__ import annotations

import pytest

from intent.cli.features import parse_key
from intent.features.definitions.definitions import Definitions, load_definitions
from intent.model.errors import WrongUse
from intent.model.taxonomy import Taxonomy


@pytest.fixture
def definitions(taxonomy: Taxonomy) -> Definitions:
    return load_definitions(taxonomy.names, taxonomy.members)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("user=tiktok:a,b%2C", {"user_id": "a,b%2C"}),  # there is nothing to divide
        ("room=tiktok:live:1", {"room_id": "live:1"}),
        ("user_creator=tiktok:a,c", {"user_id": "a", "creator_id": "c"}),
        ("user_creator=tiktok:a%2Cb,c%252c", {"user_id": "a,b", "creator_id": "c%2c"}),
    ],
)
def test_an_id_is_read_as_it_stands_and_a_comma_in_a_pair_is_escaped(
    definitions: Definitions, text: str, ids: dict[str, str]
) -> None:
    entity, parts = parse_key(text, definitions)
    assert (entity, parts) == (text.partition("=")[0], {"platform": "tiktok", **ids})


@pytest.mark.parametrize(
    "text",
    ["user_creator=tiktok:a,b,c", "user_creator=tiktok:100%,c", "user_creator=tiktok:a%2Fb,c"],
)
def test_a_pair_that_can_be_read_in_two_ways_is_refused(
    definitions: Definitions, text: str
) -> None:
    with pytest.raises(WrongUse, match="in a pair write a comma of an id as %2C, and % as %25"):
        parse_key(text, definitions)


@pytest.mark.parametrize(
    "text",
    [
        "somebody",
        "user=tiktok:",
        "user_creator=tiktok:a",
        "user_creator=tiktok:a,",
        "user_shop=tiktok:a,b",
    ],
)
def test_what_names_no_entity_is_refused_with_the_form(definitions: Definitions, text: str) -> None:
    with pytest.raises(WrongUse, match=r"is no entity; write user\|creator"):
        parse_key(text, definitions)
