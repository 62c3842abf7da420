"""After an upgrade everything balances, features included."""

from __future__ import annotations

import pytest

from intent.bootstrap.application import migrations_dir
from intent.operations.migrate import migrate
from tests.conftest import MakeMessage
from tests.integration.conftest import House


@pytest.mark.parametrize("version", ["0002", "0003", "0017"])
def test_an_upgrade_counts_anew_what_its_migrations_need(
    house: House, make_message: MakeMessage, version: str
) -> None:
    house.work(*(make_message(user_id=f"u-{n % 3}") for n in range(7)), unsure=False)
    down = migrate(house.database, migrations_dir(), version, features=house.features)
    assert down.recounted is None
    up = migrate(house.database, migrations_dir(), features=house.features)
    assert (up.before, up.recounted) == (version, 7)
    assert house.holds()


def test_an_upgrade_that_needs_no_count_does_not_count(
    house: House, make_message: MakeMessage
) -> None:
    house.work(make_message(), unsure=False)
    for version in ("0018", "head"):
        migrate(house.database, migrations_dir(), version, features=house.features)
        again = migrate(house.database, migrations_dir(), features=house.features)
        assert again.recounted is None
    assert house.holds()
