"""Serves features to ranking: sets pinned by their digest, as JSON or Arrow, and the shape that
clients of Feast ask in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictStr, model_validator
from pydantic_core import to_json
from starlette.responses import Response

from intent.bootstrap.application import Application
from intent.bootstrap.shards import feature_reader
from intent.features.definitions.status import Status
from intent.features.online.read import FeatureTable
from intent.model.principal import Scope
from intent.operations.online_features import ROWS_MOST, VALUES_MOST, OnlineFeatures
from intent.web.endpoint import Endpoint
from intent.web.problem import Problem
from intent.web.visit import Visit

ARROW = "application/vnd.apache.arrow.stream"

MOST = 4_194_304
"""Bytes of a body: ten thousand rows of long keys."""

_QUOTED = np.array([to_json(one.word) for one in Status], dtype=object)
_FEAST = np.array(["PRESENT", "PRESENT", "NOT_FOUND", "OUTSIDE_MAX_AGE", "NOT_FOUND"], dtype=object)
"""What Feast's server says for our statuses, in their order."""

_NEVER = "1970-01-01T00:00:00Z"

Keys = Annotated[list[StrictStr | None], Field(max_length=ROWS_MOST)]


class FeaturesAsked(BaseModel):
    """What is asked for: entities as columns, or as rows.

    Attributes:
        digest: the version of the set that the caller was built for; another one is refused.
        entities: columns of equal length, such as platform, user_id, room_id; a text alone stands
            for every row.
        at: as of this instant; now where it is missing.
        statuses: whether each value says why it is what it is.
    """

    model_config = ConfigDict(extra="forbid")

    feature_set: StrictStr
    digest: StrictStr | None = None
    entities: dict[str, StrictStr | Keys | None] | None = None
    rows: Annotated[list[dict[str, StrictStr | None]], Field(max_length=ROWS_MOST)] | None = None
    at: AwareDatetime | None = None
    statuses: bool = True

    @model_validator(mode="after")
    def _one_of_both(self) -> FeaturesAsked:
        if (self.entities is None) == (self.rows is None):
            raise ValueError("give either entities, as columns, or rows")
        return self


class FeastAsked(BaseModel):
    """What clients of Feast ask for: a feature service, which is a feature set, or features as
    ``set:feature``.
    """

    entities: dict[str, Keys]
    feature_service: StrictStr | None = None
    features: list[StrictStr] | None = None
    full_feature_names: bool = False


def read_features(visit: Visit, body: FeaturesAsked) -> Response:
    """Read features of thousands of entity rows, each value with its status."""
    features = _features_of(visit)
    chosen = features.feature_set(body.feature_set)
    if body.digest not in (None, chosen.version):
        raise Problem(
            409, "the feature set has another digest than the one asked for", digest=chosen.version
        )
    columns = body.entities if body.entities is not None else _columns(body.rows or [])
    table = visit.service.shards.whole(lambda: features.read(chosen, columns, body.at))
    if ARROW in visit.request.headers.get("accept", ""):
        return Response(_arrow(table), media_type=ARROW)
    return Response(_as_json(table, statuses=body.statuses), media_type="application/json")


def read_like_feast(visit: Visit, body: FeastAsked) -> Response:
    """Read features as clients of Feast ask for them, one vector a feature."""
    features = _features_of(visit)
    if body.feature_service is not None:
        chosen = features.feature_set(body.feature_service)
        homes: tuple[str, ...] = (chosen.name,) * len(chosen.features)
    else:
        picked = features.pick(body.features or [])
        chosen, homes = picked.chosen, picked.homes
    table = visit.service.shards.whole(lambda: features.read(chosen, body.entities))
    full = body.full_feature_names
    names = [
        f"{home}__{name}" if full else name for home, name in zip(homes, chosen.names, strict=True)
    ]
    return Response(
        to_json(_like_feast(table, body.entities, names), inf_nan_mode="null"),
        media_type="application/json",
    )


def online_features(app: Application) -> OnlineFeatures:
    """Return what reads features of all shards, built once a process."""
    return OnlineFeatures(feature_reader(app), app.definitions)


