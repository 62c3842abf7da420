"""Features over HTTP are those of the library, row by row, and whatever is wrong with a request is
said.
"""

from __future__ import annotations

import builtins
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from intent.features.online.read import FeatureTable
from intent.features.online.state import SqlFeatureState
from intent.model.taxonomy import Taxonomy
from intent.operations.online_features import ROWS_MOST, VALUES_MOST, OnlineFeatures
from intent.store.times import from_microseconds
from intent.web.api.features import ARROW, _as_json, online_features
from intent.web.entrance import Entrance
from tests.serving import Served
from tests.unit.features.history import DAY, HOUR, NOW, Said, Verdict, World

SURE = Verdict(("price_inquiry", "purchase_intent"), (0,) * 13, 900_000, True, False)
SPOKEN = [
    Said(NOW - HOUR // 2, "1", "23", "r1", "i1"),
    Said(NOW - HOUR // 4, "1", "23", "r1", None),
    Said(NOW - 40 * DAY, "old", "23", "r9", "i9"),
]
ROWS: dict[str, list[Any]] = {
    "platform": ["tiktok"] * 4,
    "user_id": ["1", "nobody", "old", "1"],
    "creator_id": ["23", "nobody", "23", None],
    "room_id": ["r1", "nobody", "r9", "r1"],
    "item_id": ["i1", "nobody", "i9", "⟨script⟩' OR 1=1 --"],
}
AT = from_microseconds(NOW).isoformat()


@pytest.fixture
def client(served, taxonomy: Taxonomy) -> Served:
    """A server on a database in which a few people have said something."""
    found: Served = served()
    app = found.service.app
    World(app.database, SqlFeatureState(taxonomy.members), taxonomy).play(
        [[("decide", said, SURE) for said in SPOKEN]]
    )
    return found


def library(client: Served, name: str = "ranking_v1") -> FeatureTable:
    features: OnlineFeatures = client.service.shared(online_features)
    return features.read(features.feature_set(name), ROWS, from_microseconds(NOW))


def ask(client: Served, path: str = "/v1/features:read", accept: str = "*/*", **body: Any) -> Any:
    return client.post(path, json=body, headers={"accept": accept})


def same(told: list[Any], read: Any) -> bool:
    return all(
        one is None if isinstance(other, float) and math.isnan(other) else one == other
        for one, other in zip(told, read.tolist(), strict=True)
    )


@pytest.mark.parametrize("name", ["ranking_v1", "sequences_v1"])
def test_json_holds_what_the_library_reads_row_by_row(client, name) -> None:
    table = library(client, name)
    answer = ask(client, feature_set=name, entities=ROWS, at=AT)
    assert answer.status_code == 200, answer.text
    told = json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert (told["feature_set"], told["digest"]) == (name, table.feature_set.version)
    assert told["rows"] == 4
    assert list(told["features"]) == list(table.feature_set.names)
    for feature, column in table.columns.items():
        read = json.loads(
            json.dumps(
                [list(map(list, one)) if isinstance(one, list) else one for one in column.tolist()]
            )
        )
        assert told["features"][feature] == [None if one != one else one for one in read]
    words = {word for statuses in told["statuses"].values() for word in statuses}
    assert words >= {"present", "never_seen", "expired"}


def test_missing_zero_and_expired_differ(client) -> None:
    told = ask(client, feature_set="ranking_v1", entities=ROWS, at=AT).json()
    values, statuses = (told[part]["user__lead__count_7d"] for part in ("features", "statuses"))
    assert values == [2.0, None, None, 2.0]
    assert statuses == ["present", "never_seen", "expired", "present"]
    zero = "room__message__share_llm_24h"
    assert (told["features"][zero][0], told["statuses"][zero][0]) == (0.0, "zero")
    assert told["statuses"]["creator__lead__count_7d"][3] == "never_seen"


def test_rows_are_as_columns_and_one_key_stands_for_every_row(client) -> None:
    columns = ask(client, feature_set="ranking_v1", entities=ROWS, at=AT).json()
    rows = [{name: held[place] for name, held in ROWS.items()} for place in range(4)]
    assert ask(client, feature_set="ranking_v1", rows=rows, at=AT).json() == columns
    one = {**ROWS, "platform": "tiktok"}
    assert ask(client, feature_set="ranking_v1", entities=one, at=AT).json() == columns
    less = ask(client, feature_set="ranking_v1", entities=ROWS, at=AT, statuses=False).json()
    assert "statuses" not in less
    assert less["features"] == columns["features"]


def test_arrow_holds_the_same_values_with_set_and_version(client) -> None:
    table = library(client)
    answer = ask(client, accept=ARROW, feature_set="ranking_v1", entities=ROWS, at=AT)
    assert answer.headers["content-type"] == ARROW
    arrow = pa.ipc.open_stream(answer.content).read_all()
    assert arrow.schema.metadata[b"version"].decode() == table.feature_set.version
    for name, column in table.columns.items():
        np.testing.assert_array_equal(arrow[name].to_numpy(), column)
    assert arrow["user__lead__count_7d__status"].to_pylist()[2] == "expired"


def test_where_arrow_is_not_installed_that_is_said_and_json_works(client, monkeypatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "intent.features.online.arrow":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    answer = ask(client, accept=ARROW, feature_set="ranking_v1", entities=ROWS)
    assert answer.status_code == 406
    assert "lead-intent[offline]" in answer.json()["detail"]
    assert ask(client, feature_set="ranking_v1", entities=ROWS).status_code == 200


def test_another_digest_than_the_pinned_one_is_a_conflict(client) -> None:
    version = library(client).feature_set.version
    right = ask(client, feature_set="ranking_v1", digest=version, entities=ROWS)
    assert right.status_code == 200
    wrong = ask(client, feature_set="ranking_v1", digest="0" * 12, entities=ROWS)
    assert (wrong.status_code, wrong.json()["digest"]) == (409, version)


def test_no_rows_are_an_empty_answer(client) -> None:
    empty = {name: [] for name in ROWS}
    told = ask(client, feature_set="ranking_v1", entities=empty).json()
    assert told["rows"] == 0
    assert set(map(len, told["features"].values())) == {0}
    feast = ask(client, "/get-online-features", feature_service="ranking_v1", entities=empty)
    assert feast.json()["results"][0]["values"] == []


ENTITIES = {"entities": ROWS}


@pytest.mark.parametrize(
    "body",
    [
        {"feature_set": "<b>none</b>", **ENTITIES},
        {"feature_set": "ranking_v1"},
        {"feature_set": "ranking_v1", **ENTITIES, "rows": [{"platform": "x"}]},
        {"feature_set": "ranking_v1", "rows": []},
        {"feature_set": "ranking_v1", "entities": {}},
        {"feature_set": "ranking_v1", "entities": {"platform": ["tiktok"]}},
        {"feature_set": "ranking_v1", "entities": {**ROWS, "user": ["secret"] * 4}},
        {"feature_set": "ranking_v1", "entities": {**ROWS, "user_id": ["1"]}},
        {"feature_set": "ranking_v1", "entities": {**ROWS, "user_id": [1, 2, 3, 4]}},
        {"feature_set": "ranking_v1", "entities": {**ROWS, "user_id": [10**400, "2", "3", "4"]}},
        {"feature_set": "ranking_v1", "entities": {**ROWS, "user_id": [1.5, "2", "3", "4"]}},
        {"feature_set": "ranking_v1", "entities": {**ROWS, "user_id": [True, "2", "3", "4"]}},
        {"feature_set": "ranking_v1", "entities": {**ROWS, "user_id": [["1"], "2", "3", "4"]}},
        {"feature_set": "ranking_v1", "entities": {**ROWS, "user_id": ["a\0b", "2", "3", "4"]}},
        {"feature_set": "ranking_v1", **ENTITIES, "at": "2026-11-20T12:00:00"},
        {"feature_set": "ranking_v1", **ENTITIES, "at": "0001-01-01T00:00:00Z"},
        {"feature_set": "ranking_v1", **ENTITIES, "more": 1},
        {"feature_set": 5, **ENTITIES},
        [],
    ],
)
def test_what_is_wrong_with_a_request_is_said_and_nothing_of_it_repeated(client, body) -> None:
    answer = client.post("/v1/features:read", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    for sent in ("<b>", "secret", "a\0b", "000000000000000000"):
        assert sent not in answer.text


def test_numbers_that_are_none_and_halves_of_characters_are_refused(client) -> None:
    for text in ('["a", NaN]', '["\\ud800"]', "[Infinity]", "[1e999]"):
        body = f'{{"feature_set": "ranking_v1", "entities": {{"platform": {text}}}}}'
        headers = {"content-type": "application/json"}
        assert client.post("/v1/features:read", content=body, headers=headers).status_code == 422


def test_too_many_rows_or_values_are_asked_for_in_parts(client) -> None:
    many = {name: ["x"] * (ROWS_MOST + 1) for name in ROWS}
    assert ask(client, feature_set="ranking_v1", entities=many).status_code == 422
    features: OnlineFeatures = client.service.shared(online_features)
    wide = features.feature_set("ranking_v1")
    assert ROWS_MOST * len(wide.features) <= VALUES_MOST
    long = ask(client, feature_set="ranking_v1", entities={"platform": ["x" * 5_000_000]})
    assert long.status_code == 413


def feast(client: Served, **body: Any) -> Any:
    return ask(client, "/get-online-features", **body)


def test_clients_of_feast_get_one_vector_a_feature_behind_the_keys(client) -> None:
    references = ["ranking_v1:user__lead__count_30d", "ranking_v1:room__message__count_1h"]
    entities = {
        "platform": ["tiktok", "tiktok"],
        "user_id": ["nobody", "old"],
        "room_id": ["r1", "r9"],
    }
    told = feast(client, features=references, entities=entities).json()
    names = ["platform", "user_id", "room_id", "user__lead__count_30d", "room__message__count_1h"]
    assert told["metadata"] == {"feature_names": names}
    assert [set(one) for one in told["results"]] == [{"values", "statuses", "event_timestamps"}] * 5
    assert told["results"][1]["values"] == ["nobody", "old"]
    assert told["results"][1]["event_timestamps"] == ["1970-01-01T00:00:00Z"] * 2
    assert told["results"][3]["values"] == [None, None]
    # Nobody was ever seen, and what the old one said is 40 days before an instant of the past.
    assert told["results"][3]["statuses"][0] == "NOT_FOUND"
    assert told["results"][3]["event_timestamps"][0] == "1970-01-01T00:00:00Z"
    full = feast(client, features=references, entities=entities, full_feature_names=True).json()
    assert full["metadata"]["feature_names"][3] == "ranking_v1__user__lead__count_30d"


def test_a_feature_service_is_a_feature_set_and_its_values_are_the_librarys(
    client, monkeypatch
) -> None:
    table = library(client)
    features: OnlineFeatures = client.service.shared(online_features)
    read = features.read
    monkeypatch.setattr(features, "read", lambda of, rows, at=None: read(of, rows, table.at))
    told = feast(client, feature_service="ranking_v1", entities=ROWS).json()
    assert told["metadata"]["feature_names"] == [*ROWS, *table.feature_set.names]
    for result, column in zip(told["results"][len(ROWS) :], table.columns.values(), strict=True):
        assert same(result["values"], column)
    words = {word for result in told["results"] for word in result["statuses"]}
    assert words == {"PRESENT", "NOT_FOUND", "OUTSIDE_MAX_AGE"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"features": []},
        {"features": ["user__lead__count_30d"]},
        {"features": ["ranking_v1:user__lead__count_99d"]},
        {"features": ["none:user__lead__count_30d"]},
        {"features": ["ranking_v1:user__lead__count_30d"] * 2},
        {"feature_service": "none"},
        {"feature_service": "ranking_v1", "entities": {"user_id": [1001]}},
    ],
)
def test_what_clients_of_feast_ask_wrongly_is_said(client, body) -> None:
    answer = feast(client, **{"entities": ROWS, **body})
    assert answer.status_code == 422, answer.text


def test_who_may_not_read_gets_no_features(served) -> None:
    closed = served(entrance=Entrance(False))
    for path in ("/v1/features:read", "/get-online-features"):
        assert ask(closed, path, feature_set="ranking_v1", entities=ROWS).status_code == 401


@pytest.mark.parametrize("count", [1, 3])
def test_a_number_that_stands_in_every_row_is_written_as_every_other(client, count) -> None:
    constant, differing = np.full(count, 0.1), np.array([0.5, np.nan, -0.0])[:count]
    columns = {"same": constant, "none": np.full(count, np.nan), "differing": differing}
    told = json.loads(
        _as_json(replace(library(client), columns=columns, statuses={}), statuses=True)
    )
    assert told["features"] == {
        "same": [0.1] * count,
        "none": [None] * count,
        "differing": [0.5, None, 0.0][:count],
    }
