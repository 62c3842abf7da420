"""The shape of every reply: one strict JSON schema, the same for every batch size, so that it stays
part of the cached prefix.
"""

from __future__ import annotations

from typing import Any

from intent.model.taxonomy import Taxonomy

NAME = "lead_intent_reply"


def reply_schema(taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the schema: label codes for every id, and slots in a list of their own, so that
    chatter costs nothing but its code.
    """
    return _object(
        labels=_list(
            _object(
                id={"type": "string"},
                **{
                    "is": _list(
                        {"type": "string", "enum": [label.code for label in taxonomy.labels]}
                    )
                },
            )
        ),
        slots=_list(
            _object(
                id={"type": "string"},
                kind={"type": "string", "enum": list(taxonomy.slots)},
                text={"type": "string"},
            )
        ),
    )


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
