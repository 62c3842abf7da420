"""Writes a repository that Feast loads: entities, sources over built rows and over exported facts,
views of each entity, and a service for the feature set and one for the facts.

Feast needs packages that ours do not go with, so nothing here imports it: what is written is its
configuration. A row of a built file holds the features of its keys as they were known at its
event_timestamp, which is what a batch source of Feast is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from intent.features.definitions.catalogue import entry
from intent.features.definitions.definitions import Definitions, FeatureSet
from intent.features.offline.feast_facts import ENTITIES, fact_keys, facts_view, write_feast_facts
from intent.features.offline.spine import AT
from intent.model.errors import OperatorError

KINDS = {"tags": "String"}
LISTS = "sequence_50"
"""A list of records, which Feast has no type for."""

_STORE = """# Written by intent features feast.
project: lead_intent
provider: local
registry: registry.db
online_store:
  type: sqlite
  path: online.db
entity_key_serialization_version: 3
"""

_HEAD = '''"""Features of lead-intent for Feast, written by intent features feast.

Feature set {name}, digest {digest}.
"""

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource
from feast.types import Float64, String
from feast.value_type import ValueType

TIME_TO_LIVE = timedelta(seconds={seconds})
TAGS = {tags}

rows = FileSource(name="rows", path={path}, timestamp_field="{at}")
'''


def write_feast_repository(
    folder: Path,
    rows: Path,
    feature_set: FeatureSet,
    definitions: Definitions,
    facts: Path | None = None,
) -> list[str]:
    """Write ``feature_store.yaml``, ``features.py`` and, of facts, ``facts.parquet``; return the
    names of the views.

    Args:
        rows: a file that ``intent features build`` has written with this set, or a folder by date.
        facts: a folder that ``intent features export`` has written.

    Raises:
        OperatorError: the rows lack a column, there are no facts, or the folder holds another
            repository.
    """
    _require_columns(rows, feature_set, definitions)
    folder.mkdir(parents=True, exist_ok=True)
    held = folder / "features.py"
    if held.exists() and "written by intent features feast" not in held.read_text("utf-8"):
        raise OperatorError(f"{held} was not written by this verb; name another folder")
    (folder / "feature_store.yaml").write_text(_STORE, encoding="utf-8")
    views = [_view_name(view) for view in feature_set.views]
    more, keys = "", _keys(feature_set, definitions)
    if facts is not None:
        more = write_feast_facts(folder, facts, definitions)
        views += [facts_view(name) for name in ENTITIES]
        keys = list(dict.fromkeys([*keys, *fact_keys(definitions)]))
    code = _code(rows, feature_set, definitions, keys) + more
    held.write_text(code, encoding="utf-8")
    return views


def _code(
    rows: Path, feature_set: FeatureSet, definitions: Definitions, keys: Sequence[str]
) -> str:
    parts = [
        _HEAD.format(
            name=feature_set.name,
            digest=feature_set.version,
            seconds=definitions.time_to_live // 1_000_000,
            tags=json.dumps({"feature_set": feature_set.name, "digest": feature_set.version}),
            path=json.dumps(str(rows.resolve())),
            at=AT,
        )
    ]
    parts += [
        f'{key} = Entity(name="{key}", join_keys=["{key}"], value_type=ValueType.STRING)'
        for key in keys
    ]
    parts += [_view(view, feature_set, definitions) for view in feature_set.views]
    views = ", ".join(_view_name(view) for view in feature_set.views)
    parts.append(
        f'\nservice = FeatureService(name="{feature_set.name}", features=[{views}], tags=TAGS)'
    )
    return "\n".join(parts) + "\n"


def _view(view: str, feature_set: FeatureSet, definitions: Definitions) -> str:
    name = _view_name(view)
    lines = [f"\n{name} = FeatureView(", f'    name="{name}",']
    lines.append(f"    entities=[{', '.join(definitions.views[view].keys)}],")
    lines += ["    ttl=TIME_TO_LIVE,", "    schema=["]
    for feature in feature_set.features:
        if feature.view == view and feature.statistic != LISTS:
            kind = KINDS.get(feature.statistic, "Float64")
            meaning = json.dumps(entry(definitions, feature)["meaning"])
            lines.append(
                f'        Field(name="{feature.name}", dtype={kind}, description={meaning}),'
            )
    return "\n".join([*lines, "    ],", "    source=rows,", "    tags=TAGS,", ")"])


def _view_name(view: str) -> str:
    return f"{view}_features"


def _keys(feature_set: FeatureSet, definitions: Definitions) -> list[str]:
    return list(
        dict.fromkeys(k for view in feature_set.views for k in definitions.views[view].keys)
    )


def _require_columns(rows: Path, feature_set: FeatureSet, definitions: Definitions) -> None:
    try:
        file = min(rows.glob("date=*/*.parquet")) if rows.is_dir() else rows
        names = set(pq.read_schema(file).names)
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise OperatorError(f"{rows} cannot be read as Parquet: {error}") from error
    wanted = [AT, *_keys(feature_set, definitions), *feature_set.names]
    if missing := [name for name in wanted if name not in names]:
        raise OperatorError(
            f"{rows} has no column {missing[0]}; build it with: intent features build --set "
            f"{feature_set.name}"
        )
