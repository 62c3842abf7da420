"""Redis Streams as a source: what it promises, and where a stream is (``redis:``)."""

from __future__ import annotations

from collections.abc import Mapping

from intent.model.errors import WrongUse
from intent.sources.brokers.addresses import read_broker_address
from intent.sources.declaration import Declaration, Option, Secret

FIELD = b"message"
"""The field of an entry that holds a message in the wire shape."""

HERE = "redis://127.0.0.1:6379/0"

DECLARATION = Declaration(
    scheme="redis",
    title="Redis Streams",
    example="redis:comments",
    needs=(
        "Redis 6.2 or newer, and the extra `redis` (`pip install 'lead-intent[redis]'`)",
        "A stream whose entries hold one message in the wire shape each, in the field `message`: "
        "`XADD comments * message '{…}'`, or `intent publish`",
        "A stream without `MAXLEN`: what is stored is deleted from it (`XACK`, then `XDEL`), so "
        "it holds what waits, and nobody else may need it",
        "Where Redis is not on this machine: `REDIS_URL`, or an address without a password, such "
        "as `redis://host:6379/0/comments`",
    ),
    secrets=(
        Secret(
            "REDIS_URL",
            f"the server, such as `rediss://user:password@host:6379/0`; without it `{HERE}`",
            optional=True,
        ),
    ),
    options=(
        Option("group", "consumer group; all who read with one share the stream", "lead-intent"),
        Option("claim_after", "seconds after which what a dead reader held is taken over", 30.0),
    ),
    keeps=(
        "An entry is acknowledged and deleted once its message is stored, and comes again until "
        "then; identity makes a repeat harmless",
        "A new group begins at the oldest entry; readers of one group share the stream",
        "Entries that were delivered and then deleted or trimmed by somebody else are counted in "
        "a gap; so are, from Redis 7 on, those that nobody had read yet",
        "A stream that was flushed or restored without its group is a gap; reading goes on",
    ),
    cannot=(
        "What a server without `appendfsync always` forgets in a crash is lost before anybody "
        "sees it",
        "Redis before 7 does not count entries: what is trimmed there before it is read is not "
        "noticed",
    ),
    start="""redis-cli XADD comments '*' message '{"platform": "shop", "room_id": "live-1", …}'
intent listen redis:comments
# or from anywhere else:
export REDIS_URL=rediss://user:password@redis.example:6379/0
intent listen redis:comments""",
    waits=True,
)


def redis_stream(target: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the URL of the server and the name of the stream.

    Raises:
        WrongUse: the address is wrong.
    """
    example = "redis:comments or redis://host:6379/0/comments"
    address = read_broker_address("redis", target, example)
    if not address.servers:
        return environment.get("REDIS_URL") or HERE, address.name
    if len(address.servers) > 1 or not (address.path or "0").isdigit():
        raise WrongUse(f"redis:{target} is no address; write it like {example}")
    return f"redis://{address.servers[0]}/{address.path or 0}", address.name
