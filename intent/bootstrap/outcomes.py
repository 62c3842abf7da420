"""Builds what outcomes are written and linked with: the recorder, and keys of contact details."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from intent.bootstrap.application import Application
from intent.bootstrap.keyfile import load_keys

if TYPE_CHECKING:
    from intent.operations.spoken_phones import SpokenPhones
    from intent.outcomes.contact_keys import ContactKeys
    from intent.outcomes.recording import OutcomeRecorder


def outcome_recorder(app: Application) -> OutcomeRecorder:
    """Return what writes outcomes, but for those of people who were erased."""
    from intent.outcomes.recording import OutcomeRecorder

    return OutcomeRecorder(app.tombstones)


def contact_keys(app: Application) -> ContactKeys:
    """Return what makes keys of contact details; the key file is made where there is none."""
    from intent.outcomes.contact_keys import ContactKeys

    def load() -> bytes:
        with app.database.read() as connection:
            fresh = app.tombstones.none(connection)
        return load_keys(app.settings, app.database, make=fresh).tombstones

    return ContactKeys(load)


def spoken_phones(app: Application, regions: Sequence[str]) -> SpokenPhones:
    """Return what reads keys of phone numbers from messages."""
    from intent.operations.spoken_phones import SpokenPhones

    return SpokenPhones(app.vault, contact_keys(app), regions)
