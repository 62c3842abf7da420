"""One ``Application`` a process: settings, taxonomy, definitions and database, each read once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from intent.bootstrap.resources import locate
from intent.bootstrap.settings import Settings, load_settings
from intent.model.errors import OperatorError
from intent.ports.metering import UNMETERED, UNTRACED, Meter, Tracer
from intent.store.access import Access, AccessLimits

if TYPE_CHECKING:
    from intent.features.definitions.definitions import Definitions
    from intent.features.online.state import SqlFeatureState
    from intent.model.taxonomy import Taxonomy
    from intent.queues.inbox import SqlInbox
    from intent.store.engine import Database
    from intent.store.line_seal import LineSeal
    from intent.store.tombstones import Tombstones
    from intent.store.vault import Vault
    from intent.store.vault_keys import VaultKeys


class Application:
    """What everything else is built from. Nothing is opened or read before it is asked for."""

    def __init__(
        self, settings: Settings, *, access: Access = Access.WRITE, members: int = 0
    ) -> None:
        """Prepare; ``members`` is of how many shards the database is known to be one."""
        several = len(settings.database_urls)
        self.settings, self.access = settings, access
        self._members = members or (several if several > 1 else 0)
        self.meter: Meter = UNMETERED
        self.tracer: Tracer = UNTRACED
        """Both are told by what is built from now on."""

    @cached_property
    def prompts(self) -> Path:
        """The folder of prompts, taxonomy, models and routes."""
        return locate("prompts", self.settings.prompts_dir)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The labels, from the prompts folder."""
        from intent.model.taxonomy import load_taxonomy

        return load_taxonomy(self.prompts / "taxonomy.yaml")

    @cached_property
    def definitions(self) -> Definitions:
        """The feature definitions, with the taxonomy's intents and groups as topics."""
        from intent.features.definitions.definitions import load_definitions

        return load_definitions(
            self.taxonomy.names, self.taxonomy.members, own_sets=self.settings.feature_sets
        )

    @cached_property
    def database(self) -> Database:
        """The database, at the newest migration, for what this process does with it.

        Raises:
            OperatorError: the URL is wrong, there is no such file, or the migration does not fit.
            StoreUnavailable: the database is away.
        """
        return open_database(self.settings, self.access)

    @property
    def named_databases(self) -> list[Application]:
        """An application for each database that is named, in their order; this one where there is
        one alone.

        Raises:
            OperatorError: there are several, and no key file is named for all of them.
        """
        # Kept only where there are several: what holds itself is let go of late.
        return [self] if len(self.settings.database_urls) == 1 else self._shards

    @cached_property
    def _shards(self) -> list[Application]:
        urls = self.settings.database_urls
        if self.settings.key_file is None:
            raise OperatorError(
                "shards share one key file; name it with INTENT_KEY_FILE for all processes, it is "
                "made when it is missing"
            )
        found = []
        for number in range(1, len(urls) + 1):
            if number == self.settings.shard:
                found.append(self)
                continue
            alone = self.settings.model_copy(update={"shard": number})
            one = Application(alone, access=self.access, members=len(urls))
            one.meter, one.tracer = self.meter, self.tracer
            found.append(one)
        return found

    def close(self) -> None:
        """Close the databases that were opened; one that is used again is opened again."""
        for one in (self, *self.__dict__.get("_shards", ())):
            if (opened := one.__dict__.get("database")) is not None:
                opened.close()

    @property
    def of_shard(self) -> str:
        """What tells files of this shard from those of the others, for shards share a key file, and
        what stands beside it is of one of them; empty where there is one database.
        """
        several = len(self.settings.database_urls) > 1
        return f"-{self.settings.shard}" if several else ""

    @cached_property
    def features(self) -> SqlFeatureState:
        """The feature state, which is changed in the transaction that saves decisions."""
        from intent.features.online.state import SqlFeatureState

        return SqlFeatureState(self.taxonomy.members)

    @cached_property
    def inbox(self) -> SqlInbox:
        """Where messages wait for their first decision.

        Raises:
            OperatorError: the database is no file, and no setting says where the vault's key is.
        """
        from intent.bootstrap.vault_masters import require_place
        from intent.flow.metered import tell_of_puts
        from intent.queues.inbox import SqlInbox

        require_place(self.settings, self.database)
        return SqlInbox(
            self.database,
            features=self.features,
            tombstones=self.tombstones,
            vault=self.vault,
            lease=self.settings.lease,
            told=tell_of_puts(self.meter),
            members=self._members,
        )

    @cached_property
    def tombstones(self) -> Tombstones:
        """What was erased; its key is read once something was, and made by the first erasure."""
        from intent.bootstrap.keyfile import load_keys
        from intent.store.tombstones import Tombstones

        return Tombstones(
            lambda make: load_keys(self.settings, self.database, make=make).tombstones
        )

    @cached_property
    def vault(self) -> Vault:
        """Where contact details stand, sealed; its master key is read or made when it is needed."""
        from intent.classify.contact_forms import ContactFinder
        from intent.store.vault import Vault

        return Vault(ContactFinder(), self._vault_keys)

    @cached_property
    def line_seal(self) -> LineSeal:
        """Seals what waits in a spool; its key is read or made when the first line comes."""
        from intent.store.line_seal import LineSeal

        return LineSeal(self._vault_keys)

    @cached_property
    def _vault_keys(self) -> VaultKeys:
        from intent.bootstrap.vault_masters import load_masters, may_make_key
        from intent.store.vault_keys import VaultKeys

        def load() -> Sequence[bytes]:
            writes = self.access is not Access.READ
            make = writes and may_make_key(self.settings, self.database)
            return load_masters(self.settings, self.database, make=make)

        return VaultKeys(load)


def open_application(
    settings: Settings | None = None, *, access: Access = Access.WRITE
) -> Application:
    """Return the application of these settings, or of the environment's.

    Args:
        access: what is done with the database; only what reads messages in, or decides them, makes
            a missing file.

    Raises:
        WrongUse: a variable of the environment is wrong.
    """
    return Application(settings or load_settings(), access=access)


def migrations_dir() -> Path:
    """Return the folder of the migrations."""
    return locate("migrations")


def sqlite_url(path: Path) -> SecretStr:
    """Return the URL of an SQLite file."""
    return SecretStr(f"sqlite:///{path}")


def open_database(
    settings: Settings,
    access: Access,
    *,
    checked: bool = True,
    limits: AccessLimits | None = None,
) -> Database:
    """Open the database; with :attr:`Access.CREATE` a missing SQLite file is made and migrated.

    Args:
        checked: refuse a database that is not at the newest migration.
        limits: how long it may take; by default what the settings say.

    Raises:
        OperatorError: the URL is wrong, there is no such file, it cannot be made, or the migration
            does not fit.
        StoreUnavailable: the database is away.
    """
    from intent.store.opening import open_store

    statement = settings.database_statement_timeout
    if access is Access.READ:
        statement = settings.database_report_timeout
    limits = limits or AccessLimits(statement=statement, lock=settings.database_lock_timeout)
    return open_store(
        settings.own_database_url,
        access,
        migrations_dir(),
        make=migrate_fresh,
        limits=limits,
        schema=settings.database_schema,
        checked=checked,
    )


def migrate_fresh(database: Database) -> str | None:
    """Bring a database without tables to the newest migration, and return that."""
    from intent.store.migrate import migrate

    _, after = migrate(database, migrations_dir())
    return after
