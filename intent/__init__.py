"""Finds the few live-stream messages that say *I would buy, book, be called back*.

The way of the data::

    sources ──Batch──▶ inbox ──Delivery──▶ worker ──▶ decide: cache → local model ──Decision──┐
                                             │                                                ▼
                                             └─ unsure? ──▶ ask lane ──▶ asker ──▶ LLM ──▶ store
                                                                                              │
                                                        ranking ◀── features: online, offline ┘

Every message gets a calibrated local decision at once. What the local model is unsure of waits in
the ask lane, and the answer becomes a newer revision of the decision. ``intent/ports/`` shows every
seam in four short files; ``intent/flow/`` holds the three loops that move the data.

A program imports what it needs from here: :data:`PUBLIC` lists it, and nothing else is promised to
stay where it is. Each name is read from its home when it is first asked for, so that importing this
package costs nothing. It is typed (``py.typed``)::

    import intent

    app = intent.open_application()  # settings from INTENT_… variables
    classifier = intent.build_classifier(app)
    (decision,) = classifier.classify([intent.parse_message(payload)])
    for lead in intent.find_leads(app.database, app.taxonomy, limit=10):
        print(lead.labels, lead.user_id)
    reader = intent.FeatureReader(app.database, app.definitions)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
"""The one place of the version; the package's metadata takes it from here."""

PUBLIC = {
    # What is said, and what is decided about it
    "AuthorRole": "intent.model.message",
    "Context": "intent.model.message",
    "Kind": "intent.model.message",
    "Message": "intent.model.message",
    "Reply": "intent.model.message",
    "parse_message": "intent.model.message",
    "DecidedBy": "intent.model.decision",
    "Decision": "intent.model.decision",
    "Entry": "intent.model.decision",
    "Slot": "intent.model.decision",
    "Versions": "intent.model.decision",
    "Taxonomy": "intent.model.taxonomy",
    # What can go wrong: who catches IntentError catches all of it
    "IntentError": "intent.model.errors",
    "Later": "intent.model.errors",
    "Malformed": "intent.model.errors",
    "OperatorError": "intent.model.errors",
    "WrongUse": "intent.model.errors",
    # The service
    "Access": "intent.store.access",
    "Application": "intent.bootstrap.application",
    "Settings": "intent.bootstrap.settings",
    "build_classifier": "intent.bootstrap.deciding",
    "load_settings": "intent.bootstrap.settings",
    "open_application": "intent.bootstrap.application",
    "Classifier": "intent.ports.deciding",
    # What is kept
    "ShelfFilter": "intent.store.lead_shelf",
    "ShelvedLead": "intent.store.lead_shelf",
    "SqlDecisions": "intent.store.decisions",
    "find_leads": "intent.operations.leads",
    # Features, online
    "Definitions": "intent.features.definitions.definitions",
    "FeatureReader": "intent.features.online.read",
    "FeatureTable": "intent.features.online.read",
    "Status": "intent.features.definitions.status",
    "Topics": "intent.features.definitions.events",
    # Features, offline: lead-intent[offline] or [spark]
    "DuckEngine": "intent.features.offline.duck",
    "SparkEngine": "intent.features.offline.spark",
    "build": "intent.features.offline.build",
    "export_facts": "intent.features.offline.facts",
    "group_sizes": "intent.features.offline.model_input",
    "matrix": "intent.features.offline.model_input",
    "parse_history": "intent.features.offline.history",
    "parse_label": "intent.features.offline.labels",
}
"""What a program may import, and where it lives."""

if TYPE_CHECKING:
    from intent.bootstrap.application import (
        Application as Application,
        open_application as open_application,
    )
    from intent.bootstrap.deciding import build_classifier as build_classifier
    from intent.bootstrap.settings import (
        Settings as Settings,
        load_settings as load_settings,
    )
    from intent.features.definitions.definitions import Definitions as Definitions
    from intent.features.definitions.events import Topics as Topics
    from intent.features.definitions.status import Status as Status
    from intent.features.offline.build import build as build
    from intent.features.offline.duck import DuckEngine as DuckEngine
    from intent.features.offline.facts import export_facts as export_facts
    from intent.features.offline.history import parse_history as parse_history
    from intent.features.offline.labels import parse_label as parse_label
    from intent.features.offline.model_input import (
        group_sizes as group_sizes,
        matrix as matrix,
    )
    from intent.features.offline.spark import SparkEngine as SparkEngine
    from intent.features.online.read import (
        FeatureReader as FeatureReader,
        FeatureTable as FeatureTable,
    )
    from intent.model.decision import (
        DecidedBy as DecidedBy,
        Decision as Decision,
        Entry as Entry,
        Slot as Slot,
        Versions as Versions,
    )
    from intent.model.errors import (
        IntentError as IntentError,
        Later as Later,
        Malformed as Malformed,
        OperatorError as OperatorError,
        WrongUse as WrongUse,
    )
    from intent.model.message import (
        AuthorRole as AuthorRole,
        Context as Context,
        Kind as Kind,
        Message as Message,
        Reply as Reply,
        parse_message as parse_message,
    )
    from intent.model.taxonomy import Taxonomy as Taxonomy
    from intent.operations.leads import find_leads as find_leads
    from intent.ports.deciding import Classifier as Classifier
    from intent.store.access import Access as Access
    from intent.store.decisions import SqlDecisions as SqlDecisions
    from intent.store.lead_shelf import (
        ShelfFilter as ShelfFilter,
        ShelvedLead as ShelvedLead,
    )


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'intent' has no attribute {name!r}")
    found = getattr(importlib.import_module(PUBLIC[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
