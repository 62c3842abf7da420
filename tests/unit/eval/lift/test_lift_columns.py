"""Every column of an intent has a twin that counts messages alone."""

from __future__ import annotations

import pytest

from eval.lift.lift_columns import intent_columns, lift_columns
from intent.features.definitions.definitions import Definitions


def test_a_set_is_divided_and_every_intent_has_its_twin(definitions: Definitions) -> None:
    names = ["user__lead__count_7d", "user__lead__expected_7d", "room__lead__variance_1h"]
    divided = lift_columns(definitions.choose("mine", names), definitions)
    assert [feature.name for feature in divided.intents] == names
    assert [feature.name for feature in divided.messages] == [
        "user__message__count_7d",
        "room__message__count_1h",
    ]


@pytest.mark.parametrize("name", ["ranking_v1", "ranking_v2", "ranking_v3"])
def test_every_entity_and_window_of_intents_is_counted_in_messages_too(
    definitions: Definitions, name: str
) -> None:
    divided = lift_columns(definitions.feature_set(name), definitions)
    counted = {(one.view, one.window) for one in divided.messages}
    alike = [one for one in divided.intents if one.statistic != "short_minus_long"]
    assert {(one.view, one.window) for one in alike} <= counted
    last = {one.view for one in alike if one.statistic == "seconds_since_last"}
    told = {one.view for one in divided.messages if one.statistic == "seconds_since_last"}
    assert last <= told


def test_a_rate_tells_how_many_messages_there_were_and_has_their_count_as_its_twin(
    definitions: Definitions,
) -> None:
    divided = lift_columns(definitions.choose("mine", ["room__lead__rate_24h"]), definitions)
    assert [feature.name for feature in divided.messages] == ["room__message__count_24h"]


def test_messages_of_the_set_stay_and_sequences_are_left_out(definitions: Definitions) -> None:
    names = ["user__message__coverage_7d", "user__lead__tags_7d", "room__hot__count_1h"]
    divided = lift_columns(definitions.choose("mine", names), definitions)
    assert divided.names == (
        "user__message__coverage_7d",
        "room__message__count_1h",
        "room__hot__count_1h",
    )


def test_columns_of_rows_are_told_by_their_names(definitions: Definitions) -> None:
    names = ["price", "user__message__count_7d", "user__lead__count_7d"]
    assert intent_columns(names, definitions) == ("user__lead__count_7d",)
