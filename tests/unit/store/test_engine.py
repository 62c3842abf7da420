"""The engine: times, and what is said when something fails."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy

from intent.model.batch import Batch
from intent.queues.inbox import SqlInbox
from intent.store.engine import Database
from tests.conftest import MakeMessage


@pytest.mark.parametrize(
    "sent_at",
    [datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)],
)
@pytest.mark.parametrize("zone", ["Asia/Kuala_Lumpur", "America/Lima"])
def test_any_time_can_be_read_back_whatever_zone_the_server_is_in(
    postgres_url: str, make_message: MakeMessage, zone: str, sent_at: datetime
) -> None:
    from intent.bootstrap.application import migrations_dir
    from intent.store.migrate import migrate

    database = Database(postgres_url)
    with database.begin() as transaction:
        name = sqlalchemy.make_url(postgres_url).database
        transaction.exec_driver_sql(f"ALTER DATABASE {name} SET timezone = '{zone}'")
    database.close()
    migrate(database, migrations_dir())
    inbox = SqlInbox(database)
    inbox.put(Batch([make_message(sent_at=sent_at)]))
    assert [delivery.message.sent_at for delivery in inbox.take(10, 1000)] == [sent_at]
    database.close()


def test_a_failing_statement_never_shows_what_people_wrote(
    database: Database, make_message: MakeMessage
) -> None:
    row = {
        "platform": "p",
        "message_id": "m",
        "user_id": "u",
        "kind": "comment",
        "author_role": "viewer",
        "text": "secret",
        "sent_at": datetime.now(UTC),
    }
    from intent.store.schema import messages

    with pytest.raises(sqlalchemy.exc.IntegrityError) as failed, database.begin() as transaction:
        transaction.execute(messages.insert(), row)  # lacks its room
    assert "secret" not in str(failed.value).split("DETAIL")[0]
