"""Kafka as a source: what it promises, where a topic is, and how positions are written
(``kafka:``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from intent.sources.brokers.addresses import read_broker_address
from intent.sources.declaration import Declaration, Option, Secret

HERE = "127.0.0.1:9092"

DECLARATION = Declaration(
    scheme="kafka",
    title="Kafka",
    example="kafka:comments",
    needs=(
        "The extra `kafka` (`pip install 'lead-intent[kafka]'`)",
        "A topic whose values hold one message in the wire shape each; `intent publish` writes "
        "such values, keyed by room, so that a room stays in order",
        "Where Kafka is not on this machine: `KAFKA_BOOTSTRAP_SERVERS`, or an address such as "
        "`kafka://host:9092,host2:9092/comments`",
    ),
    secrets=(
        Secret(
            "KAFKA_BOOTSTRAP_SERVERS",
            f"`host:port` of some brokers, with commas between; without it `{HERE}`",
            optional=True,
        ),
        Secret("KAFKA_SASL_USERNAME", "the user, where brokers ask for one", optional=True),
        Secret("KAFKA_SASL_PASSWORD", "its password", optional=True),
        Secret(
            "KAFKA_SASL_MECHANISM", "`PLAIN` or `SCRAM-SHA-512`; without it `PLAIN`", optional=True
        ),
        Secret(
            "KAFKA_SECURITY_PROTOCOL",
            "`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`; without it `SASL_SSL` where there "
            "is a user, else `PLAINTEXT`",
            optional=True,
        ),
        Secret("KAFKA_CA_FILE", "the file of the authority that signed the brokers", optional=True),
    ),
    options=(
        Option(
            "group", "consumer group; all who read with one share the partitions", "lead-intent"
        ),
        Option(
            "protocol",
            "`classic`, or `consumer` for brokers with the group protocol of KIP-848",
            "classic",
        ),
        Option(
            "session",
            "seconds after which the group gives a dead reader's partitions to others (`classic`)",
            10.0,
        ),
    ),
    keeps=(
        "A partition is read on from the position that was stored with its last message, whatever "
        "was committed; offsets are committed for whoever watches the lag, and never trusted",
        "Several listeners share the partitions; one that joins or leaves moves only what it must",
        "While the database is slow, fetching pauses and the group goes on without a rebalance",
        "What the topic's retention deleted before it was read is counted in a gap",
        "Headers, keys and empty values (tombstones) are passed over",
    ),
    cannot=(
        "A topic that was deleted and made again, and has grown beyond our position since, cannot "
        "be told from the old one: give the source another name",
    ),
    start="""export KAFKA_BOOTSTRAP_SERVERS=kafka.example:9092
intent listen kafka:comments
# more partitions than one process carries: start it again, as often as there are partitions
intent listen kafka:comments""",
    waits=True,
)


def kafka_topic(target: str, environment: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return librdkafka's settings of the connection, and the name of the topic.

    Raises:
        WrongUse: the address is wrong.
    """
    example = "kafka:comments or kafka://host:9092/comments"
    address = read_broker_address("kafka", target, example)
    servers = ",".join(address.servers) or environment.get("KAFKA_BOOTSTRAP_SERVERS") or HERE
    user = environment.get("KAFKA_SASL_USERNAME")
    protocol = environment.get("KAFKA_SECURITY_PROTOCOL")
    settings = {
        "bootstrap.servers": servers,
        "security.protocol": protocol or ("SASL_SSL" if user else "PLAINTEXT"),
    }
    if user:
        settings["sasl.username"] = user
        settings["sasl.password"] = environment.get("KAFKA_SASL_PASSWORD", "")
        settings["sasl.mechanism"] = environment.get("KAFKA_SASL_MECHANISM") or "PLAIN"
    if authority := environment.get("KAFKA_CA_FILE"):
        settings["ssl.ca.location"] = authority
    return settings, address.name


@dataclass(frozen=True, slots=True)
class PartitionPosition:
    """Where a partition is read on, and when the last message before that was added."""

    offset: int
    added: datetime | None = None

    def token(self) -> str:
        """Return it as it is stored: ``offset`` or ``offset@instant``."""
        return str(self.offset) + (f"@{self.added.isoformat()}" if self.added else "")


def read_token(token: str) -> PartitionPosition:
    """Return a position as :meth:`PartitionPosition.token` wrote it."""
    offset, _, added = token.partition("@")
    return PartitionPosition(
        int(offset), datetime.fromisoformat(added).astimezone(UTC) if added else None
    )
