"""A dump of PostgreSQL that was made while others wrote comes back whole, and without whom was
forgotten.
"""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

from intent.bootstrap.application import Application, migrations_dir
from intent.bootstrap.erasing import forget_all_again, forget_subject
from intent.bootstrap.settings import SecretStr, Settings
from intent.model.batch import Batch
from intent.model.data_subject import DataSubject, SubjectKind
from intent.operations.audit import Audit, audit
from intent.store.access import Access
from intent.store.engine import Database
from intent.store.migrate import migrate
from tests.conftest import MakeMessage, rows
from tests.postgres import BIN, PostgresServer

ANN = DataSubject(SubjectKind.USER, "tiktok", "ann")


def opened(url: str, key: Path) -> Application:
    return Application(Settings(database_url=SecretStr(url), key_file=key), access=Access.WRITE)


def recounted(app: Application) -> Audit:
    return audit(app.database, app.taxonomy.members, vault=app.vault)


def pg(program: str, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    subprocess.run([BIN / program, *arguments], env=environment, check=True, capture_output=True)


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def test_a_dump_under_load_holds_the_audit_and_forgets_again(
    postgres: PostgresServer, postgres_url: str, make_message: MakeMessage, tmp_path: Path
) -> None:
    key, stop, wrote = tmp_path / "key", threading.Event(), threading.Event()
    migrate(Database(postgres_url), migrations_dir())
    app = opened(postgres_url, key)
    app.inbox.put(Batch([make_message("wa 0812-3456-7890", user_id="ann")]))

    def write() -> None:
        while not stop.is_set():
            app.inbox.put(Batch([make_message("wa 0813-9999-1111", user_id="bob")]))
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert wrote.wait(60)
        dump = ("--format=custom", "--exclude-table-data=vault_keys", f"--file={tmp_path / 'all'}")
        pg("pg_dump", *dump, plain(postgres_url))
    finally:
        stop.set()
        writer.join()
    forget_subject(app, ANN, stop=threading.Event(), anyway=False)
    keys = ("--format=custom", "--data-only", "--table=vault_keys", f"--file={tmp_path / 'keys'}")
    pg("pg_dump", *keys, plain(postgres_url))

    target = postgres.fresh_database()
    for name in ("all", "keys"):
        pg("pg_restore", "--no-owner", f"--dbname={plain(target)}", str(tmp_path / name))
    back = opened(target, key)
    assert recounted(back).holds
    assert {row["user_id"] for row in rows(back.database, "messages")} == {"ann", "bob"}
    with back.database.read() as connection:
        said = [(row["platform"], row["message_id"]) for row in rows(back.database, "messages")]
        readable = {one.text for kept in back.vault.kept(connection, said).values() for one in kept}
    assert readable == {"0813-9999-1111"}

    assert forget_all_again(back, stop=threading.Event()).messages == 1
    assert {row["user_id"] for row in rows(back.database, "messages")} == {"bob"}
    assert recounted(back).holds