def _features_of(visit: Visit) -> OnlineFeatures:
    service = visit.service
    return service.shards.whole(lambda: service.shared(online_features))


def _columns(rows: list[dict[str, str | None]]) -> dict[str, list[str | None]]:
    names = dict.fromkeys(name for row in rows for name in row)
    if not rows:
        raise Problem(422, "there are no rows; for none, give entities with empty columns")
    return {name: [row.get(name) for row in rows] for name in names}


def _arrow(table: FeatureTable) -> bytes:
    try:
        from intent.features.online.arrow import arrow_stream
    except ImportError:
        raise Problem(
            406,
            "this server has no Arrow, it needs pip install 'lead-intent[offline]'; ask for JSON",
        ) from None
    return arrow_stream(table)


def _as_json(table: FeatureTable, *, statuses: bool) -> bytes:
    head = {
        "feature_set": table.feature_set.name,
        "digest": table.feature_set.version,
        "at": _instant(table.at),
        "rows": _count(table),
    }
    parts = [to_json(head)[:-1], b',"features":', _features(table)]
    if statuses:
        known: dict[bytes, bytes] = {}
        told = {}
        for name, status in table.statuses.items():
            # The features of one view mostly have the same statuses: they are written once.
            content = status.tobytes()
            if content not in known:
                known[content] = b"[%b]" % b",".join(_QUOTED[status].tolist())
            told[name] = known[content]
        parts += [b',"statuses":', _members(told)]
    return b"".join([*parts, b"}"])


def _features(table: FeatureTable) -> bytes:
    if _count(table) > 1:
        return _members({name: _values(column) for name, column in table.columns.items()})
    columns = {name: column.tolist() for name, column in table.columns.items()}
    return to_json(columns, inf_nan_mode="null")


def _members(values: dict[str, bytes]) -> bytes:
    written = (b"%b:%b" % (to_json(name), value) for name, value in values.items())
    return b"{%b}" % b",".join(written)


def _values(column: np.ndarray[Any, Any]) -> bytes:
    """Return a column as a JSON array; a number that stands in every row, as those of one user
    beside many candidates do, is written once.
    """
    if column.dtype == np.float64:
        bits = column.view(np.int64)
        if (bits == bits[0]).all():
            one = to_json(float(column[0]), inf_nan_mode="null")
            return b"[%b]" % b",".join([one] * len(column))
    return to_json(column.tolist(), inf_nan_mode="null")


def _like_feast(
    table: FeatureTable, entities: dict[str, list[str | None]], names: list[str]
) -> dict[str, Any]:
    count, at = _count(table), _instant(table.at)
    results = [
        {"values": keys, "statuses": ["PRESENT"] * count, "event_timestamps": [_NEVER] * count}
        for keys in entities.values()
    ]
    for column, status in zip(table.columns.values(), table.statuses.values(), strict=True):
        absent = np.array([value is None or value != value for value in column], dtype=bool)
        said = _FEAST[status]
        said[absent & (said == "PRESENT")] = "NULL_VALUE"
        known = said == "PRESENT"
        results.append(
            {
                "values": column.tolist(),
                "statuses": said.tolist(),
                "event_timestamps": np.where(known, at, _NEVER).tolist(),
            }
        )
    return {"metadata": {"feature_names": [*entities, *names]}, "results": results}


def _count(table: FeatureTable) -> int:
    return len(next(iter(table.columns.values()), ()))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_ERRORS = {
    413: f"the body is longer than {MOST:,} bytes",
    422: f"no such set, feature or column; over {ROWS_MOST:,} rows or {VALUES_MOST:,} values",
}

ROUTES = (
    Endpoint(
        "POST",
        "/v1/features:read",
        read_features,
        Scope.READ,
        errors={
            **_ERRORS,
            406: "Arrow is asked for and not installed here",
            409: "the set has another digest",
        },
        most=MOST,
    ),
    Endpoint(
        "POST", "/get-online-features", read_like_feast, Scope.READ, errors=_ERRORS, most=MOST
    ),
)
