"""Writes exported facts as a source that Feast reads: what was decided last of each entity, as far
as it was known then.

Of several rows Feast's join takes the one whose instant is the newest up to that of the asked row,
and an instant of a second kind, at which a row was created, only breaks ties. By when something was
said it would hand out revisions that came later. So its instant is when a fact was known.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from glob import escape
from pathlib import Path

import duckdb

from intent.features.definitions.definitions import Definitions
from intent.features.definitions.events import MEASURED_CODE, MESSAGE_CODE, Topics
from intent.features.offline.facts import require_facts
from intent.features.offline.history import MARGIN

FILE = "facts.parquet"
"""What facts are written to, below the repository."""

KNOWN = "known_timestamp"

ENTITIES = ("user", "creator", "room", "item")

_FACTS = """
COPY (
  SELECT {keys}, make_timestamp(event)::TIMESTAMPTZ AS event_timestamp,
    make_timestamp(known + {margin})::TIMESTAMPTZ AS {at}, {probabilities}
  FROM read_parquet('{facts}/date=*/*.parquet', hive_partitioning = false)
  WHERE author_role = 'viewer'
  ORDER BY known, id
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""

_COUNTS = f"(mask >> {MESSAGE_CODE}) & 1 = 1 AND (mask >> {MEASURED_CODE}) & 1 = 1"

_VIEW = """
{view} = FeatureView(
    name="{view}",
    entities=[{keys}],
    ttl=TIME_TO_LIVE,
    schema=[
{fields}
    ],
    source=FileSource(
        name="{view}",
        path={path},
        timestamp_field="{at}",
        field_mapping={names},
    ),
)
"""


def fact_keys(definitions: Definitions) -> list[str]:
    """Return the keys of all entities that facts are joined by."""
    return list(dict.fromkeys(key for name in ENTITIES for key in definitions.views[name].keys))


def write_feast_facts(folder: Path, facts: Path, definitions: Definitions) -> str:
    """Write what viewers said as one file, and return the code of its entities' views.

    A fact may be used from five seconds after it was stored on, as in rows that are built. What was
    taken back has no probability any more.

    Args:
        facts: folder of ``intent features export``.

    Raises:
        OperatorError: it holds no facts.
    """
    topics, keys = Topics(definitions.groups), fact_keys(definitions)
    columns = [f"p_{topic}" for topic in topics.measured]
    require_facts(facts, ["id", *keys, "author_role", "event", "known", "mask", *columns])
    said = ", ".join(f"CASE WHEN {_COUNTS} THEN {one} / 1e6 END AS {one}" for one in columns)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            _FACTS.format(
                keys=", ".join(keys),
                margin=MARGIN,
                at=KNOWN,
                probabilities=said,
                facts=_quoted(escape(str(facts))),
                out=_quoted(str(folder / FILE)),
            )
        )
    views = [_view(name, folder, topics.measured, definitions) for name in ENTITIES]
    named = ", ".join(facts_view(name) for name in ENTITIES)
    return "".join([*views, f'\nfacts = FeatureService(name="facts", features=[{named}])\n'])


def _view(entity: str, folder: Path, topics: Sequence[str], definitions: Definitions) -> str:
    names = {f"p_{topic}": f"{entity}__{topic}__last_probability" for topic in topics}
    return _VIEW.format(
        view=facts_view(entity),
        keys=", ".join(definitions.views[entity].keys),
        fields="\n".join(
            f'        Field(name="{name}", dtype=Float64),' for name in names.values()
        ),
        path=json.dumps(str((folder / FILE).resolve())),
        at=KNOWN,
        names=json.dumps(names),
    )


def facts_view(entity: str) -> str:
    """Return the name of an entity's view over facts."""
    return f"{entity}_facts"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
